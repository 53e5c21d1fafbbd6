import Bus
import FoundationEssentials
import Reactor
import SQL
import Security
import Telemetry

/// What a client sends to sign in.
struct Credentials: Sendable {
    var email: String
    var password: String
    /// A one-time code or a recovery code.
    var code: String?
    var address: SocketAddress
    var device = DeviceName(userAgent: nil)
    /// What the browser kept of an earlier sign-in.
    var deviceToken: String?
    /// The session that the browser had until now; it ends with the new one's beginning.
    var replaced: SessionSecret?
}

/// What a client gets for its password.
struct SignedIn: Sendable {
    var issued: IssuedSession
    var deviceToken: String
}

/// Checks a password and begins a session.
struct SignIn: Sendable {
    let database: Database
    let check: CheckPassword
    let passwords: AccountPasswords
    let attempts: SignInAttempts
    let devices: KnownDevices
    /// Wrong passwords of a network, whatever the accounts.
    let networkFailures: SharedBuckets<IPNetwork>
    let begin: BeginSession
    let end: EndSession
    let facts: PersonFacts
    let audit: AuditLog
    let log: Log
    let now: @Sendable () -> Date
    private let users = UserStore()
    private let sessions = SessionStore()

    init(
        database: Database, check: CheckPassword, passwords: AccountPasswords, attempts: SignInAttempts,
        devices: KnownDevices, networkFailures: SharedBuckets<IPNetwork>, begin: BeginSession, end: EndSession,
        facts: PersonFacts, audit: AuditLog, log: Log, now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.check = check
        self.passwords = passwords
        self.attempts = attempts
        self.devices = devices
        self.networkFailures = networkFailures
        self.begin = begin
        self.end = end
        self.facts = facts
        self.audit = audit
        self.log = log
        self.now = now
    }

    /// - Throws: `AccountsError`.
    func callAsFunction(_ credentials: Credentials) async throws -> SignedIn {
        // What cannot be an address goes the same way, under the beginning of what was typed.
        let account =
            EmailAddress(credentials.email)?.description
            ?? String(decoding: credentials.email.utf8.prefix(320), as: UTF8.self)
        let device = credentials.deviceToken.flatMap { devices.device(in: $0, of: account, at: now()) }
        let network = credentials.address.network
        let attempt = PasswordAttempt(
            account: account, password: credentials.password,
            source: device.map(SignInSource.device) ?? .network(network), asker: .network(network),
            secondStep: .code(credentials.code))
        let verdict: CheckPassword.Verdict
        do {
            verdict = device == nil ? try await checkStranger(attempt, network) : try await check(attempt)
        } catch let error as AccountsError {
            log.warning(
                "sign-in refused",
                ["reason": .string(error.problem.code), "address": .string(credentials.address.host)])
            throw refused(error, credentials)
        }
        let (user, factor): (User, SecondFactor?)
        switch verdict {
        case .right(let person, let given): (user, factor) = (person, given)
        case .wrongPassword: throw refused(.badCredentials, credentials)
        case .wrongCode: throw refused(.otpWrong, credentials)
        }
        guard !user.isDisabled else { throw refused(.accountDisabled, credentials) }
        let renewed = try await passwords.renewed(attempt.password, of: user.passwordHash, for: attempt.asker)
        let result = try await begin(credentials, attempt, user, factor, device ?? DeviceID(), renewed: renewed)
        log.info(
            "signed in",
            [
                "user_id": "\(user.id)", "session_id": "\(result.issued.session.id)",
                "address": .string(credentials.address.host),
            ])
        return result
    }

    /// Counts it for the audit.
    private func refused(_ error: AccountsError, _ credentials: Credentials) -> AccountsError {
        // Half of a sign-in: the code follows.
        if error == .otpRequired { return error }
        audit.count(
            AuditEvent(
                .signInRefused, of: EmailAddress(credentials.email).map { .account($0) },
                by: AuditOrigin(.stranger, from: credentials.address), after: [.reason: .name(error.problem.code)],
                outcome: .refused))
        return error
    }

    /// From a browser that is not known, an attempt takes part in the limit of its network as well.
    private func checkStranger(
        _ attempt: PasswordAttempt, _ network: IPNetwork
    ) async throws -> CheckPassword.Verdict {
        var verdict = CheckPassword.Verdict.wrongPassword
        do {
            _ = try await networkFailures.check(network) {
                verdict = try await check(attempt)
                if case .right = verdict { return true }
                return false
            }
        } catch let error as TooManyAttempts {
            throw AccountsError.tooManyAttempts(error)
        }
        return verdict
    }

    private func begin(
        _ credentials: Credentials, _ attempt: PasswordAttempt, _ user: User, _ factor: SecondFactor?,
        _ device: DeviceID, renewed: PasswordHash?
    ) async throws -> SignedIn {
        let moment = now()
        let fresh = begin.fresh(of: user, at: moment)
        let origin = SessionOrigin(
            address: credentials.address.host, device: credentials.device, factor: factor)
        try await database.write { transaction in
            try checkStanding(of: user, in: transaction)
            try attempts.forgive(attempt.account, from: attempt.source, in: transaction)
            if let old = user.passwordHash, let renewed {
                try users.replaceHash(old, with: renewed, of: user.id, in: transaction)
            }
            if let replaced = credentials.replaced,
                let old = try sessions.find(tokenHash: replaced.hash, at: moment, in: transaction)
            {
                try end.remove(old.id, of: old.userID, in: transaction)
            }
            try begin.insert(fresh, from: origin, in: transaction)
            try users.setSignedIn(user.id, at: moment, in: transaction)
            try facts.signedIn(user, at: moment, in: transaction)
        }
        return SignedIn(
            issued: try begin.issued(fresh, to: user),
            deviceToken: devices.token(for: device, of: attempt.account, at: moment))
    }

    /// What was proven must hold still: no sign-in slips through while a person changes the password or turns codes on, which
    /// ends all others.
    private func checkStanding(of user: User, in transaction: Transaction) throws {
        guard let present = try users.find(user.id, in: transaction),
            present.passwordChangedAt == user.passwordChangedAt
        else { throw AccountsError.badCredentials }
        guard !present.isDisabled else { throw AccountsError.accountDisabled }
        guard !present.isOTPEnabled || user.isOTPEnabled else { throw AccountsError.otpRequired }
    }
}
