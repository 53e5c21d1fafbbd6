import Accounts
import Bus
import FoundationEssentials
import SQL
import Storage

/// Moves a video into the trash: it leaves every door at once, the work on it stops, and nothing of it is lost yet.
struct TrashVideo: Sendable {
    let database: Database
    let storage: StorageServices
    let find: FindVideo
    let encoding: VideoEncoding
    let endReplacement: EndReplacement
    let revoke: RevokeGrants
    let events: VideoEvents
    let facts: Outbox?
    let audit: AuditLog
    let now: @Sendable () -> Date
    private let store = VideoStore()
    private let uploads = UploadStore()
    private let fetches = FetchStore()

    func callAsFunction(_ id: VideoID, by viewer: Viewer, from origin: AuditOrigin) async throws {
        _ = try await find(id, for: viewer, through: .remove)
        let now = now()
        let (wasFetched, left) = try await database.write { transaction in
            guard let video = try store.find(id, in: transaction) else { throw VideoError.notFound }
            try VideoError.check(VideoAccess.decide(viewer, video.subject, .remove))
            try store.setTrashed(id, at: now, in: transaction)
            try revoke(.video(id), at: now, in: transaction)
            try encoding.pause(transaction, video.version)
            let left = try endReplacement(of: id, andFormer: true, at: now, in: transaction)
            // An upload that ended as this video must not answer with it any more.
            try uploads.forget(video: id, in: transaction)
            // Whoever has its file in hand sees that nobody waits for it.
            let wasFetched = try fetches.pause(id, in: transaction)
            try uploads.remove(id.upload, in: transaction)
            try facts?.record(.removed(video, at: now), in: transaction)
            try audit.record(
                AuditEvent(.videoTrashed, of: AuditTarget(video), by: origin, before: video.auditedVisibility),
                in: transaction)
            // To those who saw it until now.
            try transaction.publish(VideoEvent(about: video, named: .removed), on: events)
            return (wasFetched, left)
        }
        try await endReplacement.removeBytes(of: left)
        // It begins anew if it is taken back.
        if wasFetched, let blob = id.upload.blob { try await storage.uploads.remove(blob) }
    }
}
