import Glibc
import Reactor

/// A blob that grows over many requests and restarts, as a resumable upload does. Its size is the size of its file:
/// whatever ends the process, the next one opens it and goes on from there.
///
/// One at a time may hold it: the file is locked, as whoever was stopped for longer than its claim on the upload lasts may wake up and
/// write on. Use it in one task and `close` it, which makes what was written durable.
final class PartialBlob: GrowingUpload {
    private static let bufferByteCount = 256 << 10
    private static let writebackStep = 8 << 20

    /// The end of what was appended, the bytes still in memory included.
    private(set) var byteCount: Int

    private let folder: DataFolder
    private let file: Descriptor
    private var buffer: [UInt8] = []
    private var storedByteCount: Int
    private var writebackStart: Int

    init(folder: DataFolder, file: Descriptor, byteCount: Int) {
        self.folder = folder
        self.file = file
        self.byteCount = byteCount
        storedByteCount = byteCount
        writebackStart = byteCount
    }

    /// - Throws: `noSpace`, where the bytes stored before remain and `byteCount` tells how many.
    func append(_ bytes: [UInt8]) async throws {
        buffer.append(contentsOf: bytes)
        byteCount += bytes.count
        if buffer.count >= Self.bufferByteCount { try await drain() }
    }

    private func synchronize() async throws {
        try await drain()
        let file = file
        try await folder.pool.run { try file.synchronize() }
        writebackStart = storedByteCount
    }

    /// Forgets what follows `end`, as when a checksum does not fit.
    func truncate(to end: Int) async throws {
        guard end <= byteCount else { return }
        if end >= storedByteCount {
            buffer.removeLast(byteCount - end)
        } else {
            buffer.removeAll(keepingCapacity: true)
            let file = file
            try await folder.pool.run {
                try file.truncate(to: end)
                try file.synchronize()
            }
            storedByteCount = end
            writebackStart = min(writebackStart, end)
        }
        byteCount = end
    }

    /// Writes and syncs what is left; the blob can be opened again once this object is gone.
    func close() async throws {
        try await synchronize()
        flock(file.number, LOCK_UN)
    }

    private func drain() async throws {
        guard !buffer.isEmpty else { return }
        let (bytes, offset, file, space) = (buffer, storedByteCount, file, folder.space)
        let end = offset + bytes.count
        let writeback = end - writebackStart >= Self.writebackStep ? writebackStart..<end : nil
        do {
            try await folder.pool.run {
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
