import BaseEncoding
import Cryptography
import FoundationEssentials
import Reactor
import SQL
import Security
import Synchronization
import Telemetry

/// Keeps the pairs of keys that access tokens are signed with where a pair is asked for: in the database, so that all its servers
/// have the same, with the private halves encrypted by a key of the installation's secret.
///
/// A key signs until it is old, or until `rotate`. Then another does, and what the old one signed is good until it is over: nobody is
/// signed out. A server that meets a token of a key which it does not know looks for it (`keysMayBeNew`).
public final class TokenKeyring: Sendable {
    /// Of what this announces to other servers.
    public static let topic = "token-keys"

    private static let announcement = Announcement(topic, "changed")
    /// A server that has not heard of a new key signs with the old one; it looks each minute.
    private static let grace: TimeInterval = 600
    private static let shortestPause: TimeInterval = 5

    private let database: Database
    private let tokens: JWT
    private let sealingKey: [UInt8]
    private let settings: AccountsSettings
    private let audit: AuditLog
    private let log: Log
    private let now: @Sendable () -> Date
    private let make: @Sendable (SignatureAlgorithm) async throws -> PrivateKey
    private let store = TokenKeyStore()
    private let state = Mutex(State())

    private struct State {
        var published: [WebKey] = []
        var readAt: Date?
    }

    /// - Parameter make: a new pair; off the event loops, for RSA takes a tenth of a second.
    init(
        database: Database, tokens: JWT, secret: SigningSecret, settings: AccountsSettings, audit: AuditLog, log: Log,
        now: @escaping @Sendable () -> Date,
        make: @escaping @Sendable (SignatureAlgorithm) async throws -> PrivateKey = { try PrivateKey($0) }
    ) {
        self.database = database
        self.tokens = tokens
        sealingKey = secret.keyBytes(for: "token-keys")
        self.settings = settings
        self.audit = audit
        self.log = log
        self.now = now
        self.make = make
    }

    /// What others verify our tokens with (RFC 7517 5), the newest first.
    var published: WebKeySet { WebKeySet(state.withLock { $0.published }) }

    /// Reads the keys and makes a new one where none signs, or the one that does is old. Call it before the first request.
    public func tend() async throws {
        if isDue(try await load(), at: now()) { try await renew(onlyIfDue: true, by: .system) }
    }

    /// Looks each minute, until it is cancelled.
    public func run(on loop: EventLoop) async {
        while !Task.isCancelled {
            do { try await loop.sleep(for: .seconds(60)) } catch { return }
            do { try await tend() } catch {
                log.error("keys of tokens were not looked after", ["error": .error(error)])
            }
        }
    }

    /// A new key signs from now on, however young the last one is.
    ///
    /// - Returns: its name; nil where the installation's secret signs and there are none.
    public func rotate(by origin: AuditOrigin) async throws -> String? {
        guard settings.tokenAlgorithm != nil else { return nil }
        return try await renew(onlyIfDue: false, by: origin)
    }

    /// Another server has made a key.
    public func heard() async throws { try await load() }

    /// A token names a key that is not known here.
    ///
    /// - Returns: whether the keys were read anew, which strangers can have done only now and then.
    @discardableResult
    public func keysMayBeNew() async throws -> Bool {
        let moment = now()
        let isTooSoon = state.withLock { state in
            state.readAt.map { (0..<Self.shortestPause).contains(moment.timeIntervalSince($0)) } ?? false
        }
        guard !isTooSoon else { return false }
        try await load()
        return true
    }

    private func isDue(_ keys: [StoredTokenKey], at moment: Date) -> Bool {
        guard let signing = keys.first(where: { $0.endsAt == nil }) else { return settings.tokenAlgorithm != nil }
        return signing.algorithm != settings.tokenAlgorithm
            || moment.timeIntervalSince(signing.createdAt) >= settings.tokenKeyAge
    }

    @discardableResult
    private func renew(onlyIfDue: Bool, by origin: AuditOrigin) async throws -> String? {
        let fresh = try await settings.tokenAlgorithm.asyncMap { try sealed(try await make($0), at: now()) }
        let moment = now()
        let isMade = try await database.write { [self] transaction in
            try store.removeEnded(at: moment, in: transaction)
            let all = try store.all(at: moment, in: transaction)
            if onlyIfDue, !isDue(all, at: moment) { return false }
            try store.retire(at: moment + settings.accessTokenLifetime + Self.grace, in: transaction)
            if let fresh { try store.insert(fresh, in: transaction) }
            let old = all.first { $0.endsAt == nil }
            try audit.record(
                AuditEvent(
                    .keysRotated, of: AuditTarget(.key, id: (fresh ?? old)?.id), by: origin,
                    before: Self.told(old), after: Self.told(fresh)), in: transaction)
            try transaction.announce(Self.announcement)
            return true
        }
        try await load()
        guard isMade else { return nil }
        log.info("a new key signs access tokens", ["kid": .string(fresh?.id ?? "none")])
        return fresh?.id
    }

    /// Its name, which each token shows anybody.
    private static func told(_ key: StoredTokenKey?) -> AuditDetails {
        key.map { [.key: .name($0.id), .algorithm: .name($0.algorithm.rawValue)] } ?? [:]
    }

    @discardableResult
    private func load() async throws -> [StoredTokenKey] {
        let moment = now()
        let stored = try await database.read { [store] in try store.all(at: moment, in: $0) }
        var keys = TokenKeys()
        var published: [WebKey] = []
        for each in stored {
            let pair = try opened(each)
            published.append(WebKey(pair.publicKey, algorithm: pair.algorithm))
            keys.verifying[each.id] = TokenKeys.Verifying(pair.publicKey, pair.algorithm)
            let signs = each.endsAt == nil && each.algorithm == settings.tokenAlgorithm
            if signs, keys.signing == nil { keys.signing = (each.id, pair) }
        }
        tokens.use(keys)
        state.withLock { $0 = State(published: published, readAt: moment) }
        return stored
    }

    private func sealed(_ pair: PrivateKey, at moment: Date) throws -> StoredTokenKey {
        let id = WebKey(pair.publicKey, algorithm: pair.algorithm).kid ?? ""
        let sealed = try AES256GCM(key: sealingKey).seal(try pair.der(), for: Array(id.utf8))
        return StoredTokenKey(id: id, algorithm: pair.algorithm, sealed: sealed, createdAt: moment)
    }

    private func opened(_ stored: StoredTokenKey) throws -> PrivateKey {
        let pair = try PrivateKey(der: try AES256GCM(key: sealingKey).open(stored.sealed, for: Array(stored.id.utf8)))
        guard pair.algorithm == stored.algorithm else {
            throw CryptographyError(.unusableKey, "a row of token_keys holds another key than it says")
        }
        return pair
    }
}

extension Optional {
    fileprivate func asyncMap<T>(_ transform: (Wrapped) async throws -> T) async rethrows -> T? {
        switch self {
        case .some(let value): try await transform(value)
        case .none: nil
        }
    }
}
