import FoundationEssentials
import HTTP
import SQL
import Testing
import Web

@testable import Accounts
@testable import App
@testable import TestSupport
@testable import Videos

/// Every kind of credential, sent through every route: the good ones as `EveryRouteTests` says, all others refused by a status and a
/// code that are written down here.
@Suite("Every credential at every route")
struct EveryCredentialTests {
    typealias Outcome = EveryRouteTests.Outcome

    /// Of an administrator, unless it says otherwise.
    enum Credential: String, CaseIterable, Sendable {
        case none, cookie, cookieWithoutCSRF, cookieWithCSRFOfAnother, cookieOfEndedSession, cookieOfDisabled
        case bearer, expiredBearer, damagedBearer, bearerOfEndedSession, bearerOfDisabled
        case apiToken, apiTokenWithoutScope, expiredAPIToken, removedAPIToken, damagedAPIToken, apiTokenOfDisabled
        case apiTokenOfUser
    }

    /// What a credential is refused with at a route; nil where it comes as far as the role and the policy let it.
    static func refusal(_ credential: Credential, _ route: Route) -> Outcome? {
        let isSafe = [.get, .head, .options].contains(route.method)
        let nobody = Outcome(status: 401, code: route.path.contains("{grant}") ? "grant_expired" : "unauthorized")
        let invalid = Outcome(status: 401, code: "invalid_token")
        let personOnly = Outcome(status: 403, code: "session_required")
        let isInPerson = TokenScope.needed(for: route.access, route.method) == nil
        switch credential {
        case .cookie, .bearer: return nil
        case .none, .cookieOfEndedSession, .cookieOfDisabled: return nobody
        case .cookieWithoutCSRF, .cookieWithCSRFOfAnother:
            return isSafe ? nil : Outcome(status: 403, code: "csrf_failed")
        case .expiredBearer, .damagedBearer, .bearerOfEndedSession, .bearerOfDisabled, .expiredAPIToken,
            .removedAPIToken,
            .damagedAPIToken, .apiTokenOfDisabled:
            return invalid
        case .apiToken, .apiTokenOfUser: return isInPerson ? personOnly : nil
        case .apiTokenWithoutScope:
            return isInPerson ? personOnly : Outcome(status: 403, code: "insufficient_scope")
        }
    }

    /// What a person has after signing in, without the work of hashing.
    struct SignedIn {
        let cookie: String
        let csrf: String
        let accessToken: String
        let session: Session
    }

    func signIn(_ user: User, _ house: AppHouse) async throws -> SignedIn {
        let accounts = house.server.services.accounts
        let moment = house.database.now
        let begin = accounts.signIn.begin
        let fresh = begin.fresh(of: user, at: moment)
        try await house.database.write { transaction in
            try begin.insert(
                fresh, from: SessionOrigin(address: "127.0.0.1", device: DeviceName(userAgent: nil)), in: transaction)
        }
        let issued = try begin.issued(fresh, to: user)
        return SignedIn(
            cookie: "palco_session=\(issued.cookieSecret.text)",
            csrf: accounts.callers.csrf.token(for: issued.session.id), accessToken: issued.accessToken,
            session: issued.session)
    }

    func user(_ email: String, _ house: AppHouse) async throws -> User {
        let address = try #require(EmailAddress(email))
        return try #require(try await house.server.services.accounts.findPerson(email: address))
    }

    /// The fields that carry a credential, made for one request.
    func fields(_ credential: Credential, _ route: Route, _ house: AppHouse) async throws -> HeaderFields {
        let accounts = house.server.services.accounts
        func bearer(_ token: String) -> HeaderFields { ["Authorization": "Bearer \(token)"] }
        func token(_ email: String, _ scopes: [TokenScope]) async throws -> NewAPIToken {
            let person = try await user(email, house)
            // Not by `CreateAPIToken`, which lets nobody have so many, nor one who is disabled.
            let secret = APITokenSecret()
            let made = APIToken(
                id: APITokenID(), userID: person.id, name: "T", scopes: scopes, createdAt: house.database.now,
                expiresAt: house.database.now + (credential == .expiredAPIToken ? -1 : 60))
            if credential != .removedAPIToken {
                try await house.database.write { try APITokenStore().insert(made, hash: secret.hash, in: $0) }
            }
            return NewAPIToken(token: made, text: secret.text)
        }
        func changed(_ text: String) -> String { String(text.dropLast()) + (text.hasSuffix("a") ? "b" : "a") }
        let (admin, disabled) = (AppHouse.email, "disabled@example.org")
        switch credential {
        case .none: return [:]
        case .cookie, .cookieWithoutCSRF, .cookieWithCSRFOfAnother, .cookieOfEndedSession, .cookieOfDisabled:
            let person = try await user(credential == .cookieOfDisabled ? disabled : admin, house)
            let signedIn = try await signIn(person, house)
            var fields: HeaderFields = ["Cookie": signedIn.cookie]
            if credential == .cookieWithCSRFOfAnother {
                fields["X-CSRF-Token"] = try await signIn(person, house).csrf
            } else if credential != .cookieWithoutCSRF {
                fields["X-CSRF-Token"] = signedIn.csrf
            }
            if credential == .cookieOfEndedSession {
                try await house.database.write { try SessionStore().remove(signedIn.session.id, in: $0) }
            }
            return fields
        case .bearer, .damagedBearer:
            let text = try await signIn(try await user(admin, house), house).accessToken
            return bearer(credential == .bearer ? text : text.replacing(".", with: "A.", maxReplacements: 1))
        case .bearerOfDisabled: return bearer(try await signIn(try await user(disabled, house), house).accessToken)
        case .bearerOfEndedSession:
            let signedIn = try await signIn(try await user(admin, house), house)
            try await house.database.write { try SessionStore().remove(signedIn.session.id, in: $0) }
            return bearer(signedIn.accessToken)
        case .expiredBearer:
            let signedIn = try await signIn(try await user(admin, house), house)
            return bearer(
                try accounts.callers.tokens.issue(for: signedIn.session, at: house.database.now - 86_400))
        case .apiToken, .expiredAPIToken, .removedAPIToken, .damagedAPIToken:
            let text = try await token(admin, TokenScope.allCases).text
            return bearer(credential == .damagedAPIToken ? changed(text) : text)
        case .apiTokenWithoutScope:
            let needed = TokenScope.needed(for: route.access, route.method)
            return bearer(try await token(admin, TokenScope.allCases.filter { $0 != needed }).text)
        case .apiTokenOfDisabled: return bearer(try await token(disabled, TokenScope.allCases).text)
        // More scopes than its person can use.
        case .apiTokenOfUser: return bearer(try await token("user@example.org", TokenScope.allCases).text)
        }
    }

    @Test("Each is let in or refused as is written down, exactly")
    func walk() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        try await house.addPeople()
        let disabled = User(
            email: try #require(EmailAddress("disabled@example.org")), name: "D", role: .admin,
            createdAt: house.database.now)
        try await house.database.write { transaction in
            try UserStore().insert(disabled, in: transaction)
            try UserStore().setDisabled(disabled.id, true, in: transaction)
        }
        let roles = EveryRouteTests()
        try await house.serving { _ in
            let things = try await roles.things(house, folder)
            for route in house.application.routes {
                // That there is none without a rule is the other suite's.
                guard let rule = EveryRouteTests.rules[route.description] else { continue }
                for credential in Credential.allCases {
                    let role: Role = credential == .apiTokenOfUser ? .user : .admin
                    // Or a person would soon have as many as there may be.
                    _ = try await house.database.write { try $0.execute("DELETE FROM api_tokens") }
                    let id = try await roles.subject(of: route, role, things, house, .init(), GroupID())
                    let fields = try await fields(credential, route, house)
                    let request = try await roles.request(route, id, role, things, house, by: fields)
                    let outcome = await roles.outcome(of: request, house.application)
                    var expected = EveryRouteTests.expected(rule, route, role, .init())
                    // Who comes to sign in elsewhere may be nobody, but not with a token that is none.
                    let isOpen = rule.door == .anyone
                    if let refusal = Self.refusal(credential, route),
                        !isOpen || (route.access == .outsideSignIn && refusal.code != "unauthorized")
                    {
                        expected = refusal
                    }
                    #expect(outcome == expected, "\(route) with \(credential)")
                }
            }
        }
    }

    @Test("No route below /auth but one lets a token in")
    func inPerson() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        let open = house.application.routes.filter { route in
            route.path.hasPrefix("/api/v1/auth/") && route.access != .public
                && TokenScope.needed(for: route.access, route.method) != nil
        }
        #expect(open.map(\.description) == ["GET /api/v1/auth/me"])
        await house.server.stop()
    }
}
