import Glibc
import Reactor
import S3

extension S3BlobStore {
    public func write(_ blobs: [Blob]) async throws {
        for blob in blobs {
            _ = try await asking(blob.key) { try await client.put("\(blob.key)", .bytes(blob.bytes)) }
            cache.forget { $0 == blob.key }
        }
    }

    public func adopt(fileAt file: String, as key: BlobKey, sha256: [UInt8]?) async throws {
        cache.forget { $0 == key }
        try await store(WorkFile(file, as: key), sha256: sha256)
    }

    public func add(fileAt file: String, as key: BlobKey, sha256: [UInt8]) async throws -> Bool {
        guard try await head(key) == nil else { return false }
        let open = try await folder.pool.run { try OpenFile(path: file) }
        do {
            try await client.put("\(key)", .file(open), sha256: sha256, ifAbsent: true)
            return true
        } catch let error as S3Error {
            if error.code == .changed { return false }
            throw StorageError(error, key)
        }
    }

    public func adopt(_ first: [WorkFile], before rest: [WorkFile]) async throws -> [Int] {
        try await adopt(first) + adopt(rest)
    }

    /// Two servers that make the same at the same time store the same: which of them is later does not matter.
    private func adopt(_ files: [WorkFile]) async throws -> [Int] {
        try await some(files) { file in
            guard let there = try await head(file.key) else { return try await store(file) }
            unlink(file.path)
            return there.byteCount
        }
    }

    /// What is made here is watched here, too: the file goes into the cache.
    @discardableResult
    private func store(_ file: WorkFile, sha256: [UInt8]? = nil) async throws -> Int {
        let open = try await folder.pool.run { try OpenFile(path: file.path) }
        let object = try await asking(file.key) { try await client.put("\(file.key)", .file(open), sha256: sha256) }
        try await folder.pool.run { [cache] in
            try Descriptor(opening: file.path, O_RDONLY).synchronize()
            cache.take(file.path, as: file.key, version: object.version)
        }
        return open.byteCount
    }

    public func move(_ key: BlobKey, to target: BlobKey) async throws {
        _ = try await asking(key) { try await client.copy("\(key)", to: "\(target)") }
        cache.forget { $0 == target }
        try await remove(key)
    }

    public func remove(_ key: BlobKey) async throws {
        try await asking(key) { try await client.delete("\(key)") }
        cache.forget { $0 == key }
    }

    /// Not at once: a crash on the way leaves a part, which no row stands for.
    public func removeTree(_ key: BlobKey) async throws {
        try await remove(key)
        var isEmpty = false
        // What was stored meanwhile may be on no page.
        while !isEmpty {
            isEmpty = true
            try await eachPage(below: key) { objects in
                guard !objects.isEmpty else { return }
                isEmpty = false
                try await asking(key) { try await client.delete(objects.map(\.key)) }
            }
        }
        cache.forget { $0.isBelow(key) }
    }
}
