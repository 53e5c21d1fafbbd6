import FoundationEssentials
import SQL
import Security

struct UserStore: Sendable {
    static let columns = """
        users.id, email, users.name, role, locale, is_disabled, is_otp_enabled, users.created_at, email_verified_at, \
        password_changed_at, password_hash
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
            INSERT INTO users (id, email, name, role, locale, is_disabled, is_otp_enabled, created_at, email_verified_at, \
            password_hash, password_changed_at, search_text) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $8, $11)
            """,
            user.id, user.email, user.name, user.role, user.locale, user.isDisabled, user.isOTPEnabled, user.createdAt,
            user.emailVerifiedAt, user.passwordHash?.encoded, user.searchText)
    }

    /// The first time counts.
    func setEmailVerified(_ id: UserID, at moment: Date, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE users SET email_verified_at = $2 WHERE id = $1 AND email_verified_at IS NULL", id, moment)
    }

    /// The name and the language.
    func setProfile(_ user: User, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE users SET name = $2, locale = $3, search_text = $4 WHERE id = $1",
            user.id, user.name, user.locale, user.searchText)
    }

    func setSignedIn(_ id: UserID, at moment: Date, in transaction: Transaction) throws {
        try transaction.execute("UPDATE users SET last_sign_in_at = $2 WHERE id = $1", id, moment)
    }

    /// Whether somebody else administers the house.
    func hasAdministrator(besides id: UserID, in access: ReadAccess) throws -> Bool {
        try access.first(
            "SELECT id FROM users WHERE role = 'admin' AND is_disabled = 0 AND id <> $1 LIMIT 1", id) != nil
    }

    /// Who administers the house the longest of those besides; nil where nobody does.
    func firstAdministrator(besides id: UserID, in access: ReadAccess) throws -> UserID? {
        try access.first(
            "SELECT id FROM users WHERE role = 'admin' AND is_disabled = 0 AND id <> $1 ORDER BY created_at, id LIMIT 1",
            id
        ).map { try $0.value("id") }
    }

    func remove(_ id: UserID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM users WHERE id = $1", id)
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
