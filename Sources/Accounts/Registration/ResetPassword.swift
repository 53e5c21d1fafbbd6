import FoundationEssentials
import Reactor
import SQL
import Security
import Telemetry
import Web

/// Gives a person a new password who has a link for it. All their sign-ins end, as do locks and other links.
struct ResetPassword: Sendable {
    let database: Database
    let passwords: AccountPasswords
    let checkNew: CheckNewPassword
    let attempts: SignInAttempts
    let set: SetPassword
    let audit: AuditLog
    let log: Log
    let now: @Sendable () -> Date
    private let users = UserStore()
    private let resets = PasswordResetStore()
    private let registrations = RegistrationStore()
    private let identities = IdentityStore()
    private let tokens = APITokenStore()

    init(
        database: Database, passwords: AccountPasswords, checkNew: CheckNewPassword, attempts: SignInAttempts,
        set: SetPassword, audit: AuditLog, log: Log, now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.passwords = passwords
        self.checkNew = checkNew
        self.attempts = attempts
        self.set = set
        self.audit = audit
        self.log = log
        self.now = now
    }

    /// - Throws: `Problem` where the password will not do; `RegistrationError.noSuchLink`; `AccountsError.busy`.
    func callAsFunction(_ token: LinkToken, password: String, from address: SocketAddress) async throws {
        let complaints = checkNew.policy.complaints(about: password)
        guard complaints.isEmpty else { throw Problem.invalid(complaints) }
        let (tokenHash, moment, network) = (token.hash, now(), address.network)
        // Before the work of hashing.
        let known = try await database.readOnce { try resets.find(hash: tokenHash, at: moment, in: $0) }
        guard let known else { throw RegistrationError.noSuchLink }
        // What a person had before is told to nobody else.
        try await checkNew(password, of: known.userID, field: "password", for: .network(network))
        let hash = try await passwords.hash(password, for: .network(network))
        let user = try await database.write { transaction in
            guard let found = try resets.find(hash: tokenHash, at: moment, in: transaction),
                let user = try users.find(found.userID, in: transaction)
            else { throw RegistrationError.noSuchLink }
            // Whoever made an account with somebody else's address may have linked it to themselves before, or made tokens. One-time
            // codes stay: at worst they keep the owner out, and without them a mailbox alone would open every account.
            let isClaimed = found.wasMailed && user.emailVerifiedAt == nil
            if isClaimed {
                try identities.removeAll(of: user.id, in: transaction)
                try tokens.removeAll(of: user.id, in: transaction)
            }
            try set(hash, of: user.id, at: moment, in: transaction)
            if isClaimed { try FormerPasswords.removeAll(of: user.id, in: transaction) }
            try audit.record(
                AuditEvent(
                    .passwordChanged, of: AuditTarget(user), by: AuditOrigin(.person(user.id), at: address.host),
                    after: [.method: .name("reset_link")]),
                in: transaction)
            try attempts.forgiveAll(user.email.description, in: transaction)
            try registrations.removeAll(of: user.email, in: transaction)
            if found.wasMailed { try users.setEmailVerified(user.id, at: moment, in: transaction) }
            return user.id
        }
        log.info("password reset", ["user_id": "\(user)"])
    }
}
