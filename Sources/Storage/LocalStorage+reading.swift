import Glibc
import Reactor

extension LocalStorage {
    public func open(_ key: BlobKey) async throws -> OpenFile {
        guard let file = try await openIfPresent(key) else { throw StorageError.missing(key) }
        return file
    }

    public func openIfPresent(_ key: BlobKey) async throws -> OpenFile? {
        try await pool.run { [self] in try openBlocking(key) }
    }

    /// The same on the caller's thread: a name that was looked up before costs microseconds, others may wait for the disk.
    public func openBlocking(_ key: BlobKey) throws -> OpenFile? {
        do {
            return try OpenFile(path: path(of: key))
        } catch let error as SystemError where [ENOENT, ENOTDIR, EISDIR].contains(error.code) {
            return nil
        }
    }

    /// A part of a blob, or all of it.
    public func read(_ key: BlobKey, _ range: Range<Int>? = nil) async throws -> [UInt8] {
        try await pool.run { [self] in
            guard let file = try openBlocking(key) else { throw StorageError.missing(key) }
            let range = range ?? 0..<file.byteCount
            guard range.upperBound <= file.byteCount else { throw StorageError.outOfRange(key) }
            return try file.read(range)
        }
    }

    /// Nil where there is no blob of this name; a folder is none.
    public func size(of key: BlobKey) async throws -> Int? {
        try await pool.run { [self] in sizeBlocking(of: key) }
    }

    public func exists(_ key: BlobKey) async throws -> Bool { try await size(of: key) != nil }

    /// Blocks.
    public func sizeBlocking(of key: BlobKey) -> Int? {
        var status = stat()
        guard lstat(path(of: key), &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    public struct Entry: Sendable, Hashable {
        public let key: BlobKey
        public let byteCount: Int
    }

    /// All blobs below a folder, by name, without the ones being written.
    public func list(_ folder: BlobKey) async throws -> [Entry] {
        try await pool.run { [self] in try entries(below: folder) }
    }

    /// Names directly in a folder, blobs and folders alike.
    public func names(in folder: BlobKey) async throws -> [String] {
        try await pool.run { [self] in
            try Folder.entries(path(of: folder)).map(\.name).filter { !$0.hasPrefix(".") }
        }
    }

    private func entries(below folder: BlobKey) throws(StorageError) -> [Entry] {
        var found: [Entry] = []
        for entry in try Folder.entries(path(of: folder)) {
            guard let key = folder.appending(name: entry.name) else { continue }
            if entry.isFolder {
                found += try entries(below: key)
            } else {
                found.append(Entry(key: key, byteCount: entry.byteCount))
            }
        }
        return found
    }
}
