import Glibc
import Reactor

/// Writes one blob from its first byte to its last. It appears under its key with `finish`; without it nothing stays.
/// Use it in one task; calls wait for each other.
public final class BlobWriter {
    private static let bufferByteCount = 256 << 10
    private static let writebackStep = 8 << 20
    /// How much is kept free ahead of what was written. Keeping all that a sender announced would let one slow sender
    /// hold the whole disk.
    static let promiseStep = 64 << 20

    public let key: BlobKey
    public private(set) var byteCount = 0

    private let storage: LocalStorage
    private let file: Descriptor
    private var buffer: [UInt8] = []
    private var storedByteCount = 0
    private var writebackStart = 0
    private let expected: Int
    private var promised: Int
    private var isOpen = true

    fileprivate init(_ key: BlobKey, storage: LocalStorage, file: Descriptor, expected: Int, promised: Int) {
        self.key = key
        self.storage = storage
        self.file = file
        self.expected = expected
        self.promised = promised
    }

    deinit { if isOpen { abandon() } }

    /// - Throws: `noSpace` when the disk fills up; the writer is discarded then.
    public func append(_ bytes: some Collection<UInt8> & Sendable) async throws {
        guard isOpen else { throw StorageError.finished }
        buffer.append(contentsOf: bytes)
        byteCount += bytes.count
        if buffer.count >= Self.bufferByteCount { try await drain() }
    }

    /// Syncs the blob and gives it its name.
    public func finish() async throws {
        guard isOpen else { throw StorageError.finished }
        try await drain()
        let (storage, file, key) = (storage, file, key)
        do {
            try await storage.pool.run {
                try file.synchronize()
                try storage.publish(file.path, as: key)
            }
        } catch {
            abandon()
            throw error
        }
        isOpen = false
        storage.space.release(promised)
    }

    /// Removes what was written. After `finish` it does nothing.
    public func discard() async {
        guard isOpen else { return }
        isOpen = false
        storage.space.release(promised)
        let file = file
        _ = try? await storage.pool.run { unlink(file.path) }
    }

    private func drain() async throws {
        guard !buffer.isEmpty else { return }
        let (bytes, offset, file, space) = (buffer, storedByteCount, file, storage.space)
        let end = offset + bytes.count
        let writeback = end - writebackStart >= Self.writebackStep ? writebackStart..<end : nil
        // The next step is promised when the last one is used up.
        let step = promised < bytes.count ? max(0, min(Self.promiseStep, expected - offset - promised)) : 0
        do {
            if step > 0 {
                try await storage.pool.run { try space.promise(step) }
                promised += step
            }
            try await storage.pool.run {
                try space.check(bytes.count)
                try file.writeAll(bytes, at: offset)
                if let writeback { file.startWriteback(writeback) }
            }
        } catch {
            abandon()
            throw error
        }
        storedByteCount = end
        if writeback != nil { writebackStart = end }
        let used = min(promised, bytes.count)
        promised -= used
        space.release(used)
        buffer.removeAll(keepingCapacity: true)
    }

    /// Takes the file away at once, whichever thread this is: removing a name is quick.
    private func abandon() {
        isOpen = false
        unlink(file.path)
        storage.space.release(promised)
    }
}

extension LocalStorage {
    /// Starts a blob. What `expecting` says must fit into the free space; the writer keeps some of it free ahead of what
    /// it has written.
    public func create(_ key: BlobKey, expecting: Int? = nil) async throws -> BlobWriter {
        let expected = max(0, expecting ?? 0)
        let promised = min(expected, BlobWriter.promiseStep)
        let file = try await pool.run { [self] in
            guard try space.usable() >= expected else { throw StorageError.noSpace }
            try space.promise(promised)
            do {
                return try Descriptor(opening: temporaryPath(), O_WRONLY | O_CREAT | O_EXCL)
            } catch {
                space.release(promised)
                throw error
            }
        }
        return BlobWriter(key, storage: self, file: file, expected: expected, promised: promised)
    }
}
