import Accounts
import Bus
import FoundationEssentials
import SQL

/// Takes a video out of the trash: it is as it was, and the work on it goes on.
struct RestoreVideo: Sendable {
    let database: Database
    let index: IndexVideos
    let encoding: VideoEncoding
    let events: VideoEvents
    let facts: Outbox?
    let audit: AuditLog
    let lifetime: Duration
    let now: @Sendable () -> Date
    private let store = VideoStore()
    private let fetches = FetchStore()

    /// - Throws: `VideoError.notFound` also for what is about to be removed for good; `sameBytesThere`.
    func callAsFunction(_ id: VideoID, by viewer: Viewer, from origin: AuditOrigin) async throws -> Video {
        let now = now()
        let restored = try await database.write { transaction in
            guard var video = try store.find(id, in: transaction) else { throw VideoError.notFound }
            try VideoError.check(VideoAccess.decide(viewer, video.subject, .trash))
            guard let since = video.trashedAt, since > now - lifetime else { throw VideoError.notFound }
            guard try !store.hasTwin(video, in: transaction) else { throw VideoError.sameBytesThere }
            try store.setTrashed(id, at: nil, in: transaction)
            // Words that only it has were forgotten by the vocabulary; a crash before they are learned again is made up for at the next
            // start.
            try store.letIndexAnew(id, in: transaction)
            try encoding.resume(transaction, video.version)
            try fetches.resume(id, at: now, in: transaction)
            video.trashedAt = nil
            try facts?.record(.restored(video, at: now), in: transaction)
            try audit.record(AuditEvent(.videoRestored, of: AuditTarget(video), by: origin), in: transaction)
            let shown = video
            try transaction.publish(VideoEvent(about: shown, named: .created), on: events)
            return shown
        }
        try await index(id)
        return restored
    }
}

extension Date {
    static func - (date: Date, duration: Duration) -> Date {
        date.addingTimeInterval(-Double(duration.components.seconds))
    }
}
