import Cryptography
import FoundationEssentials
import SQL

/// Counts wrong passwords by the address that was typed, whether it belongs to an account or not, and by where they came
/// from. So many in a row lock that source out of that account.
struct SignInAttempts: Sendable {
    let key: HMACSHA256
    let maximumFailures: Int
    let lockTime: TimeInterval
    /// More rows than this are not kept: the oldest go.
    var capacity = 200_000

    /// When the lock ends; nil where there is none.
    func lock(on account: String, from source: SignInSource, at now: Date, in access: ReadAccess) throws -> Date? {
        let row = try access.first(
            "SELECT locked_until FROM sign_in_attempts WHERE account_hash = $1 AND source_hash = $2",
            hash(account), hash(account, source))
        return try row?.value("locked_until", as: Date?.self).flatMap { now < $0 ? $0 : nil }
    }

    /// Counts a wrong password; the last one allowed locks.
    ///
    /// - Parameter user: whose account it is, for administrators to see; nil where nobody has it.
    /// - Returns: whether this one locked.
    @discardableResult
    func fail(
        _ account: String, of user: UserID?, from source: SignInSource, at now: Date, in transaction: Transaction
    ) throws -> Bool {
        let (account, source) = (hash(account), hash(account, source))
        // What is older than a lock lasts is forgotten.
        try transaction.execute(
            """
            INSERT INTO sign_in_attempts (account_hash, source_hash, failures, last_at, user_id) \
            VALUES ($1, $2, 1, $3, $5) \
            ON CONFLICT (account_hash, source_hash) DO UPDATE SET last_at = $3, \
            failures = CASE WHEN sign_in_attempts.last_at <= $4 THEN 1 ELSE sign_in_attempts.failures + 1 END
            """, account, source, now, now - lockTime, user)
        return try transaction.execute(
            """
            UPDATE sign_in_attempts SET locked_until = $3 \
            WHERE account_hash = $1 AND source_hash = $2 AND failures >= $4
            """, account, source, now + lockTime, maximumFailures) == 1
    }

    func forgive(_ account: String, from source: SignInSource, in transaction: Transaction) throws {
        try transaction.execute(
            "DELETE FROM sign_in_attempts WHERE account_hash = $1 AND source_hash = $2",
            hash(account), hash(account, source))
    }

    /// Frees an account from all locks.
    func forgiveAll(_ account: String, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM sign_in_attempts WHERE account_hash = $1", hash(account))
    }

    func prune(at now: Date, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM sign_in_attempts WHERE last_at <= $1", now - lockTime)
        try transaction.execute(
            """
            DELETE FROM sign_in_attempts WHERE last_at <= \
            (SELECT last_at FROM sign_in_attempts ORDER BY last_at DESC LIMIT 1 OFFSET $1)
            """, capacity)
    }

    private func hash(_ account: String) -> [UInt8] { key.authenticationCode(for: Array(account.utf8)) }

    private func hash(_ account: String, _ source: SignInSource) -> [UInt8] {
        key.authenticationCode(for: hash(account) + Array(source.text.utf8))
    }
}
