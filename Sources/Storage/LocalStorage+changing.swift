import Glibc

/// A small blob with its bytes.
public struct Blob: Sendable {
    public let key: BlobKey
    public let bytes: [UInt8]

    public init(_ key: BlobKey, _ bytes: [UInt8]) {
        self.key = key
        self.bytes = bytes
    }
}

extension LocalStorage {
    public func write(_ key: BlobKey, _ bytes: [UInt8]) async throws { try await write([Blob(key, bytes)]) }

    /// Stores several small blobs at the price of one wait: all are written, then synced, then named, in the order given.
    /// On an error some of the first may be there; each that is there is whole.
    public func write(_ blobs: [Blob]) async throws {
        try await pool.run { [self] in try writeBlocking(blobs) }
    }

    /// Blocks.
    public func writeBlocking(_ blobs: [Blob]) throws {
        try space.check(blobs.reduce(0) { $0 + $1.bytes.count })
        var temporaries: [String] = []
        do {
            var files: [Descriptor] = []
            for blob in blobs {
                let file = try Descriptor(opening: temporaryPath(), O_WRONLY | O_CREAT | O_EXCL)
                temporaries.append(file.path)
                try file.writeAll(blob.bytes, at: 0)
                file.startWriteback(0..<blob.bytes.count)
                files.append(file)
            }
            for file in files { try file.synchronize() }
            for (temporary, blob) in zip(temporaries, blobs) {
                try publish(temporary, as: blob.key, synchronizing: false)
            }
            for folder in Set(blobs.map { Folder.parent(of: path(of: $0.key)) }) { try Folder.synchronize(folder) }
        } catch {
            for temporary in temporaries { unlink(temporary) }
            throw error
        }
    }

    /// Takes over a file that a child made on the same disk, usually below `work`.
    public func adopt(fileAt file: String, as key: BlobKey) async throws {
        try await pool.run { [self] in
            try Descriptor(opening: file, O_RDONLY).synchronize()
            try publish(file, as: key)
        }
    }

    /// Gives a blob or a folder another name. A blob of that name is replaced.
    public func move(_ key: BlobKey, to target: BlobKey) async throws {
        try await pool.run { [self] in
            var status = stat()
            guard lstat(path(of: key), &status) == 0 else { throw StorageError.missing(key) }
            try publish(path(of: key), as: target)
            try Folder.synchronize(Folder.parent(of: path(of: key)))
        }
    }

    /// Removes a blob; none of this name is fine.
    public func remove(_ key: BlobKey) async throws {
        try await pool.run { [self] in
            let path = path(of: key)
            guard unlink(path) == 0 else {
                if errno == ENOENT || errno == ENOTDIR { return }
                throw failure("unlink", path)
            }
            try Folder.synchronize(Folder.parent(of: path))
        }
    }

    /// Removes a folder with all that is in it, or a blob; none of this name is fine. The name is gone at once, also when the
    /// process dies meanwhile; the rest is swept at the next start.
    public func removeTree(_ key: BlobKey) async throws {
        try await pool.run { [self] in
            let path = path(of: key)
            let trash = temporaryPath()
            guard rename(path, trash) == 0 else {
                if errno == ENOENT || errno == ENOTDIR { return }
                throw failure("rename", path)
            }
            try Folder.synchronize(Folder.parent(of: path))
            try Folder.remove(trash)
        }
    }

    /// An empty folder for a task's temporary files; what was there before is removed. Returns its path.
    public func makeWorkFolder(_ key: BlobKey) async throws -> String {
        try await pool.run { [self] in
            let path = path(of: key)
            try Folder.remove(path)
            try Folder.make(path)
            return path
        }
    }
}
