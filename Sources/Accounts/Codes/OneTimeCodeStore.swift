import FoundationEssentials
import SQL

/// The secrets of authenticators, sealed, and the hashes of recovery codes.
struct OneTimeCodeStore: Sendable {
    struct Stored: Sendable {
        let sealedSecret: [UInt8]
        /// The time step of the last code that was used.
        let lastStep: Int64
        /// Nil until its owner has shown that the authenticator has the secret.
        let confirmedAt: Date?
    }

    func find(_ user: UserID, in access: ReadAccess) throws -> Stored? {
        let row = try access.first(
            "SELECT sealed_secret, last_step, confirmed_at FROM one_time_codes WHERE user_id = $1", user)
        return try row.map { row in
            Stored(
                sealedSecret: try row.value("sealed_secret"), lastStep: try row.value("last_step"),
                confirmedAt: try row.value("confirmed_at"))
        }
    }

    /// Keeps a secret that has still to be confirmed, in place of another such one.
    ///
    /// - Returns: whether it is kept; not where one is confirmed.
    func propose(_ sealedSecret: [UInt8], for user: UserID, in transaction: Transaction) throws -> Bool {
        try transaction.execute(
            """
            INSERT INTO one_time_codes (user_id, sealed_secret, last_step) VALUES ($1, $2, 0) \
            ON CONFLICT (user_id) DO UPDATE SET sealed_secret = $2, last_step = 0 \
            WHERE one_time_codes.confirmed_at IS NULL
            """, user, sealedSecret) == 1
    }

    /// Marks the code of this step and all before it as used.
    ///
    /// - Returns: whether it was not.
    func use(step: Int64, of user: UserID, in transaction: Transaction) throws -> Bool {
        try transaction.execute(
            "UPDATE one_time_codes SET last_step = $2 WHERE user_id = $1 AND last_step < $2", user, step) == 1
    }

    func confirm(_ user: UserID, at now: Date, in transaction: Transaction) throws {
        try transaction.execute("UPDATE one_time_codes SET confirmed_at = $2 WHERE user_id = $1", user, now)
        try transaction.execute("UPDATE users SET is_otp_enabled = 1 WHERE id = $1", user)
    }

    /// Takes secret and recovery codes away: a password is enough again.
    func remove(_ user: UserID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM one_time_codes WHERE user_id = $1", user)
        try transaction.execute("DELETE FROM recovery_codes WHERE user_id = $1", user)
        try transaction.execute("UPDATE users SET is_otp_enabled = 0 WHERE id = $1", user)
    }

    func replaceRecoveryCodes(_ hashes: [[UInt8]], of user: UserID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM recovery_codes WHERE user_id = $1", user)
        for hash in hashes {
            try transaction.execute("INSERT INTO recovery_codes (user_id, code_hash) VALUES ($1, $2)", user, hash)
        }
    }

    /// - Returns: whether there is such a code that was not used.
    func useRecoveryCode(hash: [UInt8], of user: UserID, at now: Date, in transaction: Transaction) throws -> Bool {
        try transaction.execute(
            "UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL", user,
            hash, now) == 1
    }

    func recoveryCodesLeft(of user: UserID, in access: ReadAccess) throws -> Int {
        try access.query("SELECT code_hash FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL", user).count
    }
}
