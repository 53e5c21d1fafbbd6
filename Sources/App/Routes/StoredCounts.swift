import Encoding
import Videos

/// What has to be counted in the database and on the disk.
struct StoredCounts: Sendable {
    let videos: [String: Int]
    let tasks: [String: TaskCount]
    let uploads: UnfinishedUploads
    let usableSpace: Int?

    init(_ services: Server.Services) async {
        videos = (try? await services.videos.countsByStatus()) ?? [:]
        tasks = (try? await services.encoder.taskCounts()) ?? [:]
        uploads = (try? await services.videos.unfinishedUploads()) ?? UnfinishedUploads()
        usableSpace = try? await services.storage.usableSpace()
    }
}
