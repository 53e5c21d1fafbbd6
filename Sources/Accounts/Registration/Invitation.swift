import FoundationEssentials
import Identifiers
import SQL

typealias InvitationID = Identifier<Invitation>

/// The right to make one account. Its role comes from here only.
struct Invitation: Sendable, Equatable {
    let id: InvitationID
    /// The only address that it is for; nil for any.
    let email: EmailAddress?
    let role: Role
    /// Of the letter.
    let locale: String?
    let createdBy: UserID
    let createdAt: Date
    let expiresAt: Date
    /// Who has it can read the mail of its address.
    let wasMailed: Bool
}

extension Invitation {
    init(_ row: Row) throws {
        id = try row.value("id")
        email = try row.value("email")
        role = try row.value("role")
        locale = try row.value("locale")
        createdBy = try row.value("created_by")
        createdAt = try row.value("created_at")
        expiresAt = try row.value("expires_at")
        wasMailed = try row.value("was_mailed")
    }
}

struct InvitationStore: Sendable {
    /// An invitation is worth what its maker may give: it ends when they may administer no more.
    private static let select = """
        SELECT invitations.* FROM invitations JOIN users ON users.id = created_by \
        WHERE users.role = 'admin' AND is_disabled = 0 AND expires_at > $1
        """

    func insert(_ invitation: Invitation, tokenHash: [UInt8], in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO invitations (id, token_hash, email, role, locale, created_by, created_at, expires_at, was_mailed) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """, invitation.id, tokenHash, invitation.email, invitation.role, invitation.locale, invitation.createdBy,
            invitation.createdAt, invitation.expiresAt, invitation.wasMailed)
    }

    func find(tokenHash: [UInt8], at now: Date, in access: ReadAccess) throws -> Invitation? {
        try access.first("\(Self.select) AND token_hash = $2", now, tokenHash).map(Invitation.init)
    }

    /// Also one that is good no more.
    func find(_ id: InvitationID, in access: ReadAccess) throws -> Invitation? {
        try access.first("SELECT * FROM invitations WHERE id = $1", id).map(Invitation.init)
    }

    /// Takes it: nobody can use it any more.
    func take(_ id: InvitationID, at now: Date, in transaction: Transaction) throws -> Invitation? {
        let found = try transaction.first("\(Self.select) AND invitations.id = $2", now, id).map(Invitation.init)
        guard let found, try remove(id, in: transaction) else { return nil }
        return found
    }

    /// The newest first.
    func list(before cursor: InvitationID?, at now: Date, limit: Int, in access: ReadAccess) throws -> [Invitation] {
        try access.query(
            "\(Self.select) AND ($2 = '' OR invitations.id < $2) ORDER BY invitations.id DESC LIMIT $3", now,
            cursor?.description ?? "", limit
        ).map(Invitation.init)
    }

    func count(in access: ReadAccess) throws -> Int {
        try access.first("SELECT COUNT(*) AS count FROM invitations")?.value("count") ?? 0
    }

    func remove(_ id: InvitationID, in transaction: Transaction) throws -> Bool {
        try transaction.execute("DELETE FROM invitations WHERE id = $1", id) == 1
    }

    func removeExpired(at now: Date, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM invitations WHERE expires_at <= $1", now)
    }
}
