import FoundationEssentials
import SQL

struct SessionStore: Sendable {
    private static let select = """
        SELECT sessions.id AS id, user_id, role, sessions.created_at AS created_at, expires_at, needs_new_cookie, \
        is_otp_enabled, CASE WHEN password_hash IS NULL THEN NULL ELSE password_changed_at END AS password_changed_at \
        FROM sessions JOIN users ON users.id = user_id WHERE is_disabled = 0
        """

    /// Only sessions that are good at `now`, of people who may sign in.
    func find(_ id: SessionID, at now: Date, in access: ReadAccess) throws -> Session? {
        try access.first("\(Self.select) AND sessions.id = $1 AND expires_at > $2", id, now).map(Session.init)
    }

    func find(tokenHash: [UInt8], at now: Date, in access: ReadAccess) throws -> Session? {
        try access.first("\(Self.select) AND token_hash = $1 AND expires_at > $2", tokenHash, now).map(Session.init)
    }

    /// Nil where there is no such session.
    func owner(of id: SessionID, in access: ReadAccess) throws -> UserID? {
        try access.first("SELECT user_id FROM sessions WHERE id = $1", id).map { try $0.value("user_id") }
    }

    func all(of person: UserID, in access: ReadAccess) throws -> [SessionID] {
        try access.query("SELECT id FROM sessions WHERE user_id = $1", person).map { try $0.value("id") }
    }

    /// The last used first.
    func list(
        of person: UserID, at now: Date, most: Int, in access: ReadAccess
    ) throws -> [ListSessions.Shown] {
        try access.query(
            """
            SELECT id, device, last_address, created_at, last_used_at, expires_at, method FROM sessions \
            WHERE user_id = $1 AND expires_at > $2 ORDER BY last_used_at DESC, id DESC LIMIT $3
            """, person, now, most
        ).map(ListSessions.Shown.init)
    }

    func insert(
        _ session: Session, tokenHash: [UInt8], from origin: SessionOrigin, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO sessions (id, user_id, token_hash, created_at, expires_at, needs_new_cookie, address, device, \
            method, last_used_at, last_address) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $4, $7)
            """,
            session.id, session.userID, tokenHash, session.createdAt, session.expiresAt, session.needsNewCookie,
            origin.address, origin.device.text, origin.method)
    }

    func extend(_ id: SessionID, until end: Date, in transaction: Transaction) throws {
        try transaction.execute("UPDATE sessions SET expires_at = $2 WHERE id = $1", id, end)
    }

    /// Its person may more from now on: cookies that were given before are given anew.
    func askForNewCookies(of user: UserID, in transaction: Transaction) throws {
        try transaction.execute("UPDATE sessions SET needs_new_cookie = 1 WHERE user_id = $1", user)
    }

    /// - Returns: false where no new one is needed any more.
    func setCookie(_ id: SessionID, _ tokenHash: [UInt8], in transaction: Transaction) throws -> Bool {
        try transaction.execute(
            "UPDATE sessions SET token_hash = $2, needs_new_cookie = 0 WHERE id = $1 AND needs_new_cookie = 1",
            id, tokenHash) > 0
    }

    /// Never back, whichever server is the last to write.
    func setUsed(_ id: SessionID, at moment: Date, from address: String, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE sessions SET last_used_at = $2, last_address = $3 WHERE id = $1 AND last_used_at < $2",
            id, moment, address)
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
        isOTPEnabled = try row.value("is_otp_enabled")
        passwordChangedAt = try row.value("password_changed_at")
        createdAt = try row.value("created_at")
        expiresAt = try row.value("expires_at")
        needsNewCookie = try row.value("needs_new_cookie")
    }
}
