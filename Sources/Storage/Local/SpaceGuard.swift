import Glibc
import Synchronization

/// Keeps a reserve free on the disk. Writers say beforehand how much they expect to write, and what was promised to one
/// is not promised to another.
final class SpaceGuard: Sendable {
    /// What the file system still gives an ordinary user, in bytes.
    typealias Measure = @Sendable () throws(StorageError) -> Int

    private let reserve: Int
    private let free: Measure
    private let promised = Mutex(0)

    init(reserve: Int, free: @escaping Measure) {
        self.reserve = reserve
        self.free = free
    }

    convenience init(root: String, reserve: Int) {
        self.init(reserve: reserve) { () throws(StorageError) in
            var status = statvfs()
            guard statvfs(root, &status) == 0 else { throw failure("statvfs", root) }
            return Int(status.f_bavail) * Int(status.f_frsize)
        }
    }

    /// Bytes that may still be written: what is free, less the reserve and what is promised.
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
}
