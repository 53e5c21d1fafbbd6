import Accounts
import Bus
import FoundationEssentials
import SQL
import Storage

/// Removes a video with its tasks and files.
struct RemoveVideo: Sendable {
    let database: Database
    let storage: StorageServices
    let find: FindVideo
    let encoding: VideoEncoding
    let revoke: RevokeGrants
    let events: VideoEvents
    let facts: Outbox?
    let audit: AuditLog
    let now: @Sendable () -> Date
    private let store = VideoStore()
    private let uploads = UploadStore()

    func callAsFunction(_ id: VideoID, by viewer: Viewer, from origin: AuditOrigin) async throws {
        _ = try await find(id, for: viewer, through: .remove)
        let now = now()
        try await database.write { transaction in
            guard let video = try store.find(id, in: transaction) else { throw VideoError.notFound }
            try VideoError.check(VideoAccess.decide(viewer, video.subject, .remove))
            try revoke(.video(id), at: now, in: transaction)
            try encoding.remove(transaction, id)
            try uploads.forget(video: id, in: transaction)
            // Of one whose file was being fetched. Whoever has that in hand sees that nobody waits for it.
            try uploads.remove(id.upload, in: transaction)
            try store.remove(id, in: transaction)
            try facts?.record(.removed(video, at: now), in: transaction)
            try audit.record(
                AuditEvent(.videoRemoved, of: AuditTarget(video), by: origin, before: video.auditedVisibility),
                in: transaction)
            try transaction.publish(VideoEvent(about: video, named: .removed), on: events)
        }
        // What a crash leaves here is swept at the next start, because no row stands for it any more.
        if let blob = id.upload.blob { try await storage.uploads.remove(blob) }
        if let folder = id.folder { try await storage.blobs.removeTree(folder) }
    }
}
