import FoundationEssentials
import HTTP
import Security
import Testing
import Web

@testable import Accounts

@Suite("Sessions")
struct SessionTests {
    let house: SignInHouse
    let visitor: Visitor

    init() async throws {
        house = try await SignInHouse()
        visitor = house.visitor()
        try await house.addUser()
    }

    func me(_ headers: HeaderFields = [:]) async throws -> InProcessClientStatus {
        InProcessClientStatus(try await visitor.client.get("/api/v1/auth/me", headers: headers))
    }

    @Test("An access token ends after its time, and a new one comes for the refresh token")
    func refreshing() async throws {
        let first = try await visitor.signIn().tokens
        house.advance(by: 899)
        #expect(try await me(visitor.bearer(first.accessToken)).code == 200)
        house.advance(by: 1)
        let expired = try await me(visitor.bearer(first.accessToken))
        #expect(expired.code == 401 && expired.problem == "invalid_token")
        let second = try await visitor.refresh(first.refreshToken).tokens
        #expect(second.accessToken != first.accessToken && second.refreshToken != first.refreshToken)
        #expect(try await me(visitor.bearer(second.accessToken)).code == 200)
    }

    @Test("A refresh token that comes a second time ends the whole session, cookie included")
    func reuse() async throws {
        let first = try await visitor.signIn().tokens
        let second = try await visitor.refresh(first.refreshToken).tokens
        let other = house.visitor()
        let elsewhere = try await other.signIn().tokens
        #expect(try await me().code == 200)

        let reused = try await visitor.refresh(first.refreshToken)
        #expect(reused.status == .unauthorized)
        #expect(try reused.refusal.code == "invalid_refresh_token")
        #expect(try await visitor.refresh(second.refreshToken).status == .unauthorized)
        #expect(try await me(visitor.bearer(second.accessToken)).code == 401)
        #expect(try await me().code == 401)
        // Another sign-in of the same person is no part of it.
        #expect(try await visitor.refresh(elsewhere.refreshToken).status == .ok)
    }

    @Test("Of two clients that use one refresh token at once, at most one gets through")
    func parallelRefresh() async throws {
        let token = try await visitor.signIn().tokens.refreshToken
        let application = house.application
        let good = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 { group.addTask { try await Visitor(application).refresh(token).status == .ok } }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(good == 1)
    }

    @Test("Signing out ends cookie, access token and refresh token at once")
    func signingOut() async throws {
        let tokens = try await visitor.signIn().tokens
        let cookies = visitor.client.cookies
        let answer = try await visitor.client.send(.post, "/api/v1/auth/logout", headers: visitor.csrf)
        #expect(answer.status == .noContent && visitor.client.cookies.isEmpty)
        #expect(try await me(visitor.bearer(tokens.accessToken)).code == 401)
        #expect(try await visitor.refresh(tokens.refreshToken).status == .unauthorized)
        let kept: HeaderFields = ["Cookie": "palco_session=\(cookies["palco_session"] ?? "?")"]
        #expect(try await me(kept).code == 401)
    }

    @Test("A browser's session ends after thirty days without a visit and is renewed by visits")
    func sliding() async throws {
        _ = try await visitor.signIn()
        for _ in 0..<4 {
            house.advance(by: 20 * 86_400)
            let answer = try await visitor.client.get("/api/v1/auth/me")
            #expect(answer.status == .ok)
            #expect(answer.headers.values(of: .setCookie).count == 2)
        }
        house.advance(by: 31 * 86_400)
        #expect(try await me().code == 401)
    }

    @Test("A lost CSRF cookie is set again")
    func lostCSRF() async throws {
        _ = try await visitor.signIn()
        let session: HeaderFields = ["Cookie": "palco_session=\(visitor.client.cookies["palco_session"] ?? "?")"]
        let answer = try await visitor.client.get("/api/v1/auth/me", headers: session)
        #expect(answer.headers.values(of: .setCookie).contains { $0.hasPrefix("palco_csrf=") })
    }

    @Test("Ended sessions leave the database")
    func cleaning() async throws {
        _ = try await visitor.signIn()
        house.advance(by: 31 * 86_400)
        _ = try await house.visitor().signIn()
        let counts = try await house.accounts.database.read { access in
            try ["sessions", "refresh_tokens", "sign_in_attempts"].map { try access.query("SELECT * FROM \($0)").count }
        }
        #expect(counts == [1, 1, 0])
    }

    @Test("The database holds no secret that a client could send")
    func hashesOnly() async throws {
        let tokens = try await visitor.signIn().tokens
        let secrets = [tokens.refreshToken, visitor.client.cookies["palco_session"] ?? "?"]
        let rows = try await house.accounts.database.read { access in
            try ["users", "sessions", "refresh_tokens"].flatMap { try access.query("SELECT * FROM \($0)") }
        }
        let all = rows.flatMap(\.values)
        for secret in secrets {
            #expect(!all.contains(.text(secret)) && !all.contains(.blob(Array(secret.utf8))))
        }
    }

    @Test("An access token of another installation, or for another's session, is refused")
    func foreignTokens() async throws {
        let tokens = try await visitor.signIn().tokens
        let other = try await SignInHouse()
        try await other.addUser()
        let foreign = try await other.visitor().signIn().tokens
        #expect(try await me(visitor.bearer(foreign.accessToken)).code == 401)
        let claims = try house.accounts.tokens.verify(
            tokens.accessToken, as: AccessClaims.self, now: Int64(house.accounts.now().timeIntervalSince1970))
        var forged = claims
        forged.sub = UserID()
        #expect(try await me(visitor.bearer(house.accounts.tokens.sign(forged))).code == 401)
        for field in ["Bearer", "Bearer ", "Basic YTpi", "Bearer a b", "bearer x.y.z"] {
            #expect(try await me(["Authorization": field]).code == 401)
        }
    }

    @Test("A role that changed counts from then on, whatever the token says")
    func roleChange() async throws {
        let tokens = try await visitor.signIn().tokens
        let headers = visitor.bearer(tokens.accessToken)
        #expect(try await visitor.client.get("/least/creator", headers: headers).status == .ok)
        let user = try #require(UserID(tokens.user.id))
        try await house.accounts.database.write { [house] in try house.accounts.users.setRole(user, .user, in: $0) }
        // As after a change by another process: seen once what is remembered is old.
        house.advance(by: 16)
        #expect(try await visitor.client.get("/least/creator", headers: headers).status == .forbidden)
    }
}

/// What a test looks at in an answer.
struct InProcessClientStatus {
    let code: Int
    let problem: String?

    init(_ answer: InProcessClient.Answer) {
        code = answer.status.code
        problem = try? answer.refusal.code
    }
}
