import Media
import Storage

/// A segment as it goes to the storage, and what is measured of it.
struct MadeSegment: Sendable, Codable {
    var rendition: String
    var number: Int
    var byteCount: Int
    var duration: MediaTime
    /// How much of it, before it is encrypted, shows its first picture; nil where that is not known, and for sound.
    var keyframeByteCount: Int?
    /// By which it is known again as it lies in the storage; nil where another one was there before.
    var sum: [UInt8]?
}

/// An output that is not what the plan asked for. Nothing of it is kept.
struct VerificationFailure: Error, CustomStringConvertible {
    var description: String
}

/// The source is not what its index says: it has other frames, or keyframes elsewhere. To try again may help once, where an
/// earlier start of decoding does.
struct PlanFailure: Error, CustomStringConvertible {
    var description: String
}

/// Where the parts of a video lie in the storage.
enum VideoFiles {
    static func folder(_ id: EncodingID) -> BlobKey { key("videos/\(id)") }
    static func original(_ id: EncodingID) -> BlobKey { folder(id).appending("original") }
    static func mezzanine(_ id: EncodingID) -> BlobKey { folder(id).appending("mezzanine.mp4") }
    static func rendition(_ id: EncodingID, _ name: String) -> BlobKey? { folder(id).appending(name: name) }
    /// The rendition that a blob belongs to; nil for all else.
    static func renditionName(_ blob: BlobKey) -> String? {
        let parts = "\(blob)".split(separator: "/")
        return parts.count == 4 ? String(parts[2]) : nil
    }
    static func initSegment(_ id: EncodingID, _ name: String) -> BlobKey? {
        rendition(id, name)?.appending("init.mp4")
    }
    static func segment(_ id: EncodingID, _ name: String, _ number: Int) -> BlobKey? {
        rendition(id, name)?.appending(name: "\(number).m4s")
    }
    static func picture(_ id: EncodingID, _ kind: PictureKind) -> BlobKey {
        switch kind {
        case .thumbnail: folder(id).appending("thumbnail.jpg")
        case .storyboard: folder(id).appending("storyboard.jpg")
        case .storyboardCues: folder(id).appending("storyboard.vtt")
        }
    }
    static func captions(_ id: EncodingID, _ name: String) -> BlobKey? {
        rendition(id, name)?.appending("captions.vtt")
    }
    static let work: BlobKey = "work"
    static func work(_ task: EncodingTask) -> BlobKey { work.appending(key(task.run)) }

    /// Ids are hexadecimal digits and dashes, so this always is a key.
    private static func key(_ text: String) -> BlobKey {
        guard let key = BlobKey(text) else { preconditionFailure("\(text) cannot be the name of a blob") }
        return key
    }
}
