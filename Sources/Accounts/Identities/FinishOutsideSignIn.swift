import FoundationEssentials
import OpenIDConnect
import SQL
import Telemetry

/// Takes a provider's answer and makes a sign-in of it, or a link between the provider's person and an account here.
///
/// - Rule: an identity is known by issuer and subject. To an account that is there already it is linked only by its signed-in owner,
///   or where the provider says that the address is theirs and the operator believes it about that address.
struct FinishOutsideSignIn: Sendable {
    struct Answer: Sendable {
        var provider: String
        var state: String
        /// What the browser's cookie says.
        var browser: SessionSecret
        var authorization: AuthorizationAnswer
        var redirectURI: String
        /// Who is signed in already; links are made for nobody else.
        var caller: SessionID?
        /// The session that ends with the new one's beginning.
        var replaced: SessionSecret?
        var origin: SessionOrigin
    }

    enum Outcome: Sendable {
        case signedIn(IssuedSession, OwnPath)
        case linked(OwnPath)
        /// Whoever is signed in stays so.
        case notLinked(OutsideProblem, OwnPath)
    }

    let database: Database
    let providers: OutsideProviders
    let admit: AdmitOutsidePerson
    let link: LinkIdentity
    let begin: BeginSession
    let end: EndSession
    let facts: PersonFacts
    let log: Log
    let now: @Sendable () -> Date
    private let attempts = OutsideAttempts()
    private let users = UserStore()
    private let sessions = SessionStore()
    private let identitySessions = IdentitySessions()

    init(
        database: Database, providers: OutsideProviders, admit: AdmitOutsidePerson, link: LinkIdentity,
        begin: BeginSession, end: EndSession, facts: PersonFacts, log: Log, now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.providers = providers
        self.admit = admit
        self.link = link
        self.begin = begin
        self.end = end
        self.facts = facts
        self.log = log
        self.now = now
    }

    /// - Throws: `AccountsError.noSuchProvider`; `OutsideProblem`.
    func callAsFunction(_ answer: Answer) async throws -> Outcome {
        let provider = try providers.find(answer.provider)
        let moment = now()
        let attempt = try await database.write { transaction in
            try attempts.take(state: answer.state, browser: answer.browser, at: moment, in: transaction)
        }
        // An answer is taken only at the provider that the browser was sent to (RFC 9700 4.4.2).
        guard let attempt, attempt.provider == answer.provider, attempt.issuer == provider.openID.description.issuer
        else { throw OutsideProblem.attemptOver }
        if let session = attempt.linkSession {
            do {
                // The same browser may have another person by now.
                guard session == answer.caller else { throw OutsideProblem.attemptOver }
                try await link(
                    try await person(answer, attempt, provider), at: provider, to: session,
                    from: answer.origin.address)
                return .linked(attempt.next)
            } catch let problem as OutsideProblem {
                return .notLinked(problem, attempt.next)
            }
        }
        return .signedIn(
            try await signIn(try await person(answer, attempt, provider), at: provider, answer), attempt.next)
    }

    private func person(
        _ answer: Answer, _ attempt: OutsideAttempt, _ provider: OutsideProvider
    ) async throws -> OutsidePerson {
        do {
            return try await provider.openID.person(
                from: answer.authorization, to: attempt.secrets, redirectURI: answer.redirectURI)
        } catch let error as OpenIDError {
            log.warning(
                "an outside sign-in is refused",
                [
                    "provider": .string(answer.provider), "reason": .string(error.description),
                    "address": .string(answer.origin.address),
                ])
            throw OutsideProblem(error)
        }
    }

    private func signIn(
        _ person: OutsidePerson, at provider: OutsideProvider, _ answer: Answer
    ) async throws -> IssuedSession {
        let moment = now()
        let (user, fresh) = try await database.write { transaction in
            let (user, identity) = try admit(
                person, at: provider, moment, from: answer.origin.address, in: transaction)
            let fresh = begin.fresh(of: user, at: moment)
            if let replaced = answer.replaced,
                let old = try sessions.find(tokenHash: replaced.hash, at: moment, in: transaction)
            {
                try end.remove(old.id, of: old.userID, in: transaction)
            }
            var origin = answer.origin
            (origin.method, origin.provider) = (.oidc, provider.name)
            try begin.insert(fresh, from: origin, in: transaction)
            try identitySessions.insert(
                fresh.session.id, of: identity.id, providerSession: person.sessionID, idToken: person.idToken,
                in: transaction)
            try users.setSignedIn(user.id, at: moment, in: transaction)
            try facts.signedIn(user, at: moment, in: transaction)
            return (user, fresh)
        }
        log.info(
            "signed in",
            [
                "user_id": "\(user.id)", "session_id": "\(fresh.session.id)", "provider": .string(provider.name),
                "address": .string(answer.origin.address),
            ])
        return try begin.issued(fresh, to: user)
    }
}
