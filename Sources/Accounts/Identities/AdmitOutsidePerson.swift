import FoundationEssentials
import OpenIDConnect
import SQL
import Telemetry

/// Decides whose account a provider's person has here: the one that is linked, the one whose address the provider is believed about,
/// a new one where the operator allows it, or none.
struct AdmitOutsidePerson: Sendable {
    let claim: ClaimAccount
    let changes: AccessChanges
    let facts: PersonFacts
    let audit: AuditLog
    let log: Log
    private let users = UserStore()
    private let sessions = SessionStore()
    private let identities = IdentityStore()
    private let groups = GroupStore()

    init(claim: ClaimAccount, changes: AccessChanges, facts: PersonFacts, audit: AuditLog, log: Log) {
        self.claim = claim
        self.changes = changes
        self.facts = facts
        self.audit = audit
        self.log = log
    }

    /// - Parameter address: where the person is.
    /// - Returns: the person as they are now, and the identity that they came by.
    /// - Throws: `OutsideProblem`.
    func callAsFunction(
        _ person: OutsidePerson, at provider: OutsideProvider, _ moment: Date, from address: String,
        in transaction: Transaction
    ) throws -> (User, Identity) {
        var (user, identity) = try account(of: person, at: provider, moment, from: address, in: transaction)
        guard !user.isDisabled else { throw OutsideProblem.accountDisabled }
        guard !user.isOTPEnabled || provider.rules.hasSecondFactor else { throw OutsideProblem.codeRequired }
        if let role = provider.rules.role(of: person) {
            try setRole(role, of: &user, at: provider, from: address, in: transaction)
        }
        if let names = provider.rules.groups(of: person) {
            let origin = AuditOrigin(.system, at: address)
            try follow(names, of: user, at: provider, by: origin, in: transaction)
        }
        identity.email = person.email.map { String($0.prefix(320)) }
        identity.lastUsedAt = moment
        try identities.setUsed(identity.id, email: identity.email, at: moment, in: transaction)
        return (user, identity)
    }

    private func account(
        of person: OutsidePerson, at provider: OutsideProvider, _ moment: Date, from address: String,
        in transaction: Transaction
    ) throws -> (User, Identity) {
        if let known = try identities.find(issuer: person.issuer, subject: person.subject, in: transaction) {
            guard let user = try users.find(known.userID, in: transaction) else { throw OutsideProblem.notLinked }
            return (user, known)
        }
        let email = person.email.flatMap(EmailAddress.init)
        let isBelieved = email.map { provider.rules.believes(person, $0) } ?? false
        if let email, var user = try users.find(email: email, in: transaction) {
            guard isBelieved, !user.isDisabled else { throw OutsideProblem.notLinked }
            let origin = AuditOrigin(.person(user), at: address)
            if user.emailVerifiedAt == nil { try claim(&user, at: moment, by: origin, in: transaction) }
            try audit.record(.identity(.identityLinked, provider.name, of: user, by: origin), in: transaction)
            return (user, try insert(person, at: provider, of: user, moment, in: transaction))
        }
        guard provider.rules.registers else { throw OutsideProblem.notLinked }
        guard let email else { throw OutsideProblem.noAddress }
        let domains = provider.rules.domains
        guard domains.isEmpty || (isBelieved && domains.contains(email.domain)) else { throw OutsideProblem.notLinked }
        var user = User(email: email, name: Self.name(of: person, email), role: .user, createdAt: moment)
        user.emailVerifiedAt = isBelieved ? moment : nil
        try users.insert(user, in: transaction)
        try facts.created(user, in: transaction)
        try audit.record(
            .made(user, by: AuditOrigin(.person(user), at: address), coming: .provider(provider.name)), in: transaction)
        return (user, try insert(person, at: provider, of: user, moment, in: transaction))
    }

    private func insert(
        _ person: OutsidePerson, at provider: OutsideProvider, of user: User, _ moment: Date,
        in transaction: Transaction
    ) throws -> Identity {
        let identity = Identity(
            id: IdentityID(), userID: user.id, provider: provider.name, issuer: person.issuer, subject: person.subject,
            email: nil, createdAt: moment)
        try identities.insert(identity, in: transaction)
        return identity
    }

    /// The last administrator stays one, whatever a claim says.
    private func setRole(
        _ role: Role, of user: inout User, at provider: OutsideProvider, from address: String,
        in transaction: Transaction
    ) throws {
        guard role != user.role else { return }
        if user.role == .admin, try !users.hasAdministrator(besides: user.id, in: transaction) {
            transaction.afterCommit { [log, id = user.id] in
                log.warning("a provider would have taken the last administrator", ["user_id": "\(id)"])
            }
            return
        }
        try users.setRole(user.id, role, in: transaction)
        if role > user.role { try sessions.askForNewCookies(of: user.id, in: transaction) }
        try changes.announce(.personChanged(user.id), in: transaction)
        try facts.changed(.role, of: user.id, in: transaction)
        // No person did it: the provider's word, which the operator believes.
        try audit.record(
            AuditEvent(
                .roleChanged, of: AuditTarget(user), by: AuditOrigin(.system, at: address),
                before: [.role: .role(user.role)], after: [.role: .role(role), .provider: .name(provider.name)]),
            in: transaction)
        user.role = role
    }

    /// In and out of the groups that the provider names, which no person did.
    private func follow(
        _ names: [String], of user: User, at provider: OutsideProvider, by origin: AuditOrigin,
        in transaction: Transaction
    ) throws {
        let change = try groups.follow(names, of: user.id, by: provider.name, in: transaction)
        if !change.left.isEmpty {
            try changes.announce(.personChanged(user.id), in: transaction)
        } else if !change.joined.isEmpty {
            try changes.announce(.groupJoined(user.id), in: transaction)
        }
        for group in change.joined {
            try audit.record(.joined(user, group, by: origin), in: transaction)
        }
        for group in change.left {
            try audit.record(.left(user, group, by: origin), in: transaction)
        }
    }

    /// What the provider calls them, where that will do.
    private static func name(of person: OutsidePerson, _ email: EmailAddress) -> String {
        let told = person.name.flatMap { try? PersonName($0).text }
        return told ?? String(email.description.prefix { $0 != "@" })
    }
}
