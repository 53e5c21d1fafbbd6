import FoundationEssentials
import SQL
import Security

/// Counts failed sign-ins by the address that was typed, whether it belongs to an account or not.
///
/// An attempt is counted before the password is looked at and forgiven when it was right, so that many guesses at once
/// are no way around the limit.
struct SignInAttempts: Sendable {
    let key: HMACSHA256
    let maximumFailures: Int
    let lockTime: TimeInterval

    enum Verdict: Sendable, Equatable {
        case mayTry
        case locked(until: Date)
    }

    func begin(_ email: String, at now: Date, in transaction: Transaction) throws -> Verdict {
        try transaction.execute("DELETE FROM sign_in_attempts WHERE last_at < $1", now - lockTime)
        let account = hash(email)
        let row = try transaction.first(
            "SELECT failures, locked_until FROM sign_in_attempts WHERE account_hash = $1", account)
        let failures = try row?.value("failures", as: Int.self) ?? 0
        if let end = try row?.value("locked_until", as: Date?.self), now < end { return .locked(until: end) }
        if failures >= maximumFailures { return .locked(until: now + lockTime) }
        try transaction.execute(
            """
            INSERT INTO sign_in_attempts (account_hash, failures, last_at) VALUES ($1, 1, $2) \
            ON CONFLICT (account_hash) DO UPDATE SET failures = sign_in_attempts.failures + 1, last_at = $2
            """, account, now)
        return .mayTry
    }

    /// The attempt that was begun was wrong; with the last one allowed the account is locked.
    func fail(_ email: String, at now: Date, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE sign_in_attempts SET locked_until = $3 WHERE account_hash = $1 AND failures >= $2",
            hash(email), maximumFailures, now + lockTime)
    }

    func forgive(_ email: String, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM sign_in_attempts WHERE account_hash = $1", hash(email))
    }

    private func hash(_ email: String) -> [UInt8] { key.authenticationCode(for: Array(email.utf8)) }
}
