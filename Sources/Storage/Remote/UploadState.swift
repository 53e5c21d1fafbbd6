import S3

/// What is written down of an upload when it is begun, and when bytes of it are refused.
struct UploadNote: Sendable, Equatable {
    static let mostBytes = 256 << 10
    /// Of the parts there may be, some are left for what is refused.
    private static let usedParts = S3Client.mostParts - 1000

    var upload: S3Upload
    /// Of each part but the last.
    var partByteCount: Int
    /// Numbers of parts whose bytes do not count.
    // bound: `S3Client.mostParts`
    var refused: Set<Int> = []

    /// 8 MiB, or more where there would be too many parts.
    static func partByteCount(expecting byteCount: Int?) -> Int {
        let least = 8 << 20
        guard let byteCount, byteCount > 0 else { return 2 * least }
        let megabytes = ((byteCount / usedParts) >> 20) + 1
        return max(least, megabytes << 20)
    }

    init(upload: S3Upload, partByteCount: Int) {
        self.upload = upload
        self.partByteCount = partByteCount
    }

    /// A line each: the multipart upload, the blob, the size of parts, the refused numbers.
    var bytes: [UInt8] {
        let numbers = refused.sorted().map(String.init).joined(separator: " ")
        return Array("\(upload.id)\n\(upload.key)\n\(partByteCount)\n\(numbers)\n".utf8)
    }

    /// Nil for what is no note.
    init?(parsing bytes: [UInt8]) {
        let lines = String(decoding: bytes, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.count == 5, !lines[0].isEmpty, BlobKey(lines[1]) != nil, let count = Int(lines[2]), count > 0
        else { return nil }
        self.init(upload: S3Upload(key: lines[1], id: lines[0]), partByteCount: count)
        refused = Set(lines[3].split(separator: " ").compactMap { Int($0) })
    }
}

/// Bytes behind the last part, as an object. Its name says which, so that the shorter one of a server that lost its
/// connection cannot take the place of a longer one.
struct UploadTail: Sendable, Equatable {
    let key: BlobKey
    let range: Range<Int>

    init(of upload: BlobKey, _ range: Range<Int>) {
        self.range = range
        key = upload.appending("tail").appending(range.lowerBound).appending(range.upperBound)
    }

    init?(_ key: BlobKey) {
        let parts = key.components.suffix(3)
        guard parts.count == 3, parts.first == "tail", let start = parts.dropFirst().first.flatMap({ Int($0) }),
            let end = parts.last.flatMap({ Int($0) }), start >= 0, start < end
        else { return nil }
        self.key = key
        range = start..<end
    }
}

/// Where an upload stands.
struct UploadState: Sendable {
    var note: UploadNote
    /// Those that count, in order. All have the note's size.
    var parts: [S3Part]
    /// For the next part.
    var nextNumber: Int
    var tails: [UploadTail]

    init(_ note: UploadNote, _ listed: [S3Part], _ tails: [UploadTail]) {
        self.note = note
        self.tails = tails
        // A shorter one is what the end became when somebody was about to complete the upload.
        parts = listed.filter { !note.refused.contains($0.number) && $0.byteCount == note.partByteCount }
        nextNumber = (max(parts.last?.number ?? 0, note.refused.max() ?? 0)) + 1
    }

    var partsByteCount: Int { parts.count * note.partByteCount }

    /// The longest that follows the parts.
    var tail: UploadTail? {
        tails.filter { $0.range.lowerBound == partsByteCount }.max { $0.range.count < $1.range.count }
    }

    var byteCount: Int { tail?.range.upperBound ?? partsByteCount }

    /// Takes back what follows `end`.
    ///
    /// - Returns: what is left behind the parts; nil where that is not known any more.
    mutating func refuse(from end: Int) -> Range<Int>? {
        let kept = min(parts.count, end / note.partByteCount)
        note.refused.formUnion(parts[kept...].map(\.number))
        nextNumber = max(nextNumber, (parts.last?.number ?? 0) + 1)
        parts.removeSubrange(kept...)
        let rest = partsByteCount..<max(end, partsByteCount)
        guard
            rest.isEmpty
                || tails.contains(where: { $0.range.lowerBound == rest.lowerBound && $0.range.upperBound >= end })
        else { return nil }
        return rest
    }
}
