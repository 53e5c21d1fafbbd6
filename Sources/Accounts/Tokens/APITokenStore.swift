import FoundationEssentials
import SQL

struct APITokenStore: Sendable {
    static let migration =
        Migration(
            "accounts-0002-tokens",
            [
                """
                CREATE TABLE api_tokens (
                    id TEXT PRIMARY KEY,
                    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                    token_hash BYTEA NOT NULL UNIQUE,
                    name TEXT NOT NULL,
                    scopes TEXT NOT NULL,
                    created_at BIGINT NOT NULL,
                    expires_at BIGINT NOT NULL,
                    last_used_at BIGINT
                )
                """,
                "CREATE INDEX api_tokens_by_user ON api_tokens (user_id, created_at)",
                "CREATE INDEX api_tokens_by_end ON api_tokens (expires_at)",
            ])

    private static let columns = "id, user_id, name, scopes, created_at, expires_at, last_used_at"

    private static let selectSession = """
        SELECT api_tokens.id AS id, user_id, role, api_tokens.created_at AS created_at, expires_at, scopes, \
        is_otp_enabled, CASE WHEN password_hash IS NULL THEN NULL ELSE password_changed_at END AS password_changed_at \
        FROM api_tokens JOIN users ON users.id = user_id \
        WHERE is_disabled = 0
        """

    /// What a token opens now; nil where it is over, or its person may not be here.
    func session(hash: [UInt8], at now: Date, in access: ReadAccess) throws -> Session? {
        try access.first("\(Self.selectSession) AND token_hash = $1 AND expires_at > $2", hash, now)
            .map(Session.init(ofToken:))
    }

    func session(_ id: APITokenID, at now: Date, in access: ReadAccess) throws -> Session? {
        try access.first("\(Self.selectSession) AND api_tokens.id = $1 AND expires_at > $2", id, now)
            .map(Session.init(ofToken:))
    }

    /// The newest first.
    func list(of user: UserID, in access: ReadAccess) throws -> [APIToken] {
        try access.query(
            "SELECT \(Self.columns) FROM api_tokens WHERE user_id = $1 ORDER BY created_at DESC, id DESC", user
        ).map(APIToken.init)
    }

    func find(_ id: APITokenID, in access: ReadAccess) throws -> APIToken? {
        try access.first("SELECT \(Self.columns) FROM api_tokens WHERE id = $1", id).map(APIToken.init)
    }

    func count(of user: UserID, in access: ReadAccess) throws -> Int {
        try access.first("SELECT COUNT(*) AS count FROM api_tokens WHERE user_id = $1", user)?.value("count") ?? 0
    }

    func insert(_ token: APIToken, hash: [UInt8], in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO api_tokens (id, user_id, token_hash, name, scopes, created_at, expires_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """, token.id, token.userID, hash, token.name, token.scopes.map(\.rawValue).joined(separator: " "),
            token.createdAt, token.expiresAt)
    }

    func remove(_ id: APITokenID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM api_tokens WHERE id = $1", id)
    }

    func removeAll(of person: UserID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM api_tokens WHERE user_id = $1", person)
    }

    /// Never back, whichever server is the last to write.
    func setUsed(_ id: APITokenID, at moment: Date, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE api_tokens SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)",
            id, moment)
    }

    /// Forgets those that have been over for long.
    func removeExpired(before time: Date, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM api_tokens WHERE expires_at <= $1", time)
    }
}

extension Session {
    fileprivate init(ofToken row: Row) throws {
        let id: APITokenID = try row.value("id")
        let scopes = try row.value("scopes", as: String.self).split(separator: " ").compactMap {
            TokenScope(rawValue: String($0))
        }
        self.init(
            id: id.session, userID: try row.value("user_id"), role: try row.value("role"),
            isOTPEnabled: try row.value("is_otp_enabled"), passwordChangedAt: try row.value("password_changed_at"),
            createdAt: try row.value("created_at"), expiresAt: try row.value("expires_at"), needsNewCookie: false,
            token: TokenPass(id: id, scopes: Set(scopes)))
    }
}
