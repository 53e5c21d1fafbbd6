import Cryptography
import FoundationEssentials
import SQL
import Security
import Telemetry

/// An administrator who was made just now. The password is known here and nowhere else: print it once.
public struct NewAdministrator: Sendable {
    public let user: User
    /// Nil when the operator chose the password.
    public let generatedPassword: String?
    /// The account was there before; it has a new password, is an administrator now and is not locked.
    public let existed: Bool
    /// The chosen password would not be taken from anyone else.
    public let isPasswordWeak: Bool
}

/// Makes administrators, from the settings at the first start and by the command line.
public struct MakeAdministrator: Sendable {
    let database: Database
    let passwords: AccountPasswords
    let policy: PasswordPolicy
    let attempts: SignInAttempts
    let setPassword: SetPassword
    let facts: PersonFacts
    let audit: AuditLog
    let log: Log
    let now: @Sendable () -> Date
    private let users = UserStore()

    init(
        database: Database, passwords: AccountPasswords, policy: PasswordPolicy, attempts: SignInAttempts,
        setPassword: SetPassword, facts: PersonFacts, audit: AuditLog, log: Log, now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.passwords = passwords
        self.policy = policy
        self.attempts = attempts
        self.setPassword = setPassword
        self.facts = facts
        self.audit = audit
        self.log = log
        self.now = now
    }

    /// Makes the first administrator when nobody has an account yet, from the settings or with a generated password.
    /// Nil when there are accounts.
    public func first(email: String?, password: String?) async throws -> NewAdministrator? {
        guard try await database.read({ try users.isEmpty(in: $0) }) else { return nil }
        return try await make(
            email: email ?? "admin@localhost", password: password, onlyIfEmpty: true, by: .system)
    }

    /// For `palco admin create`: makes an administrator, or gives an existing account a new password, the role, frees
    /// it from a lock and takes its one-time codes away.
    public func callAsFunction(
        email: String, password: String?, name: String? = nil, by origin: AuditOrigin
    ) async throws -> NewAdministrator {
        guard
            let made = try await make(email: email, password: password, name: name, onlyIfEmpty: false, by: origin)
        else { throw AccountsError.emailTaken }
        return made
    }

    private func make(
        email: String, password: String?, name: String? = nil, onlyIfEmpty: Bool, by origin: AuditOrigin
    ) async throws -> NewAdministrator? {
        guard let address = EmailAddress(email) else { throw AccountsError.invalidEmail }
        let chosen = password.flatMap { $0.isEmpty ? nil : $0 }
        let generated = chosen == nil ? Random.password() : nil
        let secret = chosen ?? generated ?? ""
        let hash = try await passwords.hash(secret)
        let moment = now()
        let result: (User, Bool)? = try await database.write { transaction in
            if onlyIfEmpty, try !users.isEmpty(in: transaction) { return nil }
            if let existing = try users.find(email: address, in: transaction) {
                return (try promote(existing, hash, at: moment, by: origin, in: transaction), true)
            }
            let shown = name ?? address.description.split(separator: "@").first.map(String.init) ?? "admin"
            var user = User(email: address, name: shown, role: .admin, createdAt: moment)
            user.passwordHash = hash
            try users.insert(user, in: transaction)
            try facts.created(user, in: transaction)
            try audit.record(.made(user, by: origin), in: transaction)
            return (user, false)
        }
        guard let (user, existed) = result else { return nil }
        log.info("administrator made", ["user_id": "\(user.id)", "existed": .bool(existed)])
        return NewAdministrator(
            user: user, generatedPassword: generated, existed: existed,
            isPasswordWeak: chosen.map { !policy.complaints(about: $0).isEmpty } ?? false)
    }

    private func promote(
        _ user: User, _ hash: PasswordHash, at moment: Date, by origin: AuditOrigin, in transaction: Transaction
    ) throws -> User {
        try setPassword(hash, of: user.id, at: moment, in: transaction)
        // Who may write the database is the way in for an administrator who lost the authenticator, too.
        try OneTimeCodeStore().remove(user.id, in: transaction)
        if user.isOTPEnabled {
            try audit.record(AuditEvent(.codesRemoved, of: AuditTarget(user), by: origin), in: transaction)
        }
        try users.setRole(user.id, .admin, in: transaction)
        try users.setDisabled(user.id, false, in: transaction)
        try facts.changed(.role, of: user.id, in: transaction)
        try attempts.forgiveAll(user.email.description, in: transaction)
        try audit.record(AuditEvent(.passwordChanged, of: AuditTarget(user), by: origin), in: transaction)
        for event in AuditEvent.changes(from: user, role: .admin, isDisabled: false, by: origin) {
            try audit.record(event, in: transaction)
        }
        return try users.find(user.id, in: transaction) ?? user
    }
}
