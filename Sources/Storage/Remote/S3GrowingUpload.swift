import Glibc
import Reactor
import S3

/// An upload of a bucket that is being gone on with. What is no whole part yet is collected in a file of this machine.
final class S3GrowingUpload: GrowingUpload, WholeUpload {
    private static let bufferByteCount = 256 << 10

    private let uploads: S3Uploads
    private let key: BlobKey
    private var state: UploadState
    /// Holds what follows the parts.
    private let spool: Descriptor
    private var spooledByteCount = 0
    private var buffer: [UInt8] = []
    /// The tail that was there when this began. It stays until the next time: its bytes may be all that is left when what
    /// came now is refused.
    private var firstTail: UploadTail?
    private var isOpen = true

    var byteCount: Int { state.partsByteCount + spooledByteCount + buffer.count }

    init(_ uploads: S3Uploads, _ key: BlobKey, _ state: UploadState, spool: Descriptor) {
        self.uploads = uploads
        self.key = key
        self.state = state
        self.spool = spool
        firstTail = state.tail
    }

    deinit { unlink(spool.path) }

    func loadTail() async throws {
        guard let tail = state.tail else { return }
        try await load(tail, tail.range.count)
    }

    func append(_ bytes: [UInt8]) async throws {
        guard isOpen else { throw StorageError.finished }
        buffer += bytes
        if buffer.count >= Self.bufferByteCount { try await drain() }
    }

    func truncate(to end: Int) async throws {
        guard end < byteCount else { return }
        if end >= state.partsByteCount + spooledByteCount {
            return buffer.removeLast(byteCount - end)
        }
        buffer = []
        if end >= state.partsByteCount {
            spooledByteCount = end - state.partsByteCount
            return
        }
        guard let rest = state.refuse(from: end) else { throw StorageError.outOfRange(key) }
        try await completing { [uploads, key, note = state.note] in try await uploads.write(note, of: key) }
        spooledByteCount = 0
        if let tail = state.tails.first(where: { $0.range.lowerBound == rest.lowerBound && $0.range.upperBound >= end }
        ),
            !rest.isEmpty
        {
            try await load(tail, rest.count)
        }
    }

    func close() async throws {
        guard isOpen else { throw StorageError.finished }
        try await drain()
        let range = state.partsByteCount..<byteCount
        let tail = range.isEmpty ? nil : UploadTail(of: key, range)
        if let tail, !state.tails.contains(tail) {
            let file = try await spooled()
            try await completing { [uploads, key, spooledByteCount] in
                try await uploads.blobs.asking(key) {
                    _ = try await uploads.client.put("\(tail.key)", .file(file, 0..<spooledByteCount))
                }
            }
        }
        let old = state.tails.filter { $0 != tail && $0 != firstTail && $0.range.lowerBound <= range.lowerBound }
        if !old.isEmpty {
            try await completing { [uploads, key] in
                try await uploads.blobs.asking(key) { try await uploads.client.delete(old.map { "\($0.key)" }) }
            }
        }
        isOpen = false
    }

    func finish() async throws { try await close() }

    func discard() async {
        guard isOpen else { return }
        isOpen = false
        try? await uploads.remove(key)
    }

    /// The buffer goes into the spool, and the spool, when it is full, becomes a part.
    private func drain() async throws {
        while !buffer.isEmpty {
            let piece = Array(buffer.prefix(state.note.partByteCount - spooledByteCount))
            let (offset, spool, space) = (spooledByteCount, spool, uploads.folder.space)
            do {
                try await uploads.folder.pool.run {
                    try space.check(piece.count)
                    try spool.writeAll(piece, at: offset)
                }
                spooledByteCount += piece.count
                buffer.removeFirst(piece.count)
                if spooledByteCount == state.note.partByteCount { try await sendPart() }
            } catch {
                buffer = []
                throw error
            }
        }
    }

    private func sendPart() async throws {
        let file = try await spooled()
        let part = try await completing { [uploads, key, note = state.note, number = state.nextNumber] in
            try await uploads.blobs.asking(key) {
                try await uploads.client.uploadPart(note.upload, number, .file(file, 0..<note.partByteCount))
            }
        }
        state.parts.append(part)
        state.nextNumber += 1
        spooledByteCount = 0
    }

    /// What arrived is kept even where its sender has gone: the request's task is cancelled then, and all that it asks for fails.
    private func completing<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
        try await Task(executorPreference: EventLoop.current) { try await body() }.value
    }

    private func spooled() async throws -> OpenFile {
        let path = spool.path
        return try await uploads.folder.pool.run { try OpenFile(path: path) }
    }

    private func load(_ tail: UploadTail, _ count: Int) async throws {
        try await uploads.blobs.asking(tail.key) {
            _ = try await uploads.client.download("\(tail.key)", 0..<count, to: spool.path)
        }
        spooledByteCount = count
    }
}
