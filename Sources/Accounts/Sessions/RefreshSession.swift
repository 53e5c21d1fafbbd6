import BaseEncoding
import Bus
import Cryptography
import FoundationEssentials
import Reactor
import SQL
import Security
import Telemetry

/// What a client gets for its refresh token.
struct Refreshed: Sendable {
    var user: User
    var session: Session
    var refreshSecret: SessionSecret
    var accessToken: String
}

/// Takes a refresh token for a new pair. A used token that comes again ends its whole session.
///
/// Within `grace` it is answered with the same new token instead, as long as that one was not used: two tabs that wake at the
/// same moment, or an answer that was lost on its way, put nobody out. The new token is derived from the old one by a key that
/// only the server has, so nothing more is stored, and however many ask at once all get one and the same.
struct RefreshSession: Sendable {
    /// Seconds.
    static let grace: TimeInterval = 20

    private enum Outcome {
        case refreshed(User, Session)
        case unknown
        /// Somebody used the token before: one of the two is a thief, so both are put out.
        case reused(SessionID)
    }

    let database: Database
    let end: EndSession
    let tokens: AccessTokens
    let limits: SessionLimits
    /// Derives the next refresh token.
    let key: HMACSHA256
    /// Refresh tokens that nobody has.
    let unknownTokens: SharedBuckets<IPNetwork>
    let audit: AuditLog
    let log: Log
    let now: @Sendable () -> Date
    private let users = UserStore()
    private let sessions = SessionStore()
    private let refreshTokens = RefreshTokenStore()

    init(
        database: Database, end: EndSession, tokens: AccessTokens, limits: SessionLimits, key: HMACSHA256,
        unknownTokens: SharedBuckets<IPNetwork>, audit: AuditLog, log: Log, now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.end = end
        self.tokens = tokens
        self.limits = limits
        self.key = key
        self.unknownTokens = unknownTokens
        self.audit = audit
        self.log = log
        self.now = now
    }

    /// - Throws: `AccountsError.invalidRefreshToken`, `tooManyAttempts`.
    func callAsFunction(_ token: String, from address: SocketAddress) async throws -> Refreshed {
        let old = SessionSecret(token)
        // What nobody has is found out by a reader, so that strangers cannot keep the one writer busy.
        guard try await isKnown(old, from: address) else { throw AccountsError.invalidRefreshToken }
        let moment = now()
        let new = next(after: old)
        let outcome = try await database.write { try rotate(old, to: new, at: moment, from: address, in: $0) }
        switch outcome {
        case .refreshed(let user, let session):
            return Refreshed(
                user: user, session: session, refreshSecret: new,
                accessToken: try tokens.issue(for: session, at: moment))
        case .unknown: throw AccountsError.invalidRefreshToken
        case .reused(let session):
            log.warning("a used refresh token came again; its session is ended", ["session_id": "\(session)"])
            throw AccountsError.invalidRefreshToken
        }
    }

    private func next(after old: SessionSecret) -> SessionSecret {
        SessionSecret(Base64.url.encode(key.authenticationCode(for: Array(old.text.utf8))))
    }

    private func isKnown(_ secret: SessionSecret, from address: SocketAddress) async throws -> Bool {
        do {
            return try await unknownTokens.check(address.network) {
                try await database.read { try refreshTokens.find(hash: secret.hash, in: $0) != nil }
            }
        } catch let error as TooManyAttempts {
            throw AccountsError.tooManyAttempts(error)
        }
    }

    /// Answers instead of throwing, because what a reuse ends must be kept.
    private func rotate(
        _ old: SessionSecret, to new: SessionSecret, at moment: Date, from address: SocketAddress,
        in transaction: Transaction
    ) throws -> Outcome {
        guard let stored = try refreshTokens.find(hash: old.hash, in: transaction) else { return .unknown }
        if let used = stored.usedAt {
            let successor = try refreshTokens.find(hash: new.hash, in: transaction)
            guard moment < used + Self.grace, let successor, successor.usedAt == nil else {
                if let session = try sessions.find(stored.sessionID, at: moment, in: transaction) {
                    try end.remove(session.id, of: session.userID, in: transaction)
                    let target = try users.find(session.userID, in: transaction).map { AuditTarget($0) }
                    try audit.record(
                        AuditEvent(
                            .sessionRevoked, of: target, by: AuditOrigin(.stranger, from: address), outcome: .refused),
                        in: transaction)
                }
                return .reused(stored.sessionID)
            }
        }
        guard var session = try sessions.find(stored.sessionID, at: moment, in: transaction),
            let user = try users.find(session.userID, in: transaction)
        else { return .unknown }
        if stored.usedAt == nil {
            session.expiresAt = limits.end(of: session.createdAt, usedAt: moment)
            try sessions.extend(session.id, until: session.expiresAt, in: transaction)
            try refreshTokens.markUsed(hash: old.hash, at: moment, in: transaction)
            try refreshTokens.insert(hash: new.hash, of: session.id, at: moment, in: transaction)
            try refreshTokens.prune(session.id, in: transaction)
        }
        return .refreshed(user, session)
    }
}
