import Glibc
import Reactor

/// Uploads as files beside the blobs. Becoming a blob is a rename.
public struct LocalUploads: UploadStaging {
    private let folder: DataFolder

    public init(_ folder: DataFolder) { self.folder = folder }

    public func create(_ key: BlobKey, becoming target: BlobKey, expecting: Int?) async throws {
        try await folder.pool.run { [folder] in
            try folder.space.check(max(0, expecting ?? 0))
            let path = folder.path(of: key)
            try Folder.make(Folder.parent(of: path))
            let file = try Descriptor(opening: path, O_WRONLY | O_CREAT)
            try file.synchronize()
            try Folder.synchronize(Folder.parent(of: path))
        }
    }

    public func open(_ key: BlobKey) async throws -> any GrowingUpload { try await openPartial(key) }

    func openPartial(_ key: BlobKey) async throws -> PartialBlob {
        let (file, byteCount) = try await folder.pool.run { [folder] in
            guard folder.size(of: key) != nil else { throw StorageError.missing(key) }
            let file = try Descriptor(opening: folder.path(of: key), O_RDWR)
            try file.lockExclusively()
            return (file, Int(try file.status().st_size))
        }
        return PartialBlob(folder: folder, file: file, byteCount: byteCount)
    }

    public func begin(_ key: BlobKey, becoming target: BlobKey, expecting: Int?) async throws -> any WholeUpload {
        let expected = max(0, expecting ?? 0)
        let promised = min(expected, BlobWriter.promiseStep)
        let file = try await folder.pool.run { [folder] in
            guard try folder.space.usable() >= expected else { throw StorageError.noSpace }
            try folder.space.promise(promised)
            do {
                return try Descriptor(opening: folder.temporaryPath(), O_WRONLY | O_CREAT | O_EXCL)
            } catch {
                folder.space.release(promised)
                throw error
            }
        }
        return BlobWriter(key, folder: folder, file: file, expected: expected, promised: promised)
    }

    public func size(of key: BlobKey) async throws -> Int? {
        try await folder.pool.run { [folder] in folder.size(of: key) }
    }

    public func finish(_ key: BlobKey, as target: BlobKey) async throws {
        try await folder.pool.run { [folder] in try folder.move(key, to: target) }
    }

    public func remove(_ key: BlobKey) async throws {
        try await folder.pool.run { [folder] in try folder.remove(key) }
    }
}
