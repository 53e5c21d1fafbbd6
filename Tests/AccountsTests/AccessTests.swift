import FoundationEssentials
import HTTP
import Security
import Testing
import Web

@testable import Accounts

@Suite("Access rules")
struct AccessTests {
    let house: SignInHouse

    init() async throws { house = try await SignInHouse() }

    @Test("Each role meets the rules up to its own", arguments: Role.allCases)
    func roles(role: Role) async throws {
        try await house.addUser("\(role)@example.org", role: role)
        let visitor = house.visitor()
        _ = try await visitor.signIn("\(role)@example.org")
        for least in Role.allCases {
            let answer = try await visitor.client.get("/least/\(least)")
            #expect(answer.status == (role >= least ? .ok : .forbidden), "\(role) at \(least)")
        }
        #expect(try await visitor.client.get("/least/unheard-of").status == .forbidden)
    }

    @Test("Nobody meets no rule but the public one; a policy decides for itself")
    func nobody() async throws {
        let visitor = house.visitor()
        for least in Role.allCases {
            let answer = try await visitor.client.get("/least/\(least)")
            #expect(answer.status == .unauthorized && answer.headers[.wwwAuthenticate] == "Bearer")
        }
        #expect(try await visitor.client.get("/policy").text == "nobody")
        #expect(try await visitor.client.get("/open").text == "nobody")
        let stale: HeaderFields = ["Cookie": "palco_session=long-gone"]
        #expect(try await visitor.client.get("/policy", headers: stale).text == "nobody")
        #expect(try await visitor.client.get("/least/user", headers: stale).status == .unauthorized)
    }

    @Test("Who is remembered is admitted without waiting; nobody is refused without it; who went is looked for")
    func atOnce() async throws {
        try await house.addUser()
        let visitor = house.visitor()
        let tokens = try await visitor.signIn().tokens
        let bearer = visitor.bearer(tokens.accessToken)
        let cookie: HeaderFields = ["Cookie": "palco_session=\(visitor.client.cookies["palco_session"] ?? "")"]
        for fields in [bearer, cookie] {
            #expect(try await ask(fields) == (false, 200))
            #expect(try await ask(fields) == (true, 200))
        }
        #expect(try await ask([:]) == (true, 401))
        house.advance(by: 60)
        #expect(try await ask(bearer) == (false, 200))
        #expect(try await ask(bearer) == (true, 200))
        _ = try await visitor.client.send(.post, "/api/v1/auth/logout", headers: visitor.csrf)
        #expect(try await ask(bearer) == (false, 401))
        #expect(try await ask(cookie) == (false, 401))
    }

    private func ask(_ fields: HeaderFields) async throws -> (isNow: Bool, status: Int) {
        var known: Response?
        let request = Request(method: .get, target: "/least/creator", headers: fields)
        let later = house.application.answer(to: request, &known)
        let awaited = await later?()
        return (known != nil, try #require(known ?? awaited).status.code)
    }

    @Test("Every route of accounts has its rule, and only those meant to be are public")
    func routes() {
        let open = house.application.routes.filter { $0.access == .public && $0.path.hasPrefix("/api") }.map(\.path)
        // The last is for providers, which prove themselves by the token that they send.
        #expect(
            open == [
                "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/options", "/api/v1/auth/register",
                "/api/v1/auth/verify", "/api/v1/auth/invitations/{token}", "/api/v1/auth/password/forgot",
                "/api/v1/auth/password/reset", "/api/v1/auth/oidc/{provider}/backchannel-logout",
            ])
    }

    @Test(
        "With a cookie, unsafe methods need the token of this very session", arguments: ["", "x", "other", "session"])
    func forgery(kind: String) async throws {
        try await house.addUser()
        let (visitor, other) = (house.visitor(), house.visitor())
        _ = try await visitor.signIn()
        _ = try await other.signIn()
        let sent =
            switch kind {
            case "other": other.client.cookies["palco_csrf"] ?? "?"
            case "session": visitor.client.cookies["palco_session"] ?? "?"
            default: kind
            }
        for path in ["/policy", "/api/v1/auth/logout", "/api/v1/auth/password"] {
            let answer = try await visitor.client.send(.post, path, headers: ["X-CSRF-Token": sent])
            #expect(answer.status == .forbidden)
            #expect(try answer.refusal.code == "csrf_failed")
        }
        #expect(try await visitor.client.send(.post, "/policy").status == .forbidden)
        #expect(try await visitor.client.get("/policy").text == "creator")
        #expect(try await visitor.client.send(.post, "/policy", headers: visitor.csrf).text == "creator")
    }

    @Test("A bearer needs no such token, and counts before the cookie")
    func bearer() async throws {
        try await house.addUser()
        try await house.addUser("root@example.org", role: .admin)
        let visitor = house.visitor()
        let token = try await house.visitor().signIn().tokens.accessToken
        _ = try await visitor.signIn("root@example.org")
        let headers: HeaderFields = ["Authorization": "bearer \(token)"]
        #expect(try await visitor.client.send(.post, "/policy", headers: headers).text == "creator")
        // A bad one is refused although the cookie is good.
        #expect(try await visitor.client.get("/policy", headers: ["Authorization": "Bearer x"]).status == .unauthorized)
    }

    @Test(
        "The token of a field is one word behind the scheme's name",
        arguments: [
            ("Bearer abc", "abc"), ("bearer abc", "abc"), ("BEARER  abc", "abc"), ("Bearer", nil), ("Bearer ", nil),
            ("Bearerabc", nil), ("Bearer a b", nil), ("Basic abc", nil), ("", nil), (" Bearer abc", nil),
            ("\u{42}eare\u{52} é", "é"), ("Béarer abc", nil),
        ] as [(String, String?)])
    func bearerToken(field: String, token: String?) {
        #expect(FindCaller.bearerToken(in: field) == token)
    }

    @Test("A token that is remembered is still one of its time and of its session")
    func rememberedToken() throws {
        let tokens = house.accounts.callers.tokens
        #expect(tokens.lifetime == 900)
        let moment = Date(timeIntervalSince1970: 1_000)
        let session = Session(
            id: SessionID(), userID: UserID(), role: .user, isOTPEnabled: false, createdAt: moment,
            expiresAt: moment + 3_600, needsNewCookie: false)
        let token = try tokens.issue(for: session, at: moment)
        for _ in 0..<2 {
            #expect(tokens.verify(token, at: moment)?.sid == session.id)
            #expect(tokens.verify(token, at: moment + 899)?.sub == session.userID)
            #expect(tokens.verify(token, at: moment + 900) == nil)
            #expect(tokens.verify(token + "x", at: moment) == nil)
            #expect(tokens.verify(String(token.dropLast()), at: moment) == nil)
        }
    }

    @Test("No more tokens are remembered than there is room for")
    func manyTokens() throws {
        let known = KnownAccessTokens()
        let claims = AccessClaims(sub: UserID(), role: .user, exp: 1, iat: 0, jti: "", sid: SessionID())
        for number in 0..<5_000 {
            known.add("\(number)", claims)
            #expect(known.count <= 2_000)
        }
        #expect(known.claims(of: "4999") != nil)
    }

    @Test("Who holds an access token is told for other doors, too")
    func otherDoors() async throws {
        let user = try await house.addUser()
        let token = try await house.visitor().signIn().tokens.accessToken
        let caller = try await house.accounts.callers(accessToken: token)
        #expect(caller.userID == user.id && caller.role == .creator && caller.credential == .bearer)
        await #expect(throws: AccountsError.invalidToken) { try await house.accounts.callers(accessToken: token + "x") }
    }
}
