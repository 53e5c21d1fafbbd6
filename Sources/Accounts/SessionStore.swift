import FoundationEssentials
import SQL

struct SessionStore: Sendable {
    private static let select = """
        SELECT sessions.id AS id, user_id, role, expires_at FROM sessions JOIN users ON users.id = user_id \
        WHERE is_disabled = 0
        """

    /// Only sessions that are good at `now`, of people who may sign in.
    func find(_ id: SessionID, at now: Date, in access: ReadAccess) throws -> Session? {
        try access.first("\(Self.select) AND sessions.id = $1 AND expires_at > $2", id, now).map(Session.init)
    }

    func find(tokenHash: [UInt8], at now: Date, in access: ReadAccess) throws -> Session? {
        try access.first("\(Self.select) AND token_hash = $1 AND expires_at > $2", tokenHash, now).map(Session.init)
    }

    func insert(
        _ session: Session, tokenHash: [UInt8], address: String, at now: Date, in transaction: Transaction
    ) throws {
        try transaction.execute(
            "INSERT INTO sessions (id, user_id, token_hash, created_at, expires_at, address) VALUES ($1, $2, $3, $4, $5, $6)",
            session.id, session.userID, tokenHash, now, session.expiresAt, address)
    }

    func extend(_ id: SessionID, until end: Date, in transaction: Transaction) throws {
        try transaction.execute("UPDATE sessions SET expires_at = $2 WHERE id = $1", id, end)
    }

    /// Ends a session with its cookie and its refresh tokens.
    func remove(_ id: SessionID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM sessions WHERE id = $1", id)
    }

    func removeAll(of user: UserID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM sessions WHERE user_id = $1", user)
    }

    func removeExpired(at now: Date, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM sessions WHERE expires_at <= $1", now)
    }
}

extension Session {
    init(_ row: Row) throws {
        id = try row.value("id")
        userID = try row.value("user_id")
        role = try row.value("role")
        expiresAt = try row.value("expires_at")
    }
}
