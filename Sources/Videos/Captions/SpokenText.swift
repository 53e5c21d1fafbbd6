import Media
import SQL

/// A piece of what is said in a video, as the search finds it.
struct SpokenText: Sendable, Equatable {
    var text: String
    /// The second at which it is said; nil for a transcript, which has no times.
    var time: Double?

    /// Of one video, in bytes of its captions: more than a day of talk in one language.
    static let mostBytes = 4 << 20
}

extension VideoStore {
    /// What is said in a video, as the index takes it: its captions, those of its own language first, and then its transcript.
    ///
    /// All who write the index and who show what was found read it here.
    func spoken(in video: Video, _ access: ReadAccess) throws -> [SpokenText] {
        let store = CaptionStore()
        var spoken: [SpokenText] = []
        var byteCount = 0
        for text in try captions(of: video, access) {
            guard let text = try text() else { continue }
            byteCount += text.utf8.count  // bound: a few files of some megabytes
            guard byteCount <= SpokenText.mostBytes else { break }
            spoken += WebVTT(parsing: text).cues.map {
                SpokenText(text: $0.plainText, time: Double($0.start) / 1000)
            }
        }
        if let transcript = try store.transcript(of: video.id, in: access) {
            spoken.append(SpokenText(text: transcript.text, time: nil))
        }
        return spoken
    }

    /// The captions that viewers can choose or see: those that people uploaded, and those of the file for which none of them stand in.
    private func captions(of video: Video, _ access: ReadAccess) throws -> [() throws -> String?] {
        let store = CaptionStore()
        let uploaded = try store.list(of: video.id, in: access)
        let languages = Set(uploaded.map(\.language.text))
        let ofFilm = try FilmCaptionStore().list(of: video.version, video.id, in: access).filter { captions in
            captions.isForced || captions.language.map { !languages.contains($0) } ?? true
        }
        let all: [(language: String?, text: () throws -> String?)] =
            uploaded.map { caption in
                (caption.language.text, { try store.text(of: video.id, caption.language, in: access)?.text })
            } + ofFilm.map { captions in (captions.language, { captions.text }) }
        let own = Self.place(of: video.language, in: all.map(\.language))
        return (all.indices.filter { $0 == own } + all.indices.filter { $0 != own }).map { all[$0].text }
    }

    /// `es` is served by `es-419` where there is nothing nearer.
    private static func place(of language: LanguageTag?, in languages: [String?]) -> Int? {
        guard let language else { return nil }
        func primary(_ text: String) -> Substring { text.prefix { $0 != "-" } }
        return languages.firstIndex(of: language.text)
            ?? languages.firstIndex { $0.map { primary($0) == primary(language.text) } ?? false }
    }

    /// Has `IndexVideos` take it in anew.
    func letIndexAnew(_ id: VideoID, in transaction: Transaction) throws {
        try transaction.execute("UPDATE search_documents SET version = 0 WHERE video_id = $1", id)
    }
}
