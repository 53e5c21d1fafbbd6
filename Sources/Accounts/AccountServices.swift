import Bus
import Cryptography
import FoundationEssentials
import Mail
import Reactor
import SQL
import Security
import Telemetry
import Web

/// People and their sign-ins, wired: a use case each, which has what it needs and no more.
public struct AccountServices: Sendable {
    /// What the room stands on.
    public struct Foundation: Sendable {
        public var database: Database
        /// On a small pool of its own; its queue's bound is what sign-ins beyond it are refused by.
        public var hasher: PasswordHasher
        public var secret: SigningSecret
        /// Told of each change of who may be here.
        public var follow: AccessFollower
        /// Nil where no other system wants to know.
        public var facts: Outbox?
        /// Nil where no mail is set up: then administrators hand links on.
        public var mail: MailQueue?
        /// Where limits are counted together with other servers; nil where each counts alone.
        public var redis: RedisLimits?
        /// Where people may sign in besides.
        public var providers = OutsideProviders()
        /// Nil where no proxy vouches for people.
        public var proxyUsers: ProxyUserRules?
        /// Makes pairs of keys, off the event loops: for RSA it takes a tenth of a second.
        public var makeTokenKey: @Sendable (SignatureAlgorithm) async throws -> PrivateKey = { try PrivateKey($0) }
        public var log: Log
        /// The database's clock; tests set their own.
        public var now: @Sendable () -> Date
        /// What limits are counted by.
        public var clock: @Sendable () -> MonotonicTime

        public init(
            database: Database, hasher: PasswordHasher, secret: SigningSecret,
            follow: @escaping AccessFollower = { _, _ in }, facts: Outbox? = nil, mail: MailQueue? = nil,
            redis: RedisLimits? = nil,
            log: Log = .silent, now: (@Sendable () -> Date)? = nil,
            clock: @escaping @Sendable () -> MonotonicTime = { .now }
        ) {
            self.database = database
            self.hasher = hasher
            self.secret = secret
            self.follow = follow
            self.facts = facts
            self.mail = mail
            self.redis = redis
            self.log = log
            self.now = now ?? { database.now }
            self.clock = clock
        }
    }

    /// Who is asking.
    public let callers: FindCaller
    /// What other servers announce of who may be here.
    public let changes: AccessChanges
    public let findPerson: FindPerson

    let signIn: SignIn
    let refresh: RefreshSession
    let renewSession: RenewSession
    let endSession: EndSession
    let listSessions: ListSessions
    let changePassword: ChangePassword
    let changeProfile: ChangeProfile
    let proveOwner: ProveOwner
    let allowsSelfRemoval: Bool
    let otpRoutes: OTPRoutes

    public let administrators: MakeAdministrator
    public let unlock: UnlockAccount
    public let listPeople: ListPeople
    public let createPerson: CreatePerson
    public let changePerson: ChangePerson
    public let importPeople: ImportPeople
    let groups: ManageGroups
    let registration: RegistrationServices
    /// For an operator on the command line.
    public let assignPassword: AssignPassword

    public let audit: AuditLog
    public let createToken: CreateAPIToken
    public let listTokens: ListAPITokens
    public let removeToken: RemoveAPIToken

    /// The keys of access tokens.
    public let tokenKeys: TokenKeyring

    let identities: IdentityRoutes

    /// What is done beside the requests.
    public let upkeep: AccountUpkeep

    let answers: SessionAnswers
    let database: Database
    let passwords: AccountPasswords
    let facts: PersonFacts
    let lookup: SessionLookup
    private let log: Log

    public init(_ foundation: Foundation, settings: AccountsSettings = AccountsSettings()) {
        let (secret, log, now) = (foundation.secret, foundation.log, foundation.now)
        let database = foundation.database
        self.database = database
        self.log = log
        facts = PersonFacts(outbox: foundation.facts, now: now)
        audit = AuditLog(database: database, now: now)
        let limits = SessionLimits(idle: settings.sessionLifetime, absolute: settings.longestSession)
        let uses = SessionUses()

        // Who is asking.
        lookup = SessionLookup(database: database)
        changes = AccessChanges(lookup: lookup, follow: foundation.follow)
        let csrf = CSRFTokens(key: secret.key(for: "csrf"))
        let jwt = JWT(secret: secret)
        tokenKeys = TokenKeyring(
            database: database, tokens: jwt, secret: secret, settings: settings, audit: audit, log: log, now: now,
            make: foundation.makeTokenKey)
        let tokens = AccessTokens(jwt: jwt, keyring: tokenKeys, lifetime: settings.accessTokenLifetime)
        let begin = BeginSession(tokens: tokens, limits: limits, audit: audit)
        let claim = ClaimAccount(
            changes: changes, facts: facts, audit: audit,
            removals: [
                { try OneTimeCodeStore().remove($0, in: $1) }, { try PasswordResetStore().removeAll(of: $0, in: $1) },
                { try APITokenStore().removeAll(of: $0, in: $1) },
            ])
        let proxyUsers = foundation.proxyUsers.map { [lookup, facts, audit] rules in
            ProxyUsers(
                rules, database: database, lookup: lookup, begin: begin, claim: claim, facts: facts, audit: audit,
                log: log, now: now)
        }
        let duties = DutyRules(otpRoles: settings.otpRoles, passwordMaximumAge: settings.passwordMaximumAge)
        callers = FindCaller(
            lookup: lookup, tokens: tokens, csrf: csrf, uses: uses, proxyUsers: proxyUsers, duties: duties, now: now)
        findPerson = FindPerson(database: database, lookup: lookup, now: now)

        createToken = CreateAPIToken(audit: audit)
        listTokens = ListAPITokens(database: database)
        removeToken = RemoveAPIToken(audit: audit, changes: changes)
        answers = SessionAnswers(
            csrf: csrf, duties: duties, accessTokenLifetime: settings.accessTokenLifetime,
            deviceLifetime: settings.deviceLifetime, now: now)

        // Sessions.
        endSession = EndSession(database: database, changes: changes, audit: audit, log: log)
        renewSession = RenewSession(database: database, lookup: lookup, limits: limits, now: now)
        listSessions = ListSessions(database: database, now: now)
        refresh = RefreshSession(
            database: database, end: endSession, tokens: tokens, limits: limits, key: secret.key(for: "refresh-tokens"),
            unknownTokens: SharedBuckets(
                "unknown_tokens", burst: settings.maximumUnknownTokens,
                interval: .seconds(60) / settings.maximumUnknownTokens, redis: foundation.redis,
                clock: foundation.clock), audit: audit, log: log, now: now)

        // Signing in.
        passwords = AccountPasswords(hasher: foundation.hasher)
        let post = PostLetter(
            queue: foundation.mail, site: PublicSite(address: settings.publicAddress), now: now)
        let attempts = SignInAttempts(
            key: secret.key(for: "sign-in-attempts"), maximumFailures: settings.maximumFailures,
            lockTime: settings.lockTime)
        let turns = SignInTurns()
        let keys = OneTimeCodeKeys(secret: secret)
        let tellLockedOut = TellLockedOut(
            database: database, post: post,
            allowance: LetterAllowance(
                buckets: SharedBuckets(
                    "lock_letters", burst: 3, interval: .seconds(6 * 3600), redis: foundation.redis,
                    clock: foundation.clock)), lockTime: settings.lockTime)
        let checkOTP = CheckOTP(
            database: database, keys: keys, attempts: attempts, turns: turns, tellLockedOut: tellLockedOut, log: log,
            now: now)
        let check = CheckPassword(
            database: database, passwords: passwords, attempts: attempts, turns: turns,
            accountFailures: SharedBuckets(
                "account_failures", burst: settings.maximumFailuresPerAccount,
                interval: .seconds(settings.accountPause), redis: foundation.redis, clock: foundation.clock),
            checkOTP: checkOTP, tellLockedOut: tellLockedOut, log: log, now: now)
        signIn = SignIn(
            database: database, check: check, passwords: passwords, attempts: attempts,
            devices: KnownDevices(key: secret.key(for: "known-device"), lifetime: settings.deviceLifetime),
            networkFailures: SharedBuckets(
                "network_failures", burst: settings.maximumFailuresPerNetwork,
                interval: .seconds(settings.networkPeriod) / settings.maximumFailuresPerNetwork,
                redis: foundation.redis, clock: foundation.clock),
            begin: begin, end: endSession, facts: facts, audit: audit, log: log, now: now)

        // Of one's own.
        let policy = settings.passwordPolicy
        let former = FormerPasswords(count: settings.passwordHistory)
        let setPassword = SetPassword(changes: changes, former: former, facts: facts, post: post)
        let checkNew = CheckNewPassword(database: database, policy: policy, former: former, passwords: passwords)
        changePassword = ChangePassword(
            database: database, check: check, passwords: passwords,
            checkNew: checkNew, attempts: attempts, set: setPassword, begin: begin, audit: audit, log: log, now: now)
        assignPassword = AssignPassword(
            database: database, passwords: passwords, policy: policy, attempts: attempts, set: setPassword,
            audit: audit,
            log: log, now: now)
        changeProfile = ChangeProfile(database: database, changes: changes, facts: facts)
        proveOwner = ProveOwner(
            database: database, checkPassword: check, checkOTP: checkOTP, attempts: attempts,
            recentSignIn: settings.recentSignIn, now: now)
        allowsSelfRemoval = settings.allowsSelfRemoval

        // At other providers.
        let providers = foundation.providers
        identities = IdentityRoutes(
            begin: BeginOutsideSignIn(database: database, providers: providers, lookup: lookup, log: log, now: now),
            finish: FinishOutsideSignIn(
                database: database, providers: providers,
                admit: AdmitOutsidePerson(claim: claim, changes: changes, facts: facts, audit: audit, log: log),
                link: LinkIdentity(database: database, lookup: lookup, audit: audit, log: log, now: now), begin: begin,
                end: endSession, facts: facts, log: log, now: now),
            endByProvider: EndByProvider(
                database: database, providers: providers, end: endSession, log: log, now: now),
            endOutside: EndOutsideSession(database: database, providers: providers, end: endSession, log: log),
            list: ListIdentities(database: database),
            unlink: UnlinkIdentity(database: database, end: endSession, audit: audit, log: log), providers: providers,
            keyring: tokenKeys, answers: answers, address: settings.publicAddress)

        // By administrators and on the command line.
        administrators = MakeAdministrator(
            database: database, passwords: passwords, policy: policy, attempts: attempts, setPassword: setPassword,
            facts: facts, audit: audit, log: log, now: now)
        unlock = UnlockAccount(database: database, attempts: attempts, audit: audit, log: log)
        listPeople = ListPeople(database: database, now: now)
        createPerson = CreatePerson(
            database: database, passwords: passwords, policy: policy, facts: facts, audit: audit, log: log, now: now)
        changePerson = ChangePerson(
            database: database, attempts: attempts, changes: changes, facts: facts, audit: audit, log: log)
        importPeople = ImportPeople(
            database: database, change: changePerson, facts: facts, audit: audit, log: log, now: now)
        groups = ManageGroups(database: database, changes: changes, audit: audit, now: now)
        registration = RegistrationServices(
            foundation, settings: settings, post: post, passwords: passwords, checkNew: checkNew, begin: begin,
            attempts: attempts, setPassword: setPassword, facts: facts, audit: audit)

        upkeep = AccountUpkeep(database: database, attempts: attempts, uses: uses, log: log, now: now)
        otpRoutes = OTPRoutes(
            show: ShowOTP(database: database),
            setUp: SetUpOTP(
                database: database, keys: keys, checkPassword: check, attempts: attempts,
                recentSignIn: settings.recentSignIn, now: now),
            confirm: ConfirmOTP(
                database: database, keys: keys, begin: begin, changes: changes, post: post, audit: audit, log: log,
                now: now),
            disable: DisableOTP(check: checkOTP, changes: changes, post: post, audit: audit, log: log),
            renew: RenewRecoveryCodes(check: checkOTP, audit: audit, log: log), answers: answers)
    }

    /// The builder must have been made with the `accessCheck` of `callers`.
    ///
    /// - Parameter belongings: what people have in the other rooms.
    public func addRoutes(to router: RouterBuilder, belongings: PersonBelongings) {
        let remove = RemovePerson(
            database: database, change: changePerson, changes: changes, belongings: belongings, facts: facts,
            audit: audit, log: log)
        AccountRoutes(
            signIn: signIn, refresh: refresh, renew: renewSession, endSession: endSession, listSessions: listSessions,
            changePassword: changePassword, changeProfile: changeProfile, findPerson: findPerson,
            removeOwn: RemoveOwnAccount(
                database: database, prove: proveOwner, remove: remove, isAllowed: allowsSelfRemoval), answers: answers
        ).add(to: router)
        registration.addRoutes(to: router, answers)
        identities.add(to: router)
        otpRoutes.add(to: router)
        AdministrationRoutes(
            list: listPeople, create: createPerson, change: changePerson,
            changeMany: ChangePeople(database: database, change: changePerson), remove: remove,
            importing: importPeople, endSession: endSession, issueReset: registration.issueReset, groups: groups
        ).add(to: router)
        APITokenRoutes(list: listTokens, create: createToken, remove: removeToken).add(to: router)
        AuditRoutes(
            list: ListAudit(audit: audit), export: ExportAudit(audit),
            current: { [callers] in try await callers.current($0) }
        ).add(to: router)
    }

    /// The role that a person has in this transaction; nil for nobody, and for people who may not be here.
    public static func role(of person: UserID, in access: ReadAccess) throws -> Role? {
        guard let user = try UserStore().find(person, in: access), !user.isDisabled else { return nil }
        return user.role
    }
}
