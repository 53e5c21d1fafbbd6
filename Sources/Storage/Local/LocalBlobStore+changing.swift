import Glibc
import Reactor

extension LocalBlobStore {
    /// All are written, then synced, then named, in the order given.
    public func write(_ blobs: [Blob]) async throws {
        try await folder.pool.run { try writeBlocking(blobs) }
    }

    private func writeBlocking(_ blobs: [Blob]) throws {
        try folder.space.check(blobs.reduce(0) { $0 + $1.bytes.count })
        var temporaries: [String] = []
        do {
            var files: [Descriptor] = []
            for blob in blobs {
                let file = try Descriptor(opening: folder.temporaryPath(), O_WRONLY | O_CREAT | O_EXCL)
                temporaries.append(file.path)
                try file.writeAll(blob.bytes, at: 0)
                file.startWriteback(0..<blob.bytes.count)
                files.append(file)
            }
            for file in files { try file.synchronize() }
            for (temporary, blob) in zip(temporaries, blobs) {
                try folder.publish(temporary, as: blob.key, synchronizing: false)
            }
            try synchronizeFolders(of: blobs.map(\.key))
        } catch {
            for temporary in temporaries { unlink(temporary) }
            throw error
        }
    }

    public func adopt(fileAt file: String, as key: BlobKey, sha256: [UInt8]?) async throws {
        try await folder.pool.run { [folder] in
            try Descriptor(opening: file, O_RDONLY).synchronize()
            try folder.publish(file, as: key)
        }
    }

    public func add(fileAt file: String, as key: BlobKey, sha256: [UInt8]) async throws -> Bool {
        try await folder.pool.run { try addBlocking(file, key) }
    }

    private func addBlocking(_ file: String, _ key: BlobKey) throws -> Bool {
        let target = folder.path(of: key)
        guard folder.size(of: key) == nil else { return false }
        try Folder.make(Folder.parent(of: target))
        let source = try Descriptor(opening: file, O_RDONLY)
        try source.synchronize()
        // Another name of the file takes nobody's place, as a rename would.
        if link(file, target) != 0 {
            if errno == EEXIST { return false }
            // On another disk.
            let temporary = folder.temporaryPath()
            defer { unlink(temporary) }
            let copy = try Descriptor(opening: temporary, O_WRONLY | O_CREAT | O_EXCL)
            try source.copy(to: copy, space: folder.space)
            try copy.synchronize()
            guard link(temporary, target) == 0 else {
                if errno == EEXIST { return false }
                throw failure("link", target)
            }
        }
        try Folder.synchronize(Folder.parent(of: target))
        return true
    }

    /// All are synced, then named.
    public func adopt(_ first: [WorkFile], before rest: [WorkFile]) async throws -> [Int] {
        try await folder.pool.run { try adoptBlocking(first + rest) }
    }

    private func adoptBlocking(_ files: [WorkFile]) throws -> [Int] {
        try folder.space.check(0)
        var sizes: [Int] = []
        var isNew: [Bool] = []
        for file in files {
            let there = folder.size(of: file.key)
            isNew.append(there == nil)
            let descriptor = try Descriptor(opening: file.path, O_RDONLY)
            if there == nil { try descriptor.synchronize() }
            sizes.append(try there ?? Int(descriptor.status().st_size))
        }
        for (file, isNew) in zip(files, isNew) {
            if isNew {
                try folder.publish(file.path, as: file.key, synchronizing: false)
            } else {
                unlink(file.path)
            }
        }
        try synchronizeFolders(of: files.map(\.key))
        return sizes
    }

    private func synchronizeFolders(of keys: [BlobKey]) throws {
        for folder in Set(keys.map { Folder.parent(of: self.folder.path(of: $0)) }) { try Folder.synchronize(folder) }
    }

    public func move(_ key: BlobKey, to target: BlobKey) async throws {
        try await folder.pool.run { [folder] in try folder.move(key, to: target) }
    }

    public func remove(_ key: BlobKey) async throws {
        try await folder.pool.run { [folder] in try folder.remove(key) }
    }

    public func removeTree(_ key: BlobKey) async throws {
        try await folder.pool.run { [folder] in try folder.removeTree(key) }
    }
}
