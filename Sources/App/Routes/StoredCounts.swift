import Encoding
import Videos

/// What has to be counted in the database and on the disk.
struct StoredCounts: Sendable {
    let videos: [String: Int]
    let tasks: [String: TaskCount]
    /// Processes that encode, where there may be several.
    let workers: [WorkerReport]
    let uploads: UnfinishedUploads
    let usableSpace: Int?

    init(_ services: Server.Services) async {
        videos = (try? await services.videos.count.byStatus()) ?? [:]
        tasks = (try? await services.queue.counts()) ?? [:]
        workers = (try? await EncodingQueue.workers(of: services.database)) ?? []
        uploads = (try? await services.videos.count.unfinishedUploads()) ?? UnfinishedUploads()
        usableSpace = try? await services.storage.workspace.usableSpace()
    }
}
