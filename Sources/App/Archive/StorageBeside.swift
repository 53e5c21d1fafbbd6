import FoundationEssentials
import HTTPClient
import Reactor
import Storage

/// The storage of servers that may be running, for a command beside them.
struct StorageBeside: Sendable {
    let storage: StorageServices
    /// For files on their way.
    let scratch: DataFolder
    let pool: BlockingPool

    /// - Parameters:
    ///   - folder: for what is on its way; only one command at a time has it. It is removed at the end.
    static func with<Value: Sendable>(
        _ settings: Settings, scratch folder: String, _ body: (StorageBeside) async throws -> Value
    ) async throws -> Value {
        let loops = try EventLoopGroup(count: 1)
        let pool = try BlockingPool(name: "files", threads: 4)
        var (scratch, opened): (DataFolder?, StorageServices?)
        let result: Result<Value, any Error>
        do {
            try Server.makePrivateFolder(folder)
            let room = try DataFolder(root: folder, pool: pool, reserve: settings.diskReserveBytes)
            scratch = room
            func place(_ place: Settings.StoragePlace) throws -> StorageServices {
                let root: String
                switch place {
                case .bucket(let location):
                    let client = try settings.bucketClient(
                        location, pool: pool, loops: loops, outgoing: OutgoingCounts())
                    return try StorageServices(room, client, cacheByteCount: 0)
                case .data: root = settings.dataFolder
                case .folder(let path): root = path
                }
                try Server.makePrivateFolder(root)
                return StorageServices(
                    try DataFolder(beside: root, pool: pool, reserve: settings.diskReserveBytes))
            }
            var storage = try place(settings.storagePlace)
            if let also = settings.storageAlso { storage = StorageServices(storage, also: try place(also)) }
            opened = storage
            result = .success(try await body(StorageBeside(storage: storage, scratch: room, pool: pool)))
        } catch {
            result = .failure(error)
        }
        await opened?.close()
        if let scratch {
            scratch.close()
            try? FileManager.default.removeItem(atPath: folder)
        }
        await pool.shutdown()
        await loops.shutdown()
        return try result.get()
    }
}
