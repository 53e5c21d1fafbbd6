import HTTP
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

    @Test("Every route of accounts has its rule, and only those meant to be are public")
    func routes() {
        let open = house.application.routes.filter { $0.access == .public && $0.path.hasPrefix("/api") }.map(\.path)
        #expect(open == ["/api/v1/auth/login", "/api/v1/auth/refresh"])
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

    @Test("Who holds an access token is told for other doors, too")
    func otherDoors() async throws {
        let user = try await house.addUser()
        let token = try await house.visitor().signIn().tokens.accessToken
        let caller = try await house.accounts.caller(accessToken: token)
        #expect(caller.userID == user.id && caller.role == .creator && caller.credential == .bearer)
        await #expect(throws: AccountsError.invalidToken) { try await house.accounts.caller(accessToken: token + "x") }
    }
}
