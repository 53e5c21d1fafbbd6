import FoundationEssentials
import SQL
import Security

/// Hashes of the passwords that a person had before, as many as the setting says.
struct FormerPasswords: Sendable {
    /// Each that is kept is one more hash to make when a password is changed.
    static let mostKept = 10

    /// At most `mostKept`.
    let count: Int

    init(count: Int) { self.count = min(max(count, 0), Self.mostKept) }

    /// The latest first; no more than `count`, also where more were kept under another setting.
    func hashes(of user: UserID, in access: ReadAccess) throws -> [PasswordHash] {
        guard count > 0 else { return [] }
        return try access.query(
            """
            SELECT password_hash FROM former_passwords WHERE user_id = $1 \
            ORDER BY replaced_at DESC, password_hash LIMIT $2
            """, user, count
        ).compactMap { try? PasswordHash(encoded: $0.value("password_hash")) }
    }

    /// Of an account that gets another owner: what a stranger had is nobody's own.
    static func removeAll(of user: UserID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM former_passwords WHERE user_id = $1", user)
    }

    /// Keeps what is replaced now, and forgets those beyond `count`.
    func keep(_ old: PasswordHash, of user: UserID, at now: Date, in transaction: Transaction) throws {
        if count > 0 {
            try transaction.execute(
                """
                INSERT INTO former_passwords (user_id, password_hash, replaced_at) VALUES ($1, $2, $3) \
                ON CONFLICT (user_id, password_hash) DO UPDATE SET replaced_at = $3
                """, user, old.encoded, now)
        }
        try transaction.execute(
            """
            DELETE FROM former_passwords WHERE user_id = $1 AND password_hash NOT IN \
            (SELECT password_hash FROM former_passwords WHERE user_id = $1 \
            ORDER BY replaced_at DESC, password_hash LIMIT $2)
            """, user, count)
    }
}
