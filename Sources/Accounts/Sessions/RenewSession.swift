import FoundationEssentials
import SQL

/// Keeps a browser's session alive: past half of its idle time it begins anew, and where its person may more than before,
/// its cookie has another secret from now on.
struct RenewSession: Sendable {
    let database: Database
    let lookup: SessionLookup
    let limits: SessionLimits
    let now: @Sendable () -> Date
    private let sessions = SessionStore()

    init(
        database: Database, lookup: SessionLookup, limits: SessionLimits, now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.lookup = lookup
        self.limits = limits
        self.now = now
    }

    /// - Returns: the session as it is now and the secret of its cookie; nil where both stay as they are.
    func callAsFunction(_ id: SessionID, _ secret: SessionSecret) async throws -> (Session, SessionSecret)? {
        guard let session = try await lookup.session(id, at: now()) else { return nil }
        if session.needsNewCookie { return try await newCookie(of: session) }
        let moment = now()
        let end = limits.end(of: session.createdAt, usedAt: moment)
        guard session.expiresAt.timeIntervalSince(moment) < limits.idle / 2, end > session.expiresAt else { return nil }
        try await database.write { transaction in
            try sessions.extend(id, until: end, in: transaction)
            transaction.afterCommit { [lookup] in lookup.forget(id) }
        }
        var renewed = session
        renewed.expiresAt = end
        return (renewed, secret)
    }

    private func newCookie(of session: Session) async throws -> (Session, SessionSecret)? {
        let new = SessionSecret()
        let isFirst = try await database.write { transaction in
            transaction.afterCommit { [lookup] in lookup.forget(session.id) }
            return try sessions.setCookie(session.id, new.hash, in: transaction)
        }
        // Another request of the same page was first, and its answer brings the new one.
        return isFirst ? (session, new) : nil
    }
}
