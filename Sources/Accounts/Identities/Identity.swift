import FoundationEssentials
import Identifiers
import SQL

public typealias IdentityID = Identifier<Identity>

/// A person as an outside provider knows them, and whose account here that is.
///
/// - Rule: issuer and subject together are the one key. An address is none: it changes hands, and providers do not all check it.
public struct Identity: Sendable, Equatable {
    public let id: IdentityID
    let userID: UserID
    /// As settings call it.
    let provider: String
    let issuer: String
    let subject: String
    /// As the provider wrote it last; for people to read.
    var email: String?
    let createdAt: Date
    var lastUsedAt: Date?
}

struct IdentityStore: Sendable {
    static let migration = Migration(
        "accounts-0002-identities",
        [
            """
            CREATE TABLE identities (
                id TEXT PRIMARY KEY,
                user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                provider TEXT NOT NULL,
                issuer TEXT NOT NULL,
                subject TEXT NOT NULL,
                email TEXT,
                created_at BIGINT NOT NULL,
                last_used_at BIGINT,
                UNIQUE (issuer, subject)
            )
            """,
            "CREATE INDEX identities_by_user ON identities (user_id)",
            // Which sign-ins began at a provider, so that it can end them.
            """
            CREATE TABLE identity_sessions (
                session_id TEXT PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
                identity_id TEXT NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
                provider_session TEXT,
                id_token TEXT
            )
            """,
            "CREATE INDEX identity_sessions_by_identity ON identity_sessions (identity_id)",
            // Attempts that are under way: each is good for one answer.
            """
            CREATE TABLE outside_attempts (
                state_hash BYTEA PRIMARY KEY,
                browser_hash BYTEA NOT NULL,
                provider TEXT NOT NULL,
                issuer TEXT NOT NULL,
                nonce TEXT NOT NULL,
                verifier TEXT NOT NULL,
                next_path TEXT NOT NULL,
                link_session TEXT,
                expires_at BIGINT NOT NULL
            )
            """,
            "CREATE INDEX outside_attempts_by_end ON outside_attempts (expires_at)",
            // Logout tokens that were obeyed.
            """
            CREATE TABLE obeyed_logouts (
                token_hash BYTEA PRIMARY KEY,
                expires_at BIGINT NOT NULL
            )
            """,
            "CREATE INDEX obeyed_logouts_by_end ON obeyed_logouts (expires_at)",
        ])

    private static let columns = "id, user_id, provider, issuer, subject, email, created_at, last_used_at"

    func find(issuer: String, subject: String, in access: ReadAccess) throws -> Identity? {
        try access.first(
            "SELECT \(Self.columns) FROM identities WHERE issuer = $1 AND subject = $2", issuer, subject
        ).map(Identity.init)
    }

    /// The oldest first.
    func all(of person: UserID, in access: ReadAccess) throws -> [Identity] {
        try access.query(
            "SELECT \(Self.columns) FROM identities WHERE user_id = $1 ORDER BY created_at, id", person
        ).map(Identity.init)
    }

    /// Of many people by one statement: the names of providers, each once.
    func providers(ofEach people: [UserID], in access: ReadAccess) throws -> [UserID: [String]] {
        guard !people.isEmpty else { return [:] }
        var conditions = SQLConditions()
        conditions.require("user_id", isOneOf: people)
        let rows = try access.query(
            "SELECT DISTINCT user_id, provider FROM identities \(conditions.whereClause) ORDER BY user_id, provider",
            arguments: conditions.arguments)
        // bound: one key for each of the people asked for
        var found: [UserID: [String]] = [:]
        for row in rows { found[try row.value("user_id"), default: []].append(try row.value("provider")) }
        return found
    }

    func insert(_ identity: Identity, in transaction: Transaction) throws {
        try transaction.execute(
            "INSERT INTO identities (\(Self.columns)) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            identity.id, identity.userID, identity.provider, identity.issuer, identity.subject, identity.email,
            identity.createdAt, identity.lastUsedAt)
    }

    func setUsed(_ id: IdentityID, email: String?, at moment: Date, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE identities SET email = $2, last_used_at = $3 WHERE id = $1", id, email, moment)
    }

    func remove(_ id: IdentityID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM identities WHERE id = $1", id)
    }

    func removeAll(of person: UserID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM identities WHERE user_id = $1", person)
    }
}

extension Identity {
    init(_ row: Row) throws {
        id = try row.value("id")
        userID = try row.value("user_id")
        provider = try row.value("provider")
        issuer = try row.value("issuer")
        subject = try row.value("subject")
        email = try row.value("email")
        createdAt = try row.value("created_at")
        lastUsedAt = try row.value("last_used_at")
    }
}
