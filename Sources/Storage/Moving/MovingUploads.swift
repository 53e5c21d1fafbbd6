/// Uploads of a storage that moves: each ends where it began, and new ones begin at the first place.
struct MovingUploads: UploadStaging {
    let first: any UploadStaging
    let second: any UploadStaging

    func create(_ key: BlobKey, becoming target: BlobKey, expecting: Int?) async throws {
        try await first.create(key, becoming: target, expecting: expecting)
    }

    func open(_ key: BlobKey) async throws -> any GrowingUpload {
        do { return try await first.open(key) } catch StorageError.missing { return try await second.open(key) }
    }

    func begin(_ key: BlobKey, becoming target: BlobKey, expecting: Int?) async throws -> any WholeUpload {
        try await first.begin(key, becoming: target, expecting: expecting)
    }

    func size(of key: BlobKey) async throws -> Int? {
        if let size = try await first.size(of: key) { return size }
        return try await second.size(of: key)
    }

    func finish(_ key: BlobKey, as target: BlobKey) async throws {
        do { try await first.finish(key, as: target) } catch StorageError.missing {
            try await second.finish(key, as: target)
        }
    }

    func remove(_ key: BlobKey) async throws {
        try await second.remove(key)
        try await first.remove(key)
    }
}
