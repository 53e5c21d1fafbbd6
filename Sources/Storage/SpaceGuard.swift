import Glibc
import Synchronization

/// Keeps a reserve free on the disk. Writers say beforehand how much they expect to write, and what was promised to one
/// is not promised to another.
final class SpaceGuard: Sendable {
    private let root: String
    private let reserve: Int
    private let promised = Mutex(0)

    init(root: String, reserve: Int) {
        self.root = root
        self.reserve = reserve
    }

    /// Bytes that may still be written: what the file system gives an ordinary user, less the reserve and what is promised.
    func usable() throws(StorageError) -> Int {
        try free() - reserve - promised.withLock { $0 }
    }

    func promise(_ byteCount: Int) throws(StorageError) {
        let free = try free()
        let isGiven = promised.withLock { promised in
            guard free - reserve - promised >= byteCount else { return false }
            promised += byteCount
            return true
        }
        guard isGiven else { throw .noSpace }
    }

    /// Part of a promise is used up or will not be needed.
    func release(_ byteCount: Int) { promised.withLock { $0 -= byteCount } }

    /// Whether this much more can be written now without touching the reserve.
    func check(_ byteCount: Int) throws(StorageError) {
        guard try free() - reserve >= byteCount else { throw .noSpace }
    }

    private func free() throws(StorageError) -> Int {
        var status = statvfs()
        guard statvfs(root, &status) == 0 else { throw failure("statvfs", root) }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }
}
