import Cryptography
import FoundationEssentials
import OpenIDConnect
import SQL

/// One attempt to sign in at a provider that is under way: bound to the browser that began it and to the issuer it was sent to.
struct OutsideAttempt: Sendable {
    let secrets: AuthorizationAttempt
    let provider: String
    let issuer: String
    let next: OwnPath
    /// The sign-in of the person who links; nil where somebody signs in.
    let linkSession: SessionID?
}

/// Keeps attempts until their answer comes, once, or for ten minutes.
struct OutsideAttempts: Sendable {
    static let lifetime: TimeInterval = 600

    /// - Parameter browser: what the cookie of the browser says.
    func insert(
        _ attempt: OutsideAttempt, browser: SessionSecret, at now: Date, in transaction: Transaction
    ) throws {
        try transaction.execute("DELETE FROM outside_attempts WHERE expires_at <= $1", now)
        try transaction.execute(
            """
            INSERT INTO outside_attempts (state_hash, browser_hash, provider, issuer, nonce, verifier, next_path, \
            link_session, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            SHA256.hash(attempt.secrets.state), browser.hash, attempt.provider, attempt.issuer, attempt.secrets.nonce,
            attempt.secrets.verifier, attempt.next.text, attempt.linkSession, now + Self.lifetime)
    }

    /// The attempt, which is over with this; nil where there is none, or it is another browser's. What another browser brings does
    /// not end an attempt: its own may still come.
    func take(
        state: String, browser: SessionSecret, at now: Date, in transaction: Transaction
    ) throws -> OutsideAttempt? {
        let hash = SHA256.hash(state)
        let row = try transaction.first(
            """
            SELECT provider, issuer, nonce, verifier, next_path, link_session FROM outside_attempts \
            WHERE state_hash = $1 AND browser_hash = $2 AND expires_at > $3
            """, hash, browser.hash, now)
        guard let row else { return nil }
        try transaction.execute("DELETE FROM outside_attempts WHERE state_hash = $1", hash)
        return OutsideAttempt(
            secrets: AuthorizationAttempt(
                state: state, nonce: try row.value("nonce"), verifier: try row.value("verifier")),
            provider: try row.value("provider"), issuer: try row.value("issuer"),
            next: OwnPath(try row.value("next_path")) ?? .home, linkSession: try row.value("link_session"))
    }
}
