import FoundationEssentials
import SQL

/// Begins sessions: whoever has proven a person's identity goes through this.
struct BeginSession: Sendable {
    let tokens: AccessTokens
    let limits: SessionLimits
    let audit: AuditLog
    private let sessions = SessionStore()
    private let refreshTokens = RefreshTokenStore()

    init(tokens: AccessTokens, limits: SessionLimits, audit: AuditLog) {
        self.tokens = tokens
        self.limits = limits
        self.audit = audit
    }

    func fresh(of user: User, at moment: Date) -> FreshSession {
        FreshSession(of: user, at: moment, until: limits.end(of: moment, usedAt: moment))
    }

    /// - Parameter isSignIn: false where the session takes the place of one that its person had.
    func insert(
        _ fresh: FreshSession, from origin: SessionOrigin, isSignIn: Bool = true, in transaction: Transaction
    ) throws {
        let session = fresh.session
        try sessions.insert(session, tokenHash: fresh.cookie.hash, from: origin, in: transaction)
        try refreshTokens.insert(
            hash: fresh.refresh.hash, of: session.id, at: session.createdAt, in: transaction)
        guard isSignIn else { return }
        let target = try UserStore().find(session.userID, in: transaction).map { AuditTarget($0) }
        var details: AuditDetails = [.method: .name(origin.method.rawValue)]
        details[.factor] = origin.factor.map { .name($0.rawValue) }
        details[.provider] = origin.provider.map { .name($0) }
        try audit.record(
            AuditEvent(
                .signedIn, of: target, by: AuditOrigin(.person(session.userID), at: origin.address), after: details),
            in: transaction)
    }

    /// After it was inserted.
    func issued(_ fresh: FreshSession, to user: User) throws -> IssuedSession {
        IssuedSession(
            user: user, session: fresh.session, cookieSecret: fresh.cookie, refreshSecret: fresh.refresh,
            accessToken: try tokens.issue(for: fresh.session, at: fresh.session.createdAt))
    }
}
