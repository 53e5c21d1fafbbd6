import Accounts
import FoundationEssentials
import SQL

/// Where people stopped watching, in seconds.
struct WatchPositions: Sendable {
    let database: Database
    let find: FindVideo
    let now: @Sendable () -> Date

    func last(of id: VideoID, by user: UserID) async throws -> Double? {
        try await database.read { access in
            let row = try access.first(
                "SELECT position FROM watch_positions WHERE user_id = $1 AND video_id = $2", user, id)
            return try row?.value("position")
        }
    }

    func remember(_ position: Double, of id: VideoID, by viewer: Viewer) async throws {
        guard position.isFinite, position >= 0 else {
            var check = FieldCheck()
            check.refuse("position", "out_of_range", "Seconds from the start of the video.")
            return try check.finish()
        }
        let video = try await find(id, for: viewer, through: .details)
        let bounded = min(position, video.duration ?? position)
        let now = now()
        _ = try await database.write { transaction in
            try transaction.execute(
                """
                INSERT INTO watch_positions (user_id, video_id, position, updated_at) VALUES ($1, $2, $3, $4)
                ON CONFLICT (user_id, video_id) DO UPDATE SET position = $3, updated_at = $4
                """,
                viewer.id, id, bounded, now)
        }
    }
}
