import Reactor
import S3

/// All that a server stores with: blobs, uploads on their way to become blobs, and room for work on this machine.
public struct StorageServices: Sendable {
    public let blobs: any BlobStore
    public let uploads: any UploadStaging
    public let workspace: Workspace
    /// Who else hands out blobs; nil for nobody.
    public var addresses: BlobAddresses?
    /// Where the blobs are: one place, or two while they move from the second to the first.
    public let places: [any BlobStore]
    private let caches: [BlobCache]
    private let clients: [S3Client]
    /// Those in which other processes write, too.
    private let sharedFolders: [DataFolder]

    /// Of the bucket, where what is new goes to one.
    var client: S3Client? { (places.first as? S3BlobStore)?.client }

    /// Everything in one folder of this machine.
    public init(_ folder: DataFolder) {
        blobs = LocalBlobStore(folder)
        uploads = LocalUploads(folder)
        workspace = Workspace(folder, blobs: blobs)
        places = [blobs]
        caches = []
        clients = []
        sharedFolders = folder.isShared ? [folder] : []
    }

    /// Blobs and uploads in a bucket, all else in a folder of this machine.
    ///
    /// - Parameters:
    ///   - cacheByteCount: what copies of blobs may take in the folder. Blocks; for the start.
    ///   - cache: the folder of those copies.
    public init(_ folder: DataFolder, _ client: S3Client, cacheByteCount: Int, cache: BlobKey = "cache") throws {
        let remote = try S3BlobStore(client, folder: folder, cacheByteCount: cacheByteCount, cache: cache)
        blobs = remote
        uploads = S3Uploads(remote)
        workspace = Workspace(folder, blobs: remote)
        places = [remote]
        caches = [remote.cache]
        clients = [client]
        sharedFolders = []
    }

    /// What is new goes to the first place, and what is not there is looked for at the second.
    public init(_ first: StorageServices, also second: StorageServices) {
        blobs = MovingBlobStore(first: first.blobs, second: second.leavingBlobs)
        uploads = MovingUploads(first: first.uploads, second: second.uploads)
        workspace = Workspace(first.workspace.folder, blobs: blobs)
        places = [first.blobs, second.blobs]
        caches = first.caches + second.caches
        clients = first.clients + second.clients
        sharedFolders = first.sharedFolders + second.sharedFolders
    }

    /// The blobs of a place that they leave while they are read.
    var leavingBlobs: any BlobStore {
        (blobs as? LocalBlobStore).map { LocalBlobStore($0.folder, linksCopies: true) } ?? blobs
    }

    /// What is here of the buckets' blobs, and how many were fetched since the start; nil where there is no bucket.
    public var copies: (byteCount: Int, fetchCount: Int)? {
        guard !caches.isEmpty else { return nil }
        return (caches.reduce(0) { $0 + $1.byteCount }, caches.reduce(0) { $0 + $1.fetchCount })
    }

    /// Whether the blobs can be reached. What is on this machine always can.
    public func isReachable(within patience: Duration, on loop: EventLoop) async -> Bool {
        guard !clients.isEmpty else { return true }
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask { [clients] in
                for client in clients {
                    guard (try? await client.check()) != nil else { return false }
                }
                return true
            }
            group.addTask(executorPreference: loop) {
                try? await loop.sleep(for: patience)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }

    /// What is being written has a name within so long.
    private static let longestWriting: Int64 = 2 * 86_400

    /// Removes what processes that died left half done where several store: files without a name, and uploads in parts that nobody
    /// completes.
    ///
    /// - Parameters:
    ///   - time: now, in seconds since 1970.
    ///   - uploadAge: older than this is no upload that somebody goes on with.
    /// - Returns: how many there were.
    public func sweep(at time: Int64, uploadAge: Duration) async throws -> Int {
        var count = 0
        for client in clients {
            count += try await client.abortUploads(begunBefore: time - uploadAge.components.seconds)
        }
        for folder in sharedFolders {
            count += try await folder.pool.run { try folder.sweepLeftovers(before: time - Self.longestWriting) }
        }
        return count
    }

    /// Ends what is under way to other machines. Call before the loops end.
    public func close() async {
        for client in clients { await client.shutdown() }
    }
}
