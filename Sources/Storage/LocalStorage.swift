import Glibc
import Reactor

/// Blobs in a folder of the local disk. A blob appears under its key whole or not at all, and once it is there, a power cut
/// does not take it away.
///
/// New blobs are written in `.incoming` beside the keys and renamed when they are complete and synced; removed trees go
/// through there too. What is found there at the start belongs to nobody.
public final class LocalStorage: Sendable {
    let root: String
    let pool: BlockingPool
    let space: SpaceGuard
    private let lock: Descriptor

    /// Makes the folder where it is missing and takes it for this process. Blocks; for the start.
    ///
    /// - Parameter reserve: bytes that stay free on the disk, so that the database and the log can go on.
    /// - Throws: `StorageError.inUse` when another server works on this folder.
    public init(root: String, pool: BlockingPool, reserve: Int = 256 << 20) throws {
        self.root = root
        self.pool = pool
        space = SpaceGuard(root: root, reserve: reserve)
        try Folder.make("\(root)/.incoming")
        lock = try Descriptor(opening: "\(root)/.lock", O_RDWR | O_CREAT)
        try lock.lockExclusively()
    }

    /// Lets another server work on this folder, at once: who still refers to this object, or a child that was just forked
    /// and has the descriptor too, does not keep it. Nothing is stored afterwards.
    public func close() { flock(lock.number, LOCK_UN) }

    /// Removes what an earlier process left half done: temporary names, and all in the given folders of work. Blocks; for the
    /// start. Returns the number of leftovers.
    @discardableResult
    public func sweepLeftovers(work: [BlobKey]) throws -> Int {
        var count = 0
        for folder in ["\(root)/.incoming"] + work.map(path) {
            for entry in try Folder.entries(folder) {
                try Folder.remove("\(folder)/\(entry.name)")
                count += 1
            }
        }
        return count
    }

    /// Where a blob or a folder is, for children that work on files. The file may not exist.
    public func path(of key: BlobKey) -> String { "\(root)/\(key.description)" }

    /// Bytes that may still be stored.
    public func usableSpace() async throws -> Int {
        try await pool.run { [space] in try space.usable() }
    }

    /// Throws `noSpace` unless this much can be stored now.
    public func requireSpace(_ byteCount: Int) async throws {
        guard try await usableSpace() >= byteCount else { throw StorageError.noSpace }
    }

    func temporaryPath() -> String {
        "\(root)/.incoming/\(String(UInt64.random(in: 0 ... .max), radix: 36))\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    }

    /// Gives a complete and synced file its name.
    func publish(_ temporary: String, as key: BlobKey, synchronizing: Bool = true) throws(StorageError) {
        let target = path(of: key)
        if rename(temporary, target) != 0 {
            guard errno == ENOENT else { throw failure("rename", target) }
            try Folder.make(Folder.parent(of: target))
            guard rename(temporary, target) == 0 else { throw failure("rename", target) }
        }
        if synchronizing { try Folder.synchronize(Folder.parent(of: target)) }
    }
}
