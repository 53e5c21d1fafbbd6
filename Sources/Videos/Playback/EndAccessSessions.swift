import Accounts
import FoundationEssentials
import SQL

/// Counts what a video's password has opened and is still open.
struct CountAccessSessions: Sendable {
    let database: Database
    let find: FindVideo
    let now: @Sendable () -> Date
    private let sessions = AccessSessionStore()

    init(database: Database, find: FindVideo, now: @escaping @Sendable () -> Date) {
        (self.database, self.find, self.now) = (database, find, now)
    }

    /// - Throws: `VideoError` where the viewer may not change the video.
    func callAsFunction(_ id: VideoID, for viewer: Viewer) async throws -> Int {
        _ = try await find(id, for: viewer, through: .change)
        let moment = now()
        return try await database.read { try sessions.liveCount(of: id, at: moment, in: $0) }
    }
}

/// Ends all that a video's password has opened, with what plays: whoever wants to go on gives the password again.
struct EndAccessSessions: Sendable {
    let database: Database
    let revoke: RevokeGrants
    let events: VideoEvents
    let audit: AuditLog
    let now: @Sendable () -> Date
    private let videos = VideoStore()
    private let sessions = AccessSessionStore()

    init(
        database: Database, revoke: RevokeGrants, events: VideoEvents, audit: AuditLog,
        now: @escaping @Sendable () -> Date
    ) {
        (self.database, self.revoke, self.events, self.audit, self.now) = (database, revoke, events, audit, now)
    }

    /// - Throws: `VideoError` where the viewer may not change the video.
    func callAsFunction(_ id: VideoID, by viewer: Viewer, from origin: AuditOrigin) async throws {
        let moment = now()
        try await database.write { transaction in
            guard let video = try videos.find(id, in: transaction) else { throw VideoError.notFound }
            try VideoError.check(VideoAccess.decide(viewer, video.subject, .change))
            let live = try sessions.liveCount(of: id, at: moment, in: transaction)
            // Where there was no row, no grant that is still good was made by a password.
            guard try sessions.removeAll(of: id, in: transaction) > 0 else { return }
            try revoke(.video(id), at: moment, in: transaction)
            try audit.record(
                AuditEvent(.unlocksEnded, of: AuditTarget(video), by: origin, before: [.unlocks: .number(live)]),
                in: transaction)
            // Other servers obey at once what they are told of.
            try transaction.publish(VideoEvent(about: video, named: .updated), on: events)
        }
    }
}
