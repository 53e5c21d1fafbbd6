import FoundationEssentials
import Identifiers
import SQL

/// A mail on its way out, held by who sends it.
struct OutgoingMail: Sendable, Equatable {
    let id: MailID
    /// Nil for one that goes to nobody.
    let recipient: String?
    let message: [UInt8]
    /// When it is of no use any more.
    let expiresAt: Date
    /// This one included.
    let attempts: Int
    /// Names this taking of it: who was too late changes nothing.
    let lease: MailID
}

/// The rows of mails that wait. A row holds links that open accounts, so it goes when its mail was taken by a server, when it is given up,
/// and in any case when those links are over.
struct MailStore: Sendable {
    static let migrations: MigrationSet = [
        Migration(
            "mail-0001",
            [
                """
                CREATE TABLE outgoing_mails (
                    id TEXT PRIMARY KEY,
                    recipient TEXT,
                    message BYTEA NOT NULL,
                    created_at BIGINT NOT NULL,
                    expires_at BIGINT NOT NULL,
                    next_at BIGINT NOT NULL,
                    attempts BIGINT NOT NULL,
                    lease_owner TEXT,
                    lease TEXT
                )
                """,
                "CREATE INDEX outgoing_mails_by_time ON outgoing_mails (next_at, id)",
            ])
    ]

    func insert(
        _ id: MailID, to recipient: String?, _ message: [UInt8], at now: Date, until end: Date,
        in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO outgoing_mails (id, recipient, message, created_at, expires_at, next_at, attempts) \
            VALUES ($1, $2, $3, $4, $5, $4, 0)
            """, id, recipient, message, now, end)
    }

    /// The mail that has been due for the longest; nobody else gets it until `end`.
    func claim(
        for owner: LeaseOwner, at now: Date, until end: Date, in transaction: Transaction
    ) throws -> OutgoingMail? {
        let found = try transaction.first(
            "SELECT * FROM outgoing_mails WHERE next_at <= $1 ORDER BY next_at, id LIMIT 1"
                + transaction.skippingLocked("outgoing_mails"), now)
        guard let found else { return nil }
        let mail = OutgoingMail(
            id: try found.value("id"), recipient: try found.value("recipient"), message: try found.value("message"),
            expiresAt: try found.value("expires_at"), attempts: try found.value("attempts") + 1, lease: MailID())
        try transaction.execute(
            "UPDATE outgoing_mails SET next_at = $2, attempts = $3, lease_owner = $4, lease = $5 WHERE id = $1",
            mail.id, end,
            mail.attempts, owner.description, mail.lease)
        return mail
    }

    /// - Returns: false where somebody else has it by now.
    func remove(_ mail: OutgoingMail, in transaction: Transaction) throws -> Bool {
        try transaction.execute("DELETE FROM outgoing_mails WHERE id = $1 AND lease = $2", mail.id, mail.lease) == 1
    }

    /// Gives it back.
    func postpone(_ mail: OutgoingMail, until next: Date, attempts: Int, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE outgoing_mails SET next_at = $3, attempts = $4, lease_owner = NULL, lease = NULL \
            WHERE id = $1 AND lease = $2
            """, mail.id, mail.lease, next, attempts)
    }

    func owners(in access: ReadAccess) throws -> [LeaseOwner] {
        try access.query("SELECT DISTINCT lease_owner FROM outgoing_mails WHERE lease_owner IS NOT NULL").compactMap {
            LeaseOwner(try $0.value("lease_owner"))
        }
    }

    /// What a process that is gone has left is due at once.
    func free(_ owner: LeaseOwner, at now: Date, in transaction: Transaction) throws -> Int {
        try transaction.execute(
            "UPDATE outgoing_mails SET next_at = $2, lease_owner = NULL, lease = NULL WHERE lease_owner = $1",
            owner.description, now)
    }

    /// How many wait, and since when the first of them.
    func count(in access: ReadAccess) throws -> (count: Int, oldest: Date?) {
        let row = try access.first("SELECT COUNT(*) AS count, MIN(created_at) AS oldest FROM outgoing_mails")
        return (try row?.value("count") ?? 0, try row?.value("oldest") ?? nil)
    }
}
