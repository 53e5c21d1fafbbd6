import Cryptography
import FoundationEssentials
import OpenIDConnect
import SQL
import Telemetry

/// Ends the sign-ins that a provider says are over there (OpenID Connect Back-Channel Logout 2.6).
struct EndByProvider: Sendable {
    let database: Database
    let providers: OutsideProviders
    let end: EndSession
    let log: Log
    let now: @Sendable () -> Date
    private let identitySessions = IdentitySessions()

    init(
        database: Database, providers: OutsideProviders, end: EndSession, log: Log,
        now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.providers = providers
        self.end = end
        self.log = log
        self.now = now
    }

    /// - Throws: `AccountsError.noSuchProvider`, `badLogoutToken` also for one that was obeyed before.
    func callAsFunction(_ name: String, token text: String) async throws {
        let provider = try providers.find(name)
        let token: LogoutToken
        do {
            token = try await provider.openID.logoutToken(text)
        } catch let error as OpenIDError {
            log.warning(
                "a logout token is refused", ["provider": .string(name), "reason": .string(error.description)])
            throw AccountsError.badLogoutToken
        }
        let moment = now()
        let ended: Int? = try await database.write { transaction in
            try transaction.execute("DELETE FROM obeyed_logouts WHERE expires_at <= $1", moment)
            let hash = SHA256.hash("\(token.issuer)\n\(token.id)")
            // Longer than the token would be taken for a good one.
            let over = max(Date(timeIntervalSince1970: TimeInterval(token.expiresAt)), moment) + 3_600
            let isNew = try transaction.execute(
                "INSERT INTO obeyed_logouts (token_hash, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                hash, over)
            guard isNew > 0 else { return nil }
            let meant = try identitySessions.all(
                issuer: token.issuer, subject: token.subject, providerSession: token.sessionID, in: transaction)
            for (session, person) in meant { try end.remove(session, of: person, in: transaction) }
            return meant.count
        }
        guard let ended else { throw AccountsError.badLogoutToken }
        log.info("a provider ended sign-ins", ["provider": .string(name), "sessions": .init(ended)])
    }
}

/// Signs a person out here, and says where the browser goes to be signed out at the provider too.
struct EndOutsideSession: Sendable {
    let database: Database
    let providers: OutsideProviders
    let end: EndSession
    let log: Log
    private let identitySessions = IdentitySessions()

    init(database: Database, providers: OutsideProviders, end: EndSession, log: Log) {
        self.database = database
        self.providers = providers
        self.end = end
        self.log = log
    }

    /// - Parameter address: where the provider sends the browser afterwards.
    /// - Returns: nil where the provider knows no such end, or cannot be asked.
    func callAsFunction(_ caller: Caller, returningTo address: String) async throws -> String? {
        let origin = try await database.readOnce { try identitySessions.origin(of: caller.sessionID, in: $0) }
        try await end(caller.sessionID, of: caller.userID, by: AuditOrigin(AuditActor(caller)))
        guard let origin, let provider = try? providers.find(origin.provider) else { return nil }
        do {
            return try await provider.openID.endSessionURL(idToken: origin.idToken, returningTo: address)
        } catch let error as OpenIDError {
            log.warning(
                "a provider does not end its session",
                ["provider": .string(origin.provider), "reason": .string(error.description)])
            return nil
        }
    }
}
