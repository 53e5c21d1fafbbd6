import Glibc
import Reactor

/// Writes one blob from its first byte to its last. It appears under its key with `finish`; without it nothing stays.
/// Use it in one task; calls wait for each other.
final class BlobWriter: WholeUpload {
    private static let bufferByteCount = 256 << 10
    private static let writebackStep = 8 << 20
    /// How much is kept free ahead of what was written. Keeping all that a sender announced would let one slow sender
    /// hold the whole disk.
    static let promiseStep = 64 << 20

    private(set) var byteCount = 0

    private let key: BlobKey
    private let folder: DataFolder
    private let file: Descriptor
    private var buffer: [UInt8] = []
    private var storedByteCount = 0
    private var writebackStart = 0
    private let expected: Int
    private var promised: Int
    private var isOpen = true

    init(_ key: BlobKey, folder: DataFolder, file: Descriptor, expected: Int, promised: Int) {
        self.key = key
        self.folder = folder
        self.file = file
        self.expected = expected
        self.promised = promised
    }

    deinit { if isOpen { abandon() } }

    /// - Throws: `noSpace` when the disk fills up; the writer is discarded then.
    func append(_ bytes: [UInt8]) async throws {
        guard isOpen else { throw StorageError.finished }
        buffer.append(contentsOf: bytes)
        byteCount += bytes.count
        if buffer.count >= Self.bufferByteCount { try await drain() }
    }

    /// Syncs the blob and gives it its name.
    func finish() async throws {
        guard isOpen else { throw StorageError.finished }
        try await drain()
        let (folder, file, key) = (folder, file, key)
        do {
            try await folder.pool.run {
                try file.synchronize()
                try folder.publish(file.path, as: key)
            }
        } catch {
            abandon()
            throw error
        }
        isOpen = false
        folder.space.release(promised)
    }

    /// Removes what was written. After `finish` it does nothing.
    func discard() async {
        guard isOpen else { return }
        isOpen = false
        folder.space.release(promised)
        let file = file
        _ = try? await folder.pool.run { unlink(file.path) }
    }

    private func drain() async throws {
        guard !buffer.isEmpty else { return }
        let (bytes, offset, file, space) = (buffer, storedByteCount, file, folder.space)
        let end = offset + bytes.count
        let writeback = end - writebackStart >= Self.writebackStep ? writebackStart..<end : nil
        // The next step is promised when the last one is used up.
        let step = promised < bytes.count ? max(0, min(Self.promiseStep, expected - offset - promised)) : 0
        do {
            if step > 0 {
                try await folder.pool.run { try space.promise(step) }
                promised += step
            }
            try await folder.pool.run {
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
        folder.space.release(promised)
    }
}
