import FoundationEssentials
import SQL

struct RefreshTokenStore: Sendable {
    struct Stored: Sendable {
        let sessionID: SessionID
        let usedAt: Date?
    }

    /// Used tokens of one session that are remembered, so that one of them that comes again is known.
    static let mostUsed = 100

    func find(hash: [UInt8], in access: ReadAccess) throws -> Stored? {
        let row = try access.first("SELECT session_id, used_at FROM refresh_tokens WHERE token_hash = $1", hash)
        return try row.map { row in
            Stored(sessionID: try row.value("session_id"), usedAt: try row.value("used_at"))
        }
    }

    func insert(hash: [UInt8], of session: SessionID, at now: Date, in transaction: Transaction) throws {
        try transaction.execute(
            "INSERT INTO refresh_tokens (token_hash, session_id, created_at) VALUES ($1, $2, $3)", hash, session, now)
    }

    func markUsed(hash: [UInt8], at now: Date, in transaction: Transaction) throws {
        try transaction.execute("UPDATE refresh_tokens SET used_at = $2 WHERE token_hash = $1", hash, now)
    }

    /// Forgets a session's used tokens but the last ones.
    func prune(_ session: SessionID, in transaction: Transaction) throws {
        try transaction.execute(
            """
            DELETE FROM refresh_tokens WHERE session_id = $1 AND used_at IS NOT NULL AND token_hash NOT IN \
            (SELECT token_hash FROM refresh_tokens WHERE session_id = $1 AND used_at IS NOT NULL \
            ORDER BY used_at DESC LIMIT $2)
            """, session, Self.mostUsed)
    }
}
