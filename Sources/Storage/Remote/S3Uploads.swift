import Glibc
import Reactor
import S3

/// Uploads as multipart uploads of a bucket: any server goes on with any of them.
///
/// What is complete of an upload are parts of one size. The rest, which is too small for a part, is an object of its own at
/// the end of each request, so that every byte that was answered for is durable. Where the upload stands is what both
/// say. Beside them lies a note with the name of the multipart upload.
public struct S3Uploads: UploadStaging {
    let blobs: S3BlobStore

    var client: S3Client { blobs.client }
    var folder: DataFolder { blobs.folder }

    public init(_ blobs: S3BlobStore) { self.blobs = blobs }

    public func create(_ key: BlobKey, becoming target: BlobKey, expecting: Int?) async throws {
        let upload = try await blobs.asking(key) { try await client.createUpload("\(target)") }
        let note = UploadNote(upload: upload, partByteCount: UploadNote.partByteCount(expecting: expecting))
        do {
            try await write(note, of: key)
        } catch {
            try? await client.abort(upload)
            throw error
        }
    }

    public func open(_ key: BlobKey) async throws -> any GrowingUpload { try await openGrowing(key) }

    private func openGrowing(_ key: BlobKey) async throws -> S3GrowingUpload {
        guard let state = try await state(of: key) else { throw StorageError.missing(key) }
        let spool = try await folder.pool.run { [folder] in
            try Descriptor(opening: folder.temporaryPath(), O_RDWR | O_CREAT | O_EXCL)
        }
        let growing = S3GrowingUpload(self, key, state, spool: spool)
        try await growing.loadTail()
        return growing
    }

    public func begin(_ key: BlobKey, becoming target: BlobKey, expecting: Int?) async throws -> any WholeUpload {
        try await create(key, becoming: target, expecting: expecting)
        return try await openGrowing(key)
    }

    public func size(of key: BlobKey) async throws -> Int? { try await state(of: key)?.byteCount }

    public func finish(_ key: BlobKey, as target: BlobKey) async throws {
        guard let note = try await note(of: key) else { throw StorageError.missing(key) }
        guard note.upload.key == "\(target)" else {
            throw StorageError.unavailable("\(key) in the bucket was begun for another blob than \(target)")
        }
        if let state = try await state(of: key) {
            try await complete(state, key)
        } else if try await blobs.head(target) == nil {
            // Neither an upload nor what it became: somebody gave it up.
            throw StorageError.missing(key)
        }
        try await blobs.removeTree(key)
    }

    private func complete(_ state: UploadState, _ key: BlobKey) async throws {
        var parts = state.parts
        if state.byteCount == 0 {
            _ = try await blobs.asking(key) { try await client.put(state.note.upload.key, .bytes([])) }
            return try await blobs.asking(key) { try await client.abort(state.note.upload) }
        }
        if let tail = state.tail {
            let path = folder.temporaryPath()
            defer { unlink(path) }
            let part = try await blobs.asking(key) {
                try await client.download("\(tail.key)", to: path)
                let file = try await folder.pool.run { try OpenFile(path: path) }
                return try await client.uploadPart(state.note.upload, state.nextNumber, .file(file))
            }
            parts.append(part)
        }
        _ = try await blobs.asking(key) { try await client.complete(state.note.upload, parts) }
    }

    public func remove(_ key: BlobKey) async throws {
        if let note = try await note(of: key) {
            try await blobs.asking(key) { try await client.abort(note.upload) }
        }
        try await blobs.removeTree(key)
    }

    // MARK: What the bucket knows

    private func note(of key: BlobKey) async throws -> UploadNote? {
        do {
            return UploadNote(parsing: try await client.get("\(key)/note", most: UploadNote.mostBytes))
        } catch let error as S3Error {
            if error.code == .noSuchKey { return nil }
            throw StorageError(error, key)
        }
    }

    func write(_ note: UploadNote, of key: BlobKey) async throws {
        _ = try await blobs.asking(key) { try await client.put("\(key)/note", .bytes(note.bytes)) }
    }

    /// Nil where there is no upload, or it has become its blob.
    private func state(of key: BlobKey) async throws -> UploadState? {
        guard let note = try await note(of: key) else { return nil }
        let parts: [S3Part]
        do {
            parts = try await client.parts(of: note.upload)
        } catch let error as S3Error {
            if error.code == .noSuchUpload { return nil }
            throw StorageError(error, key)
        }
        let tails = try await blobs.list(key).compactMap { UploadTail($0.key) }
        return UploadState(note, parts, tails)
    }
}

extension S3Client {
    /// Gives up multipart uploads that were begun before this time, in seconds since 1970.
    ///
    /// - Returns: how many there were.
    func abortUploads(begunBefore time: Int64) async throws -> Int {
        var count = 0
        var cursor: S3Cursor?
        do {
            repeat {
                let page = try await uploads(from: cursor)
                for item in page.items where item.begun.map({ $0 < time }) ?? false {
                    try await abort(item.upload)
                    count += 1
                }
                cursor = page.next
            } while cursor != nil
        } catch let error as S3Error {
            throw StorageError.unavailable("\(error)")
        }
        return count
    }
}
