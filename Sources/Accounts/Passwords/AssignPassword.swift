import FoundationEssentials
import SQL
import Security
import Telemetry
import Web

/// Gives a person another password, for an operator on the command line: ends all their sign-ins, and the locks of wrong ones.
public struct AssignPassword: Sendable {
    let database: Database
    let passwords: AccountPasswords
    let policy: PasswordPolicy
    let attempts: SignInAttempts
    let set: SetPassword
    let audit: AuditLog
    let log: Log
    let now: @Sendable () -> Date
    private let users = UserStore()

    init(
        database: Database, passwords: AccountPasswords, policy: PasswordPolicy, attempts: SignInAttempts,
        set: SetPassword, audit: AuditLog, log: Log, now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.passwords = passwords
        self.policy = policy
        self.attempts = attempts
        self.set = set
        self.audit = audit
        self.log = log
        self.now = now
    }

    /// - Throws: `AccountsError.noSuchPerson`; `Problem` where the password will not do.
    public func callAsFunction(_ password: String, to id: UserID, by origin: AuditOrigin) async throws {
        let complaints = policy.complaints(about: password)
        guard complaints.isEmpty else { throw Problem.invalid(complaints) }
        let hash = try await passwords.hash(password)
        let moment = now()
        try await database.write { transaction in
            guard let user = try users.find(id, in: transaction) else { throw AccountsError.noSuchPerson }
            try set(hash, of: id, at: moment, in: transaction)
            try attempts.forgiveAll(user.email.description, in: transaction)
            try audit.record(AuditEvent(.passwordChanged, of: AuditTarget(user), by: origin), in: transaction)
        }
        log.info("password assigned", ["user_id": "\(id)"])
    }
}
