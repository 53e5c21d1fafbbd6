import FoundationEssentials
import Identifiers
import SQL
import Security

typealias RegistrationID = Identifier<Registration>

/// A wish for an account that waits until somebody shows that its address is theirs. It is no account.
struct Registration: Sendable, Equatable {
    let id: RegistrationID
    let email: EmailAddress
    let name: String
    let locale: String?
    let passwordHash: PasswordHash
    let invitation: InvitationID?
    /// Whoever has the link can read the mail of the address.
    let wasMailed: Bool
    let createdAt: Date
    let expiresAt: Date
}

extension Registration {
    init(_ row: Row) throws {
        id = try row.value("id")
        email = try row.value("email")
        name = try row.value("name")
        locale = try row.value("locale")
        passwordHash = try PasswordHash(encoded: try row.value("password_hash"))
        invitation = try row.value("invitation_id")
        wasMailed = try row.value("was_mailed")
        createdAt = try row.value("created_at")
        expiresAt = try row.value("expires_at")
    }
}

struct RegistrationStore: Sendable {
    /// That wait for one address; the oldest goes.
    static let mostOfAddress = 20
    /// That wait in all.
    static let capacity = 20_000
    /// Passwords that may be tried with one link.
    static let mostAttempts = 5

    func insert(_ registration: Registration, tokenHash: [UInt8], in transaction: Transaction) throws {
        try transaction.execute(
            """
            DELETE FROM registrations WHERE email = $1 AND id NOT IN \
            (SELECT id FROM registrations WHERE email = $1 ORDER BY id DESC LIMIT $2)
            """, registration.email, Self.mostOfAddress - 1)
        try transaction.execute(
            """
            INSERT INTO registrations (id, token_hash, email, name, locale, password_hash, invitation_id, was_mailed, \
            attempts, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10)
            """, registration.id, tokenHash, registration.email, registration.name, registration.locale,
            registration.passwordHash.encoded, registration.invitation, registration.wasMailed, registration.createdAt,
            registration.expiresAt)
    }

    /// Whether the token is one; counts nothing.
    func isKnown(tokenHash: [UInt8], in access: ReadAccess) throws -> Bool {
        try access.first("SELECT id FROM registrations WHERE token_hash = $1", tokenHash) != nil
    }

    /// Counts one try of a password.
    ///
    /// - Returns: nil where no further one is allowed.
    func attempt(tokenHash: [UInt8], at now: Date, in transaction: Transaction) throws -> Registration? {
        let count = try transaction.execute(
            """
            UPDATE registrations SET attempts = attempts + 1 \
            WHERE token_hash = $1 AND expires_at > $2 AND attempts < $3
            """, tokenHash, now, Self.mostAttempts)
        guard count == 1 else { return nil }
        return try transaction.first("SELECT * FROM registrations WHERE token_hash = $1", tokenHash)
            .map(Registration.init)
    }

    /// Those that could become accounts, the newest first.
    func list(before cursor: RegistrationID?, at now: Date, limit: Int, in access: ReadAccess) throws -> [Registration]
    {
        try access.query(
            """
            SELECT * FROM registrations WHERE expires_at > $1 AND ($2 = '' OR id < $2) \
            AND NOT EXISTS (SELECT 1 FROM users WHERE users.email = registrations.email) ORDER BY id DESC LIMIT $3
            """, now, cursor?.description ?? "", limit
        ).map(Registration.init)
    }

    func find(_ id: RegistrationID, in access: ReadAccess) throws -> Registration? {
        try access.first("SELECT * FROM registrations WHERE id = $1", id).map(Registration.init)
    }

    /// Another token, with which the password may be tried anew. The one before is good no more.
    func setToken(
        _ id: RegistrationID, _ tokenHash: [UInt8], at now: Date, until end: Date, in transaction: Transaction
    ) throws -> Bool {
        try transaction.execute(
            """
            UPDATE registrations SET token_hash = $2, attempts = 0, was_mailed = 0, expires_at = $4 \
            WHERE id = $1 AND expires_at > $3 \
            AND NOT EXISTS (SELECT 1 FROM users WHERE users.email = registrations.email)
            """, id, tokenHash, now, end) == 1
    }

    /// - Returns: false where it is gone.
    func remove(_ id: RegistrationID, in transaction: Transaction) throws -> Bool {
        try transaction.execute("DELETE FROM registrations WHERE id = $1", id) == 1
    }

    func removeAll(of email: EmailAddress, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM registrations WHERE email = $1", email)
    }

    func prune(at now: Date, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM registrations WHERE expires_at <= $1", now)
        try transaction.execute(
            """
            DELETE FROM registrations WHERE id <= \
            (SELECT id FROM registrations ORDER BY id DESC LIMIT 1 OFFSET $1)
            """, Self.capacity)
    }
}
