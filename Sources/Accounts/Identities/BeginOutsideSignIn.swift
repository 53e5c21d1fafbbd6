import FoundationEssentials
import OpenIDConnect
import SQL
import Telemetry

/// Sends a browser to a provider.
struct BeginOutsideSignIn: Sendable {
    /// Who links another way in must have signed in within this time, in seconds.
    static let recent: TimeInterval = 15 * 60

    let database: Database
    let providers: OutsideProviders
    let lookup: SessionLookup
    let log: Log
    let now: @Sendable () -> Date
    private let attempts = OutsideAttempts()

    init(
        database: Database, providers: OutsideProviders, lookup: SessionLookup, log: Log,
        now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.providers = providers
        self.lookup = lookup
        self.log = log
        self.now = now
    }

    /// - Parameters:
    ///   - linking: the session of the person who links; nil signs in.
    ///   - browser: what the answer must come with.
    /// - Returns: the provider's address.
    /// - Throws: `AccountsError.noSuchProvider`; `OutsideProblem`.
    func callAsFunction(
        _ name: String, next: OwnPath, linking: SessionID?, browser: SessionSecret, redirectURI: String
    ) async throws -> String {
        let provider = try providers.find(name)
        let moment = now()
        if let linking {
            guard let session = try await lookup.session(linking, at: moment),
                moment.timeIntervalSince(session.createdAt) < Self.recent
            else { throw OutsideProblem.signInAgain }
        }
        let secrets = AuthorizationAttempt()
        let url: String
        do {
            url = try await provider.openID.authorizationURL(for: secrets, redirectURI: redirectURI)
        } catch let error as OpenIDError {
            log.warning("a provider cannot be used", ["provider": .string(name), "reason": .string(error.description)])
            throw OutsideProblem(error)
        }
        let attempt = OutsideAttempt(
            secrets: secrets, provider: name, issuer: provider.openID.description.issuer, next: next,
            linkSession: linking)
        try await database.write { try attempts.insert(attempt, browser: browser, at: moment, in: $0) }
        return url
    }
}
