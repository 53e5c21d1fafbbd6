import FoundationEssentials
import SQL

/// Gives an account whose address nobody had shown to be theirs to the person who just has: whoever made it before may have been a
/// stranger who was waiting for them. Whatever opens the account goes: its password, its sign-ins, its codes, its links. So does what
/// waits for the address in mails, and the former passwords, with which the new owner's next one is not compared.
/// (Sudhodanan and Paverd, "Pre-hijacked accounts", 2022.)
struct ClaimAccount: Sendable {
    let changes: AccessChanges
    let facts: PersonFacts
    let audit: AuditLog
    /// What else opens an account, of other parts of the room: each removes its own.
    let removals: [@Sendable (UserID, Transaction) throws -> Void]
    private let users = UserStore()
    private let sessions = SessionStore()
    private let identities = IdentityStore()
    private let registrations = RegistrationStore()

    init(
        changes: AccessChanges, facts: PersonFacts, audit: AuditLog,
        removals: [@Sendable (UserID, Transaction) throws -> Void] = []
    ) {
        self.changes = changes
        self.facts = facts
        self.audit = audit
        self.removals = removals
    }

    func callAsFunction(
        _ user: inout User, at moment: Date, by origin: AuditOrigin, in transaction: Transaction
    ) throws {
        let linked = try identities.all(of: user.id, in: transaction).count
        try audit.record(
            AuditEvent(
                .userClaimed, of: AuditTarget(user), by: origin,
                before: [
                    .hasPassword: .flag(user.passwordHash != nil), .hasCodes: .flag(user.isOTPEnabled),
                    .identities: .number(linked),
                ], after: [.hasPassword: .flag(false), .hasCodes: .flag(false), .identities: .number(0)]),
            in: transaction)
        try transaction.execute(
            """
            UPDATE users SET password_hash = NULL, password_changed_at = $2, is_otp_enabled = 0, \
            email_verified_at = $2 WHERE id = $1
            """, user.id, moment)
        try identities.removeAll(of: user.id, in: transaction)
        try sessions.removeAll(of: user.id, in: transaction)
        try registrations.removeAll(of: user.email, in: transaction)
        try FormerPasswords.removeAll(of: user.id, in: transaction)
        for remove in removals { try remove(user.id, transaction) }
        try changes.announce(.personChanged(user.id), in: transaction)
        try facts.changed(.password, of: user.id, in: transaction)
        user.passwordHash = nil
        user.isOTPEnabled = false
        user.emailVerifiedAt = moment
    }
}
