import FoundationEssentials
import SQL
import Security
import Telemetry

/// Somebody who registered and may come in.
struct Newcomer: Sendable {
    var email: EmailAddress
    var name: String
    var locale: String?
    var passwordHash: PasswordHash
    /// Gives the role; without one it is `user`.
    var invitation: InvitationID?
    /// Somebody reads the mail of the address and wants the account.
    var isVerified: Bool
}

/// Makes the account of a newcomer and begins its first session. What else waited for the same address, with whoever's password, ends.
struct AdmitPerson: Sendable {
    let database: Database
    let begin: BeginSession
    let facts: PersonFacts
    let audit: AuditLog
    let log: Log
    let now: @Sendable () -> Date
    private let users = UserStore()
    private let registrations = RegistrationStore()
    private let invitations = InvitationStore()

    init(
        database: Database, begin: BeginSession, facts: PersonFacts, audit: AuditLog, log: Log,
        now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.begin = begin
        self.facts = facts
        self.audit = audit
        self.log = log
        self.now = now
    }

    /// - Parameter registration: that the newcomer comes from, which must still be there.
    /// - Throws: `AccountsError.emailTaken`; `RegistrationError.noSuchInvitation`, `noSuchLink`.
    func callAsFunction(
        _ newcomer: Newcomer, of registration: RegistrationID? = nil, from origin: SessionOrigin
    ) async throws -> IssuedSession {
        let moment = now()
        let made: (user: User, fresh: FreshSession)
        do {
            made = try await database.write { transaction in
                if let registration, try !registrations.remove(registration, in: transaction) {
                    throw RegistrationError.noSuchLink
                }
                return try admit(newcomer, from: origin, at: moment, in: transaction)
            }
        } catch let error as SQLError where error.code == .uniqueViolation {
            // Another server was first.
            throw AccountsError.emailTaken
        }
        log.info("person registered", ["user_id": "\(made.user.id)", "role": .string(made.user.role.rawValue)])
        return try begin.issued(made.fresh, to: made.user)
    }

    private func admit(
        _ newcomer: Newcomer, from origin: SessionOrigin, at moment: Date, in transaction: Transaction
    ) throws -> (User, FreshSession) {
        guard try users.find(email: newcomer.email, in: transaction) == nil else { throw AccountsError.emailTaken }
        var user = User(email: newcomer.email, name: newcomer.name, role: .user, createdAt: moment)
        user.locale = newcomer.locale
        user.passwordHash = newcomer.passwordHash
        user.emailVerifiedAt = newcomer.isVerified ? moment : nil
        if let id = newcomer.invitation {
            // Before what refers to it goes with it.
            let invitation = try invitations.take(id, at: moment, in: transaction)
            guard let invitation, invitation.isFor(newcomer.email) else { throw RegistrationError.noSuchInvitation }
            user.role = invitation.role
        }
        let fresh = begin.fresh(of: user, at: moment)
        try users.insert(user, in: transaction)
        try audit.record(
            .made(
                user, by: AuditOrigin(.person(user.id), at: origin.address),
                coming: newcomer.invitation.map { .invitation($0) } ?? .registration), in: transaction)
        try registrations.removeAll(of: user.email, in: transaction)
        try begin.insert(fresh, from: origin, in: transaction)
        try users.setSignedIn(user.id, at: moment, in: transaction)
        try facts.created(user, in: transaction)
        try facts.signedIn(user, at: moment, in: transaction)
        return (user, fresh)
    }
}

extension Invitation {
    func isFor(_ address: EmailAddress) -> Bool { email == nil || email == address }
}
