import FoundationEssentials
import SQL

/// Links by which people choose a password without knowing the one before.
struct PasswordResetStore: Sendable {
    struct Stored: Sendable {
        let userID: UserID
        /// Whoever has the link can read the mail of the address.
        let wasMailed: Bool
    }

    /// That are kept in all.
    static let capacity = 20_000

    /// - Parameter user: nil makes a link that opens nothing.
    func insert(
        hash: [UInt8], of user: UserID?, wasMailed: Bool, at now: Date, until end: Date, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO password_resets (token_hash, user_id, was_mailed, created_at, expires_at) \
            VALUES ($1, $2, $3, $4, $5)
            """, hash, user, wasMailed, now, end)
    }

    func find(hash: [UInt8], at now: Date, in access: ReadAccess) throws -> Stored? {
        let row = try access.first(
            """
            SELECT user_id, was_mailed FROM password_resets \
            WHERE token_hash = $1 AND expires_at > $2 AND user_id IS NOT NULL
            """, hash, now)
        return try row.map { Stored(userID: try $0.value("user_id"), wasMailed: try $0.value("was_mailed")) }
    }

    func removeAll(of user: UserID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM password_resets WHERE user_id = $1", user)
    }

    func prune(at now: Date, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM password_resets WHERE expires_at <= $1", now)
        try transaction.execute(
            """
            DELETE FROM password_resets WHERE created_at <= \
            (SELECT created_at FROM password_resets ORDER BY created_at DESC LIMIT 1 OFFSET $1)
            """, Self.capacity)
    }
}
