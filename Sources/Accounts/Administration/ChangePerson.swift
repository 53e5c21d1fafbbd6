import FoundationEssentials
import SQL
import Telemetry
import Web

/// What an administrator changes about a person. What is nil stays.
public struct PersonEdit: Sendable, Equatable {
    public var name: String?
    public var role: Role?
    public var isDisabled: Bool?
    /// Frees the account from the locks of wrong passwords.
    public var isUnlocked = false
    /// Takes the one-time codes away, from who has lost the authenticator and the recovery codes.
    var losesOTP = false

    public init(name: String? = nil, role: Role? = nil, isDisabled: Bool? = nil, isUnlocked: Bool = false) {
        (self.name, self.role, self.isDisabled, self.isUnlocked) = (name, role, isDisabled, isUnlocked)
    }

    init(name: String?, role: Role?, isDisabled: Bool?, isUnlocked: Bool, losesOTP: Bool) {
        self.init(name: name, role: role, isDisabled: isDisabled, isUnlocked: isUnlocked)
        self.losesOTP = losesOTP
    }
}

/// Changes a person: what their sign-ins may do follows at once, on all servers. The last administrator can neither be disabled
/// nor get another role.
public struct ChangePerson: Sendable {
    let database: Database
    let attempts: SignInAttempts
    let changes: AccessChanges
    let facts: PersonFacts
    let audit: AuditLog
    let log: Log
    private let users = UserStore()
    private let sessions = SessionStore()

    init(
        database: Database, attempts: SignInAttempts, changes: AccessChanges, facts: PersonFacts, audit: AuditLog,
        log: Log
    ) {
        self.database = database
        self.attempts = attempts
        self.changes = changes
        self.facts = facts
        self.audit = audit
        self.log = log
    }

    /// - Returns: the person as they are now.
    /// - Throws: `AccountsError.noSuchPerson`, `lastAdministrator`; `Problem` where the name will not do.
    @discardableResult
    public func callAsFunction(_ id: UserID, _ edit: PersonEdit, by origin: AuditOrigin) async throws -> User {
        var edit = edit
        edit.name = try edit.name.map { try PersonName($0).text }
        let checked = edit
        let user = try await database.write { try apply(checked, to: id, by: origin, in: $0) }
        log.info("person changed", ["user_id": "\(id)", "role": .string(user.role.rawValue)])
        return user
    }

    /// - Parameter edit: its name is one.
    func apply(
        _ edit: PersonEdit, to id: UserID, by origin: AuditOrigin, in transaction: Transaction
    ) throws -> User {
        guard let old = try users.find(id, in: transaction) else { throw AccountsError.noSuchPerson }
        var user = old
        user.name = edit.name ?? old.name
        user.role = edit.role ?? old.role
        user.isDisabled = edit.isDisabled ?? old.isDisabled
        user.isOTPEnabled = old.isOTPEnabled && !edit.losesOTP
        let administered = old.role == .admin && !old.isDisabled
        if administered, user.role != .admin || user.isDisabled,
            try !users.hasAdministrator(besides: id, in: transaction)
        {
            throw AccountsError.lastAdministrator
        }
        if user.name != old.name {
            try users.setProfile(user, in: transaction)
            try facts.changed(.profile, of: id, in: transaction)
            try changes.announce(.profileChanged(id), in: transaction)
        }
        if user.role != old.role {
            try users.setRole(id, user.role, in: transaction)
            if user.role > old.role { try sessions.askForNewCookies(of: id, in: transaction) }
            try facts.changed(.role, of: id, in: transaction)
        }
        if user.isDisabled != old.isDisabled {
            try users.setDisabled(id, user.isDisabled, in: transaction)
            if user.isDisabled { try sessions.removeAll(of: id, in: transaction) }
            try facts.changed(.access, of: id, in: transaction)
        }
        if edit.losesOTP {
            try OneTimeCodeStore().remove(id, in: transaction)
            try audit.record(AuditEvent(.codesRemoved, of: AuditTarget(old), by: origin), in: transaction)
        }
        if user.role != old.role || user.isDisabled != old.isDisabled || user.isOTPEnabled != old.isOTPEnabled {
            try changes.announce(.personChanged(id), in: transaction)
        }
        if edit.isUnlocked {
            try attempts.forgiveAll(old.email.description, in: transaction)
            try audit.record(AuditEvent(.userUnlocked, of: AuditTarget(old), by: origin), in: transaction)
        }
        for event in AuditEvent.changes(
            from: old, name: user.name, role: user.role, isDisabled: user.isDisabled, by: origin)
        {
            try audit.record(event, in: transaction)
        }
        return user
    }
}
