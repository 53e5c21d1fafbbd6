import CStorage
import Glibc

func reason(of code: Int32) -> String { String(cString: strerror(code)) }

/// The error of the last system call in our words.
func failure(_ call: String, _ path: String, code: Int32 = errno) -> StorageError {
    switch code {
    case ENOSPC, EDQUOT, EFBIG: .noSpace
    default: .system(call: call, path: path, code: code)
    }
}

/// A file descriptor that closes itself. All calls block.
final class Descriptor: Sendable {
    let number: Int32
    let path: String

    init(opening path: String, _ flags: Int32, mode: mode_t = 0o640) throws(StorageError) {
        number = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, mode)
        self.path = path
        guard number >= 0 else { throw failure("open", path) }
    }

    deinit { if number >= 0 { close(number) } }

    func writeAll(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StorageError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = pwrite(number, rest.baseAddress, rest.count, off_t(offset + done))
            if count > 0 {
                done += count
            } else if count == 0 || errno != EINTR {
                throw failure("write", path)
            }
        }
    }

    func writeAll(_ bytes: [UInt8], at offset: Int) throws(StorageError) {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(StorageError) in try writeAll(buffer, at: offset) }
        }
        try result.get()
    }

    func read(from offset: Int, most: Int) throws(StorageError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: most)
        while true {
            let count = bytes.withUnsafeMutableBytes { pread(number, $0.baseAddress, $0.count, off_t(offset)) }
            if count >= 0 { return Array(bytes.prefix(count)) }
            guard errno == EINTR else { throw failure("read", path) }
        }
    }

    /// For small files.
    func readAll() throws(StorageError) -> [UInt8] { try read(from: 0, most: Int(try status().st_size)) }

    func copy(to target: Descriptor, space: SpaceGuard) throws(StorageError) {
        var offset = 0
        while true {
            let piece = try read(from: offset, most: 1 << 20)
            guard !piece.isEmpty else { return }
            try space.check(piece.count)
            try target.writeAll(piece, at: offset)
            offset += piece.count
        }
    }

    /// Starts writing a range to the disk without waiting, so that the sync at the end has little left to do.
    func startWriteback(_ range: Range<Int>) {
        _ = sync_file_range(number, off_t(range.lowerBound), off_t(range.count), cstorage_write)
    }

    func synchronize() throws(StorageError) {
        guard fsync(number) == 0 else { throw failure("fsync", path) }
    }

    func truncate(to byteCount: Int) throws(StorageError) {
        guard ftruncate(number, off_t(byteCount)) == 0 else { throw failure("ftruncate", path) }
    }

    /// Keeps the file from all other holders, of this process too, until it is closed.
    func lockExclusively() throws(StorageError) {
        guard flock(number, LOCK_EX | LOCK_NB) == 0 else {
            throw errno == EWOULDBLOCK ? .inUse : failure("flock", path)
        }
    }

    /// Keeps those away who want it for themselves alone.
    func lockShared() throws(StorageError) {
        guard flock(number, LOCK_SH | LOCK_NB) == 0 else {
            throw errno == EWOULDBLOCK ? .inUse : failure("flock", path)
        }
    }

    func status() throws(StorageError) -> stat {
        var status = stat()
        guard fstat(number, &status) == 0 else { throw failure("fstat", path) }
        return status
    }
}
