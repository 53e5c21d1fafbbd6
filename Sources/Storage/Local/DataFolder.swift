import Glibc
import Reactor

/// A folder in which a server keeps things as files. One server at a time works on it; where it is shared, as many as like to, on
/// this machine or by a file system that all have mounted.
///
/// What is written to become a blob is written in `.incoming` beside the keys and renamed when it is complete and synced;
/// removed trees go through there too. What is found there at the start belongs to nobody.
public final class DataFolder: Sendable {
    let root: String
    let incoming: String
    let pool: BlockingPool
    let space: SpaceGuard
    let isShared: Bool
    private let lock: Descriptor?

    /// Makes the folder where it is missing and takes it for this process. Blocks; for the start.
    ///
    /// - Parameter reserve: bytes that stay free on the disk, so that the database and the log can go on.
    /// - Throws: `StorageError.inUse` when another server works on this folder, or one that shares it while this one would not.
    public init(root: String, pool: BlockingPool, reserve: Int = 256 << 20, isShared: Bool = false) throws {
        self.root = root
        self.pool = pool
        self.isShared = isShared
        space = SpaceGuard(root: root, reserve: reserve)
        incoming = "\(root)/.incoming"
        try Folder.make(incoming)
        let lock = try Descriptor(opening: "\(root)/.lock", O_RDWR | O_CREAT)
        self.lock = lock
        if isShared { try lock.lockShared() } else { try lock.lockExclusively() }
    }

    /// The folder of a server that may be running: for reading, adding and removing single blobs beside it.
    public init(beside root: String, pool: BlockingPool, reserve: Int) throws {
        self.root = root
        self.pool = pool
        isShared = true
        space = SpaceGuard(root: root, reserve: reserve)
        incoming = "\(root)/.incoming"
        lock = nil
        try Folder.make(incoming)
    }

    /// Lets another server work on this folder, at once: who still refers to this object, or a child that was just forked
    /// and has the descriptor too, does not keep it. Nothing is stored afterwards.
    public func close() { if let lock { flock(lock.number, LOCK_UN) } }

    /// Removes what an earlier process left half done: temporary names, and all in the given folders of work. Blocks; for the start
    /// of whoever has the folder alone. Returns the number of leftovers.
    @discardableResult
    public func sweepLeftovers(work: [BlobKey]) throws -> Int { try sweep([incoming] + work.map(path)) }

    /// The same of temporary names where others work, too: only what nobody has touched since this time, in seconds since 1970.
    func sweepLeftovers(before time: Int64) throws -> Int { try sweep([incoming], before: time) }

    private func sweep(_ folders: [String], before time: Int64 = .max) throws -> Int {
        var count = 0
        for folder in folders {
            for entry in try Folder.entries(folder) {
                let touched = try Folder.entries("\(folder)/\(entry.name)").map(\.touched) + [entry.touched]
                guard touched.allSatisfy({ $0 < time }) else { continue }
                try Folder.remove("\(folder)/\(entry.name)")
                count += 1
            }
        }
        return count
    }

    func path(of key: BlobKey) -> String { "\(root)/\(key.description)" }

    func temporaryPath() -> String {
        "\(incoming)/\(String(UInt64.random(in: 0 ... .max), radix: 36))\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    }
}

/// All of these block.
extension DataFolder {
    /// Nil where there is no file of this name; a folder is none.
    func size(of key: BlobKey) -> Int? {
        var status = stat()
        guard lstat(path(of: key), &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
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

    func move(_ key: BlobKey, to target: BlobKey) throws(StorageError) {
        var status = stat()
        guard lstat(path(of: key), &status) == 0 else { throw StorageError.missing(key) }
        try publish(path(of: key), as: target)
        try Folder.synchronize(Folder.parent(of: path(of: key)))
    }

    func remove(_ key: BlobKey) throws(StorageError) {
        let path = path(of: key)
        guard unlink(path) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return }
            throw failure("unlink", path)
        }
        try Folder.synchronize(Folder.parent(of: path))
    }

    /// The name is gone at once, also when the process dies meanwhile; the rest is swept at the next start.
    func removeTree(_ key: BlobKey) throws(StorageError) {
        let path = path(of: key)
        let trash = temporaryPath()
        guard rename(path, trash) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return }
            throw failure("rename", path)
        }
        try Folder.synchronize(Folder.parent(of: path))
        try Folder.remove(trash)
    }

    func names(in folder: BlobKey) throws(StorageError) -> [String] {
        try Folder.entries(path(of: folder)).map(\.name).filter { !$0.hasPrefix(".") }
    }
}
