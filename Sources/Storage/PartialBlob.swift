import Glibc
import Reactor

/// A blob that grows over many requests and restarts, as a resumable upload does. Its size is the size of its file:
/// whatever ends the process, the next one opens it and goes on from there.
///
/// One at a time may hold it. Use it in one task and `close` it, which makes what was written durable.
public final class PartialBlob {
    private static let bufferByteCount = 256 << 10
    private static let writebackStep = 8 << 20

    public let key: BlobKey
    /// The end of what was appended, the bytes still in memory included.
    public private(set) var byteCount: Int

    private let storage: LocalStorage
    private let file: Descriptor
    private var buffer: [UInt8] = []
    private var storedByteCount: Int
    private var writebackStart: Int

    fileprivate init(_ key: BlobKey, storage: LocalStorage, file: Descriptor, byteCount: Int) {
        self.key = key
        self.storage = storage
        self.file = file
        self.byteCount = byteCount
        storedByteCount = byteCount
        writebackStart = byteCount
    }

    /// Appends bytes that belong at `offset`, which must be the end.
    ///
    /// - Throws: `wrongOffset`; `noSpace`, where the bytes stored before remain and `byteCount` tells how many.
    public func append(_ bytes: some Collection<UInt8> & Sendable, at offset: Int) async throws {
        guard offset == byteCount else { throw StorageError.wrongOffset(actual: byteCount) }
        buffer.append(contentsOf: bytes)
        byteCount += bytes.count
        if buffer.count >= Self.bufferByteCount { try await drain() }
    }

    public func append(_ bytes: some Collection<UInt8> & Sendable) async throws {
        try await append(bytes, at: byteCount)
    }

    /// Makes all that was appended durable.
    public func synchronize() async throws {
        try await drain()
        let file = file
        try await storage.pool.run { try file.synchronize() }
        writebackStart = storedByteCount
    }

    /// Forgets what follows `end`, as when a checksum does not fit.
    public func truncate(to end: Int) async throws {
        guard end <= byteCount else { throw StorageError.wrongOffset(actual: byteCount) }
        if end >= storedByteCount {
            buffer.removeLast(byteCount - end)
        } else {
            buffer.removeAll(keepingCapacity: true)
            let file = file
            try await storage.pool.run {
                try file.truncate(to: end)
                try file.synchronize()
            }
            storedByteCount = end
            writebackStart = min(writebackStart, end)
        }
        byteCount = end
    }

    /// Writes and syncs what is left; the blob can be opened again once this object is gone.
    public func close() async throws {
        try await synchronize()
        flock(file.number, LOCK_UN)
    }

    /// Bytes stored before, to hash them again after a restart.
    public func read(_ range: Range<Int>) async throws -> [UInt8] {
        try await drain()
        return try await storage.read(key, range)
    }

    private func drain() async throws {
        guard !buffer.isEmpty else { return }
        let (bytes, offset, file, space) = (buffer, storedByteCount, file, storage.space)
        let end = offset + bytes.count
        let writeback = end - writebackStart >= Self.writebackStep ? writebackStart..<end : nil
        do {
            try await storage.pool.run {
                try space.check(bytes.count)
                do {
                    try file.writeAll(bytes, at: offset)
                } catch {
                    // A part may have been written; the file ends where the last good write ended.
                    try? file.truncate(to: offset)
                    throw error
                }
                if let writeback { file.startWriteback(writeback) }
            }
        } catch {
            buffer.removeAll(keepingCapacity: true)
            byteCount = storedByteCount
            throw error
        }
        storedByteCount = end
        if writeback != nil { writebackStart = end }
        buffer.removeAll(keepingCapacity: true)
    }
}

extension LocalStorage {
    /// Makes an empty partial blob. What `expecting` says is checked against the free space now; it is not kept, because a
    /// resumable upload may pause for days.
    public func createPartial(_ key: BlobKey, expecting: Int? = nil) async throws {
        try await pool.run { [self] in
            try space.check(max(0, expecting ?? 0))
            let path = path(of: key)
            try Folder.make(Folder.parent(of: path))
            let file = try Descriptor(opening: path, O_WRONLY | O_CREAT)
            try file.synchronize()
            try Folder.synchronize(Folder.parent(of: path))
        }
    }

    /// Opens a partial blob to go on with it.
    ///
    /// - Throws: `missing`; `inUse` while another holds it.
    public func openPartial(_ key: BlobKey) async throws -> PartialBlob {
        let (file, byteCount) = try await pool.run { [self] in
            guard sizeBlocking(of: key) != nil else { throw StorageError.missing(key) }
            let file = try Descriptor(opening: path(of: key), O_RDWR)
            try file.lockExclusively()
            return (file, Int(try file.status().st_size))
        }
        return PartialBlob(key, storage: self, file: file, byteCount: byteCount)
    }
}
