import FoundationEssentials
import Glibc
import Reactor
import S3

@testable import Storage

/// Where the blobs of a test are.
enum TestedStore: Sendable, CaseIterable {
    case local, s3

    /// Those that this run has: `scripts/with-s3` brings the bucket.
    static var all: [TestedStore] { bucket == nil ? [.local] : [.local, .s3] }

    static var bucket: String? { ProcessInfo.processInfo.environment["PALCO_TEST_S3"] }
}

/// A storage in a folder of one test, gone with this object. With `byteCount` the folder is a file system of that size.
final class TemporaryStorage: Sendable {
    let root: String
    let folder: DataFolder
    let storage: StorageServices
    /// Below it lies all that a test stores in the bucket.
    let prefix: String
    private let client: S3Client?
    private let isMounted: Bool

    var blobs: any BlobStore { storage.blobs }
    var uploads: any UploadStaging { storage.uploads }
    var workspace: Workspace { storage.workspace }

    static let loops = Result { try EventLoopGroup(count: 1) }
    private static let pool = Result { try BlockingPool(name: "s3", threads: 2) }

    init(
        _ store: TestedStore = .local, reserve: Int = 0, byteCount: Int? = nil, cacheByteCount: Int = 64 << 20,
        sharing other: TemporaryStorage? = nil
    ) throws {
        root = FileManager.default.temporaryDirectory.path + "/palco-storage-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        if let byteCount {
            guard mount("none", root, "tmpfs", 0, "size=\(byteCount)") == 0 else { throw SystemError("mount") }
        }
        isMounted = byteCount != nil
        folder = try DataFolder(root: root, pool: try BlockingPool(name: "files", threads: 2), reserve: reserve)
        prefix = other?.prefix ?? "test-\(UUID().uuidString)"
        switch store {
        case .local:
            client = nil
            storage = StorageServices(folder)
        case .s3:
            let client = try Self.client(prefix)
            self.client = client
            storage = try StorageServices(folder, client, cacheByteCount: cacheByteCount)
        }
    }

    static func client(_ prefix: String) throws -> S3Client {
        let parts = (TestedStore.bucket ?? "").split(separator: "?", maxSplits: 1)
        let location = try S3Location("\(parts[0])/\(prefix)?\(parts.last ?? "")")
        let credentials = try S3Credentials(environment: ProcessInfo.processInfo.environment)
        return try S3Client(
            S3Client.Configuration(location: location, credentials: credentials), loops: try loops.get(),
            pool: try pool.get())
    }

    deinit {
        if isMounted { umount2(root, Int32(MNT_DETACH)) }
        try? FileManager.default.removeItem(atPath: root)
        if let client { Task { await client.shutdown() } }
    }

    static var mayMount: Bool { geteuid() == 0 }

    /// Every file and folder below the root, working files included.
    var everything: [String] {
        get throws { try FileManager.default.subpathsOfDirectory(atPath: root).filter { $0 != ".lock" }.sorted() }
    }
}
