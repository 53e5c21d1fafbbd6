import FoundationEssentials
import Media

/// Captions that a person uploaded: one file for each language of a video.
struct Caption: Sendable, Equatable {
    enum Kind: String, Sendable, CaseIterable {
        /// What is said.
        case subtitles
        /// What is said and what is heard, for those who do not hear.
        case captions
    }

    let language: LanguageTag
    /// What the menu of the player calls them; nil: the language.
    var label: String?
    var kind: Kind
    var cueCount: Int
    var updatedAt: Date

    /// Of one video.
    static let most = 50
    /// Of an uploaded file, in bytes.
    static let mostBytes = 2 << 20
    /// What the addresses below a grant begin with; those of the captions that came with the file have no hyphen.
    static let prefix = "captions-"

    /// The folder of the address below a grant.
    var rendition: String { Self.prefix + language.text }

    static func language(ofRendition name: String) -> LanguageTag? {
        guard name.hasPrefix(prefix) else { return nil }
        let written = name.dropFirst(prefix.count)
        // One text has one address.
        return LanguageTag(String(written)).flatMap { $0.text == written ? $0 : nil }
    }
}

/// WebVTT as it is kept and handed out.
struct CaptionText: Sendable {
    var text: String
    /// Another one for another text.
    var version: String

    /// With the clock of the film, as players of HLS want it.
    var forHLS: String { "WEBVTT\n" + WebVTT.clockOfFilm + text.dropFirst("WEBVTT\n".count) }
}

/// What is said in a video, as one text.
struct Transcript: Sendable, Equatable {
    enum Source: String, Sendable, Encodable {
        /// A person wrote it.
        case written
        case captions
    }

    var text: String
    var source: Source
    /// Nil where nobody said of which language it is.
    var language: String?
    var updatedAt: Date

    /// Of an uploaded one, in bytes.
    static let mostBytes = 1 << 20
}

enum CaptionRefusal: Error, Sendable, Equatable {
    case notFound
    case noTranscript
    case tooMany
    case unknownLanguage
    case unknownKind
    case labelTooLong
    case unknownType
    case unreadable(CaptionError)
    case badTranscript
}
