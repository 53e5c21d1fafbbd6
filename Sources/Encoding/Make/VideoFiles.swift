import Media
import Storage

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
    /// Takes away all but the cover that somebody chose: it is the catalogue's, lies beside the files of a video's first version, and stays
    /// when another file has replaced that one.
    static func removeMade(of id: EncodingID, in blobs: any BlobStore) async throws {
        let folder = folder(id)
        for name in try await blobs.names(in: folder) where !name.hasPrefix("poster-") {
            if let key = folder.appending(name: name) { try await blobs.removeTree(key) }
        }
    }
    static let work: BlobKey = "work"
    static func work(_ task: EncodingTask) -> BlobKey { work.appending(key(task.run)) }

    /// Ids are hexadecimal digits and dashes, so this always is a key.
    private static func key(_ text: String) -> BlobKey {
        guard let key = BlobKey(text) else { preconditionFailure("\(text) cannot be the name of a blob") }
        return key
    }
}
