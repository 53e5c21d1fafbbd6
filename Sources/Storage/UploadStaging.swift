/// Uploads on their way: they grow over many requests, restarts and servers, and become blobs when all bytes are here.
public protocol UploadStaging: Sendable {
    /// Makes an empty upload. What `expecting` says is checked against the free space now; it is not kept, because a
    /// resumable upload may pause for days.
    ///
    /// - Parameter target: the blob that it will become.
    func create(_ key: BlobKey, becoming target: BlobKey, expecting: Int?) async throws

    /// Opens an upload to go on with it. That one at a time does is the caller's to see to.
    ///
    /// - Throws: `StorageError.missing`; `inUse` for a file that another process of this machine, which the caller takes for gone,
    ///   still has open.
    func open(_ key: BlobKey) async throws -> any GrowingUpload

    /// Starts an upload that comes in one go and cannot be gone on with. What `expecting` says must fit into the free space.
    func begin(_ key: BlobKey, becoming target: BlobKey, expecting: Int?) async throws -> any WholeUpload

    /// How much of an upload is durable; nil where there is none, as when it became a blob.
    func size(of key: BlobKey) async throws -> Int?

    /// Makes the blob of an upload. Where a crash came between, it may be done again.
    ///
    /// - Throws: `StorageError.missing` where there is no such upload.
    func finish(_ key: BlobKey, as target: BlobKey) async throws

    /// Removes an upload with all its bytes; none of this name is fine.
    func remove(_ key: BlobKey) async throws
}

/// An upload that is being gone on with. Use it in one task and `close` it, which makes what was appended durable.
public protocol GrowingUpload: AnyObject {
    /// The end of what was appended, the bytes still in memory included.
    var byteCount: Int { get }

    /// - Throws: `StorageError.noSpace`, where the bytes stored before remain and `byteCount` tells how many.
    func append(_ bytes: [UInt8]) async throws

    /// Forgets what follows `end`, which is where this opening of the upload began: a checksum does not fit.
    func truncate(to end: Int) async throws

    /// Makes what was appended durable; the upload can be opened again then.
    func close() async throws
}

/// An upload that comes in one go: there after `finish`, and without it nothing stays. Use it in one task.
public protocol WholeUpload: AnyObject {
    var byteCount: Int { get }

    /// - Throws: `StorageError.noSpace` when the disk fills up; the upload is discarded then.
    func append(_ bytes: [UInt8]) async throws

    /// Makes it durable under its key.
    func finish() async throws

    /// Removes what was written. After `finish` it does nothing.
    func discard() async
}
