import Reactor

/// Two pictures that the decoder of a chunk showed, by the checksums of all of their bytes: the chunk's first, and the first of
/// the chunk that follows.
///
/// **Why.** The decoder of a chunk begins in the middle of the source. What it lacks there shows as garbage, and nothing
/// complains. The decoder of the chunk before came to the same picture from further ahead, and that of the first chunk from the
/// beginning: where all seams hold, each chunk begins with what decoding from the beginning shows.
struct ChunkSeam: Sendable, Hashable {
    /// Nil where the decoder showed none.
    var first: String?
    var next: String?

    static func path(in folder: String) -> String { "\(folder)/seam.crc" }

    init(first: String?, next: String?) {
        self.first = first
        self.next = next
    }

    /// What ffmpeg's `framecrc` muxer wrote: stream 0 is the first picture, stream 1 the next. Blocks.
    init(folder: String) throws {
        let file = try OpenFile(path: Self.path(in: folder))
        let text = String(decoding: try file.read(0..<min(file.byteCount, 4096)), as: UTF8.self)
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let fields = line.split(separator: ",").map { $0.drop { $0 == " " } }
            guard fields.count >= 6 else { continue }
            let picture = "\(fields[4]) \(fields[5])"
            if fields[0] == "0" { first = first ?? picture }
            if fields[0] == "1" { next = next ?? picture }
        }
    }

    /// Whether two chunks that follow each other saw the same picture between them, as far as both saw one.
    static func holds(_ before: ChunkSeam?, _ after: ChunkSeam?) -> Bool {
        guard let left = before?.next, let right = after?.first else { return true }
        return left == right
    }
}
