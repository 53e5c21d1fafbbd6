import FoundationEssentials
import SQL
import Security
import Telemetry
import Web

/// A person whom an administrator makes.
public struct NewPerson: Sendable {
    var email: String
    var name: String
    var role: Role
    var locale: String?
    /// Nil for who chooses one by a link, or signs in elsewhere.
    var password: String?

    public init(email: String, name: String, role: Role, locale: String?, password: String?) {
        (self.email, self.name, self.role, self.locale, self.password) = (email, name, role, locale, password)
    }
}

/// Makes an account for somebody.
public struct CreatePerson: Sendable {
    let database: Database
    let passwords: AccountPasswords
    let policy: PasswordPolicy
    let facts: PersonFacts
    let audit: AuditLog
    let log: Log
    let now: @Sendable () -> Date
    private let users = UserStore()

    init(
        database: Database, passwords: AccountPasswords, policy: PasswordPolicy, facts: PersonFacts, audit: AuditLog,
        log: Log,
        now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.passwords = passwords
        self.policy = policy
        self.facts = facts
        self.audit = audit
        self.log = log
        self.now = now
    }

    /// - Throws: `Problem` that names each field that will not do; `AccountsError.emailTaken`.
    public func callAsFunction(_ person: NewPerson, by origin: AuditOrigin) async throws -> User {
        guard let email = EmailAddress(person.email) else { throw AccountsError.invalidEmail }
        var user = User(
            email: email, name: try PersonName(person.name).text, role: person.role, createdAt: now())
        if let locale = person.locale { try PersonLocale.check(locale) }
        user.locale = person.locale
        if let password = person.password {
            let complaints = policy.complaints(about: password)
            guard complaints.isEmpty else { throw Problem.invalid(complaints) }
            user.passwordHash = try await passwords.hash(password)
        }
        let made = user
        try await database.write { transaction in
            guard try users.find(email: email, in: transaction) == nil else { throw AccountsError.emailTaken }
            try users.insert(made, in: transaction)
            try facts.created(made, in: transaction)
            try audit.record(.made(made, by: origin), in: transaction)
        }
        log.info("person made", ["user_id": "\(made.id)", "role": .string(made.role.rawValue)])
        return made
    }
}
