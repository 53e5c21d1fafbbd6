import Cryptography
import FoundationEssentials
import Reactor
import SQL
import Security
import Telemetry

/// People and their sign-ins. One file per use case extends it.
public final class Accounts: Sendable {
    let database: Database
    let hasher: PasswordHasher
    let tokens: JWT
    let csrfKey: HMACSHA256
    let settings: AccountsSettings
    let log: Log
    let now: @Sendable () -> Date
    let users = UserStore()
    let sessions = SessionStore()
    let refreshTokens = RefreshTokenStore()
    let attempts: SignInAttempts
    let devices: KnownDevices
    /// Wrong passwords of a network, whatever the accounts.
    let networkFailures: TokenBuckets<IPNetwork>
    /// Wrong passwords for an account, whatever the networks: many hosts together cannot guess on without a pause.
    let accountFailures: TokenBuckets<String>
    /// Refresh tokens that nobody has.
    let unknownTokens: TokenBuckets<IPNetwork>
    let turns = SignInTurns()
    let lookup: SessionLookup
    let follow: AccessFollower

    /// - Parameters:
    ///   - hasher: on a small pool of its own; its queue's bound is what sign-ins beyond it are refused by.
    ///   - now, clock: the time of day, and what limits are counted by; tests bring their own.
    ///   - follow: told of each change of who may be here.
    public init(
        database: Database, hasher: PasswordHasher, secret: SigningSecret,
        settings: AccountsSettings = AccountsSettings(),
        log: Log = .silent, now: @escaping @Sendable () -> Date = { Date() },
        clock: @escaping @Sendable () -> MonotonicTime = { .now },
        follow: @escaping AccessFollower = { _, _ in }
    ) {
        self.follow = follow
        self.database = database
        self.hasher = hasher
        self.settings = settings
        self.log = log
        self.now = now
        tokens = JWT(secret: secret)
        csrfKey = secret.key(for: "csrf")
        devices = KnownDevices(key: secret.key(for: "known-device"), lifetime: settings.deviceLifetime)
        attempts = SignInAttempts(
            key: secret.key(for: "sign-in-attempts"), maximumFailures: settings.maximumFailures,
            lockTime: settings.lockTime)
        networkFailures = TokenBuckets(
            burst: settings.maximumFailuresPerNetwork,
            interval: .seconds(settings.networkPeriod) / settings.maximumFailuresPerNetwork, clock: clock)
        accountFailures = TokenBuckets(
            burst: settings.maximumFailuresPerAccount, interval: .seconds(settings.accountPause), clock: clock)
        unknownTokens = TokenBuckets(
            burst: settings.maximumUnknownTokens, interval: .seconds(60) / settings.maximumUnknownTokens, clock: clock)
        lookup = SessionLookup(database: database)
    }

    public func user(_ id: UserID) async throws -> User? {
        try await database.read { [users] in try users.find(id, in: $0) }
    }

    /// A password check that says `busy` instead of waiting in an endless line.
    func verify(
        _ password: String, against hash: PasswordHash?, for asker: PasswordHasher.Asker
    ) async throws -> Bool {
        // Longer ones can be no password of ours; hashing them would be work for a stranger.
        let isPlausible = password.utf8.count <= PasswordPolicy.maximumByteCount
        do {
            return try await hasher.verify(
                isPlausible ? password : "", against: isPlausible ? hash : nil, for: asker)
        } catch BlockingPoolError.full {
            throw AccountsError.busy
        }
    }

    func hash(_ password: String, for asker: PasswordHasher.Asker = .server) async throws -> PasswordHash {
        do {
            return try await hasher.hash(password, for: asker)
        } catch BlockingPoolError.full {
            throw AccountsError.busy
        }
    }
}
