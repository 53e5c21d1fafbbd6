import Accounts
import FoundationEssentials
import SQL

/// That somebody gave the password of a video, for as long as it counts. Where it came from is not kept: nothing here needs it.
struct AccessSession: Sendable, Equatable {
    var video: VideoID
    /// The sign-in through which the password was given. For people without an account it is an id of its own.
    var session: SessionID
    /// Nil for people without an account.
    var person: UserID?
    var beganAt: Date
    var expiresAt: Date
}

/// The rows of what passwords have opened. A proof without its row proves nothing, so removing rows ends what they stand for on all
/// servers at once.
struct AccessSessionStore: Sendable {
    static let migration = Migration(
        "videos-0040-access-sessions",
        [
            """
            CREATE TABLE access_sessions (
                video_id TEXT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
                session_id TEXT NOT NULL,
                user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
                began_at BIGINT NOT NULL,
                expires_at BIGINT NOT NULL,
                PRIMARY KEY (video_id, session_id)
            )
            """,
            "CREATE INDEX access_sessions_by_user ON access_sessions (user_id, video_id)",
            "CREATE INDEX access_sessions_by_expiry ON access_sessions (expires_at)",
        ])

    /// Rows that one transaction removes at most, so that requests need not wait for it.
    static let batch = 1_000

    /// Whether the person has given the video's password through any sign-in that goes on.
    func isLive(_ video: VideoID, of person: UserID, at now: Date, in access: ReadAccess) throws -> Bool {
        try access.first(
            """
            SELECT 1 AS found FROM access_sessions WHERE user_id = $1 AND video_id = $2 AND expires_at > $3 LIMIT 1
            """, person, video, now) != nil
    }

    func liveCount(of video: VideoID, at now: Date, in access: ReadAccess) throws -> Int {
        try access.first(
            "SELECT COUNT(*) AS count FROM access_sessions WHERE video_id = $1 AND expires_at > $2", video, now
        )?.value("count") ?? 0
    }

    /// Who gives the password again through the same sign-in begins anew, and counts once.
    func put(_ session: AccessSession, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO access_sessions (video_id, session_id, user_id, began_at, expires_at)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (video_id, session_id) DO UPDATE SET began_at = $4, expires_at = $5
            """, session.video, session.session, session.person, session.beganAt, session.expiresAt)
    }

    /// - Returns: how many there were.
    @discardableResult
    func removeAll(of video: VideoID, in transaction: Transaction) throws -> Int {
        try transaction.execute("DELETE FROM access_sessions WHERE video_id = $1", video)
    }

    /// - Parameter session: nil for all sign-ins of the person.
    func remove(of person: UserID, through session: SessionID?, in transaction: Transaction) throws {
        if let session {
            try transaction.execute(
                "DELETE FROM access_sessions WHERE user_id = $1 AND session_id = $2", person, session)
        } else {
            try transaction.execute("DELETE FROM access_sessions WHERE user_id = $1", person)
        }
    }

    /// - Returns: how many were removed; fewer than `most` once none is left.
    func removeExpired(at now: Date, most: Int, in transaction: Transaction) throws -> Int {
        try transaction.execute(
            """
            DELETE FROM access_sessions WHERE (video_id, session_id) IN
                (SELECT video_id, session_id FROM access_sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)
            """, now, most)
    }
}
