import FoundationEssentials
import HTTP
import SQL
import Synchronization
import Telemetry

/// Whom a proxy of the house vouches for, and by which field.
public struct ProxyUserRules: Sendable {
    public var field: FieldName
    public var proxies: TrustedProxies
    /// People who have no account get one.
    public var registers: Bool

    public init(field: FieldName, proxies: TrustedProxies, registers: Bool) {
        self.field = field
        self.proxies = proxies
        self.registers = registers
    }
}

/// Takes a trusted proxy's word for who sends a request: for houses whose people are signed in before the proxy (LDAP, SAML, client
/// certificates).
///
/// The field holds the person's e-mail address and comes with each request. One session of the person's stands behind it, so that
/// all that ends sessions ends this one too; the next request that the proxy lets through begins another. A browser sends such
/// requests by itself, so unsafe methods need the CSRF token as with a cookie.
///
/// - Rule: the proxy removes the field from what comes to it. From anyone else it is ignored.
final class ProxyUsers: Sendable {
    private static let capacity = 10_000

    private let rules: ProxyUserRules
    private let database: Database
    private let lookup: SessionLookup
    private let begin: BeginSession
    private let claim: ClaimAccount
    private let facts: PersonFacts
    private let audit: AuditLog
    private let log: Log
    private let now: @Sendable () -> Date
    private let users = UserStore()
    private let sessions = SessionStore()
    private let known = Mutex<[EmailAddress: SessionID]>([:])
    private let hasWarned = Atomic(false)

    init(
        _ rules: ProxyUserRules, database: Database, lookup: SessionLookup, begin: BeginSession, claim: ClaimAccount,
        facts: PersonFacts, audit: AuditLog, log: Log, now: @escaping @Sendable () -> Date
    ) {
        self.rules = rules
        self.database = database
        self.lookup = lookup
        self.begin = begin
        self.claim = claim
        self.facts = facts
        self.audit = audit
        self.log = log
        self.now = now
    }

    /// Nil where no proxy vouches for anybody.
    ///
    /// - Throws: `AccountsError.unknownProxyUser`; `notSignedIn` for who is disabled.
    func session(of request: Request) async throws -> Session? {
        let values = request.headers.values(of: rules.field).filter { !$0.isEmpty }
        guard let first = values.first else { return nil }
        guard rules.proxies.contains(request.proxyAddress ?? request.remoteAddress) else {
            warn(request)
            return nil
        }
        guard values.count == 1, let email = EmailAddress(first) else { throw AccountsError.unknownProxyUser }
        let moment = now()
        if let id = known.withLock({ $0[email] }), let session = try await lookup.session(id, at: moment) {
            return session
        }
        let origin = SessionOrigin(
            address: request.remoteAddress.host, device: DeviceName(userAgent: request.headers[.userAgent]),
            method: .proxy)
        let id = try await database.write { [self] in try session(of: email, from: origin, at: moment, in: $0) }
        known.withLock { known in
            if known.count >= Self.capacity { known = [:] }
            known[email] = id
        }
        return try await lookup.session(id, at: moment)
    }

    private func session(
        of email: EmailAddress, from origin: SessionOrigin, at moment: Date, in transaction: Transaction
    ) throws -> SessionID {
        var user: User
        if let found = try users.find(email: email, in: transaction) {
            user = found
            guard !user.isDisabled else { throw AccountsError.notSignedIn }
            if user.emailVerifiedAt == nil {
                try claim(&user, at: moment, by: AuditOrigin(.person(user), at: origin.address), in: transaction)
            }
        } else {
            guard rules.registers else { throw AccountsError.unknownProxyUser }
            user = User(
                email: email, name: String(email.description.prefix { $0 != "@" }), role: .user, createdAt: moment)
            user.emailVerifiedAt = moment
            try users.insert(user, in: transaction)
            try facts.created(user, in: transaction)
            try audit.record(
                .made(user, by: AuditOrigin(.person(user), at: origin.address), coming: .proxy), in: transaction)
        }
        if let running = try sessions.newest(of: user.id, by: .proxy, at: moment, in: transaction) { return running }
        let fresh = begin.fresh(of: user, at: moment)
        try begin.insert(fresh, from: origin, in: transaction)
        try users.setSignedIn(user.id, at: moment, in: transaction)
        try facts.signedIn(user, at: moment, in: transaction)
        return fresh.session.id
    }

    /// Once: strangers can send the field as often as they like.
    private func warn(_ request: Request) {
        guard !hasWarned.exchange(true, ordering: .relaxed) else { return }
        log.warning(
            "the field of PALCO_TRUSTED_USER_HEADER is ignored: its sender is not in PALCO_TRUSTED_PROXIES",
            ["address": .string(request.remoteAddress.host)])
    }
}

extension SessionStore {
    /// The last to begin that is good at `now`; nil where there is none.
    func newest(
        of person: UserID, by method: SignInMethod, at now: Date, in access: ReadAccess
    ) throws -> SessionID? {
        try access.first(
            """
            SELECT id FROM sessions WHERE user_id = $1 AND method = $2 AND expires_at > $3 \
            ORDER BY created_at DESC LIMIT 1
            """, person, method, now
        ).map { try $0.value("id") }
    }
}
