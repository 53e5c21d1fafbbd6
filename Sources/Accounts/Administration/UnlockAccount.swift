import SQL
import Telemetry

/// Frees an account from the locks that wrong passwords have put on it.
public struct UnlockAccount: Sendable {
    let database: Database
    let attempts: SignInAttempts
    let audit: AuditLog
    let log: Log
    private let users = UserStore()

    init(database: Database, attempts: SignInAttempts, audit: AuditLog, log: Log) {
        self.database = database
        self.attempts = attempts
        self.audit = audit
        self.log = log
    }

    /// - Throws: `AccountsError.invalidEmail`; `noSuchAccount`.
    public func callAsFunction(email: String, by origin: AuditOrigin) async throws {
        guard let address = EmailAddress(email) else { throw AccountsError.invalidEmail }
        try await database.write { transaction in
            guard let user = try users.find(email: address, in: transaction) else { throw AccountsError.noSuchAccount }
            try attempts.forgiveAll(address.description, in: transaction)
            try audit.record(AuditEvent(.userUnlocked, of: AuditTarget(user), by: origin), in: transaction)
        }
        log.info("account unlocked", ["email": .string(address.description)])
    }
}
