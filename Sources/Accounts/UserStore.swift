import FoundationEssentials
import SQL
import Security

struct UserStore: Sendable {
    static let columns = """
        users.id, email, name, role, locale, is_disabled, is_otp_enabled, users.created_at, password_hash
        """

    func find(_ id: UserID, in access: ReadAccess) throws -> User? {
        try access.first("SELECT \(Self.columns) FROM users WHERE id = $1", id).map(User.init)
    }

    func find(email: EmailAddress, in access: ReadAccess) throws -> User? {
        try access.first("SELECT \(Self.columns) FROM users WHERE email = $1", email).map(User.init)
    }

    func isEmpty(in access: ReadAccess) throws -> Bool {
        try access.first("SELECT id FROM users LIMIT 1") == nil
    }

    func insert(_ user: User, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO users (id, email, name, role, locale, is_disabled, is_otp_enabled, created_at, password_hash, \
            password_changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $8)
            """,
            user.id, user.email, user.name, user.role, user.locale, user.isDisabled, user.isOTPEnabled, user.createdAt,
            user.passwordHash?.encoded)
    }

    func setProfile(_ id: UserID, name: String, locale: String?, in transaction: Transaction) throws {
        try transaction.execute("UPDATE users SET name = $2, locale = $3 WHERE id = $1", id, name, locale)
    }

    func setRole(_ id: UserID, _ role: Role, in transaction: Transaction) throws {
        try transaction.execute("UPDATE users SET role = $2 WHERE id = $1", id, role)
    }

    func setDisabled(_ id: UserID, _ isDisabled: Bool, in transaction: Transaction) throws {
        try transaction.execute("UPDATE users SET is_disabled = $2 WHERE id = $1", id, isDisabled)
    }

    func setPassword(_ id: UserID, _ hash: PasswordHash, at moment: Date, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE users SET password_hash = $2, password_changed_at = $3 WHERE id = $1", id, hash.encoded, moment)
    }

    /// The same password at today's cost: only in place of the hash that was checked.
    func replaceHash(_ old: PasswordHash, with new: PasswordHash, of id: UserID, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2", id, old.encoded, new.encoded)
    }
}
