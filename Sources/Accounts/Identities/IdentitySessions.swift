import Cryptography
import FoundationEssentials
import SQL

/// Which sign-ins began at a provider.
struct IdentitySessions: Sendable {
    /// What the end of a session at its provider takes.
    struct Origin: Sendable {
        let provider: String
        let idToken: String?
    }

    private static let longestToken = 8 << 10

    /// - Parameters:
    ///   - providerSession: the provider's own name for it.
    ///   - idToken: a longer one is not kept: it only spares the person a question.
    func insert(
        _ session: SessionID, of identity: IdentityID, providerSession: String?, idToken: String?,
        in transaction: Transaction
    ) throws {
        let kept = idToken.flatMap { $0.utf8.count <= Self.longestToken ? $0 : nil }
        try transaction.execute(
            "INSERT INTO identity_sessions (session_id, identity_id, provider_session, id_token) VALUES ($1, $2, $3, $4)",
            session, identity, providerSession, kept)
    }

    func origin(of session: SessionID, in access: ReadAccess) throws -> Origin? {
        try access.first(
            """
            SELECT provider, id_token FROM identity_sessions JOIN identities ON identities.id = identity_id \
            WHERE session_id = $1
            """, session
        ).map { Origin(provider: try $0.value("provider"), idToken: try $0.value("id_token")) }
    }

    func all(of identity: IdentityID, in access: ReadAccess) throws -> [SessionID] {
        try access.query("SELECT session_id FROM identity_sessions WHERE identity_id = $1", identity).map {
            try $0.value("session_id")
        }
    }

    /// Of the people of an issuer that a logout token means.
    func all(
        issuer: String, subject: String?, providerSession: String?, in access: ReadAccess
    ) throws -> [(session: SessionID, person: UserID)] {
        try access.query(
            """
            SELECT session_id, user_id FROM identity_sessions JOIN identities ON identities.id = identity_id \
            WHERE issuer = $1 AND (CAST($2 AS TEXT) IS NULL OR subject = $2) \
            AND (CAST($3 AS TEXT) IS NULL OR provider_session = $3)
            """, issuer, subject, providerSession
        ).map { (try $0.value("session_id"), try $0.value("user_id")) }
    }
}
