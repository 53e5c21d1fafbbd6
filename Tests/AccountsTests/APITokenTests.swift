import FoundationEssentials
import HTTP
import SQL
import Testing
import Web

@testable import Accounts
@testable import TestSupport

@Suite("API tokens")
struct APITokenTests {
    struct Made: Decodable {
        var id: String
        var name: String
        var scopes: [String]
        var expiresAt: Date
        var lastUsedAt: Date?
        var token: String
    }

    struct Listed: Decodable {
        struct Token: Decodable {
            var id: String
            var lastUsedAt: Date?
        }
        var data: [Token]
    }

    struct Wish: Encodable {
        var name = "Robot"
        var scopes = ["read"]
        var expiresInDays = 30
    }

    static func ask(_ visitor: Visitor, _ wish: Wish) async throws -> InProcessClient.Answer {
        try await visitor.client.send(.post, "/api/v1/auth/tokens", headers: visitor.csrf, json: wish)
    }

    /// Somebody who is signed in, and a token of theirs.
    static func made(
        _ house: SignInHouse, role: Role = .creator, _ scopes: [String]
    ) async throws -> (visitor: Visitor, token: Made) {
        try await house.addUser(role: role)
        let visitor = house.visitor()
        #expect(try await visitor.signIn().status == .ok)
        let answer = try await ask(visitor, Wish(scopes: scopes))
        #expect(answer.status == .created, "\(answer.text)")
        return (visitor, try answer.decode(Made.self))
    }

    @Test("A token is one word that says what it is, and any change makes it none")
    func shape() throws {
        let secret = APITokenSecret()
        #expect(secret.text.wholeMatch(of: /palco_[0-9a-f]{72}/) != nil)
        #expect(APITokenSecret(secret.text) == secret && APITokenSecret().text != secret.text)
        for position in secret.text.indices {
            var text = secret.text
            let other: Character = text[position] == "0" ? "1" : "0"
            text.replaceSubrange(position...position, with: [other])
            #expect(APITokenSecret(text) == nil, "\(text)")
        }
        #expect(APITokenSecret(secret.text + "0") == nil && APITokenSecret(String(secret.text.dropLast())) == nil)
        #expect(APITokenSecret("palco_") == nil && APITokenSecret("") == nil)
    }

    @Test("The database has no text of a token")
    func stored() async throws {
        let house = try await SignInHouse()
        let (_, token) = try await Self.made(house, ["read"])
        let rows = try await house.accounts.database.read { access in
            try
                "\(access.query("SELECT * FROM api_tokens").map(\.values)) \(access.query("SELECT * FROM audit").map(\.values))"
        }
        #expect(rows.contains(token.name) && !rows.contains(token.token.dropFirst(6).prefix(20)))
        #expect(!house.log.lines.joined().contains(token.token.dropFirst(6).prefix(20)))
    }

    /// What each scope opens, of an administrator.
    @Test(
        "A token opens what its scopes say and nothing else",
        arguments: [
            ("GET /policy", ["read"]), ("POST /policy", ["manage"]), ("GET /least/admin", ["administer"]),
            ("GET /least/user", ["read"]), ("GET /api/v1/auth/me", ["read"]), ("PATCH /api/v1/auth/me", []),
            ("GET /api/v1/auth/tokens", []), ("POST /api/v1/auth/tokens", []), ("POST /api/v1/auth/password", []),
            ("POST /api/v1/auth/logout", []), ("GET /api/v1/admin/audit", ["administer"]),
            ("GET /api/v1/admin/audit/export", ["administer"]),
            ("GET /open", ["read", "upload", "manage", "administer"]),
        ])
    func scopes(route: String, opening: [String]) async throws {
        let house = try await SignInHouse()
        try await house.addUser(role: .admin)
        let visitor = house.visitor()
        _ = try await visitor.signIn()
        let words = route.split(separator: " ").map(String.init)
        let method = Request.Method(rawValue: words[0])
        for scope in TokenScope.allCases {
            let token = try await Self.ask(visitor, Wish(scopes: [scope.rawValue])).decode(Made.self)
            // Without a CSRF token: no browser sends it by itself.
            var headers = visitor.bearer(token.token)
            if method != .get { headers[.contentType] = "application/json" }
            let answer = try await visitor.client.send(
                method, words[1], headers: headers, body: RequestBody(method == .get ? "" : "{}"))
            if opening.contains(scope.rawValue) {
                #expect(answer.status == .ok, "\(route) with \(scope): \(answer.text)")
            } else {
                #expect(answer.status == .forbidden, "\(route) with \(scope)")
                let code = try answer.refusal.code
                #expect(code == (opening.isEmpty ? "session_required" : "insufficient_scope"))
            }
        }
    }

    @Test("It is never more than its person at the moment, and ends with the person at once")
    func roleOfTheMoment() async throws {
        let house = try await SignInHouse()
        let (_, token) = try await Self.made(house, role: .admin, ["administer", "read"])
        try await house.addUser("other@example.org", role: .admin)
        let program = house.visitor()
        func status(_ path: String) async throws -> Int {
            try await program.client.get(path, headers: program.bearer(token.token)).status.code
        }
        let id = try #require(UserID(try await Self.person(house)))
        let change = house.accounts.changePerson
        #expect(try await status("/least/admin") == 200)
        try await change(id, PersonEdit(role: .premium), by: .system)
        #expect(try await status("/least/admin") == 403)
        #expect(try await status("/least/premium") == 200)
        try await change(id, PersonEdit(isDisabled: true), by: .system)
        #expect(try await status("/least/premium") == 401)
        try await change(id, PersonEdit(isDisabled: false), by: .system)
        #expect(try await status("/least/premium") == 200)
    }

    static func person(_ house: SignInHouse) async throws -> String {
        try await house.accounts.database.read { access in
            try access.first("SELECT id FROM users WHERE email = 'ann@example.org'")?.value("id") ?? ""
        }
    }

    @Test("Removed it is refused at once, and so is what was opened by it")
    func removed() async throws {
        let house = try await SignInHouse()
        let (visitor, token) = try await Self.made(house, ["read"])
        let program = house.visitor()
        let headers = program.bearer(token.token)
        #expect(try await program.client.get("/policy", headers: headers).status == .ok)
        let caller = try #require(
            try await house.accounts.callers(
                of: Request(method: .get, target: "/policy", headers: headers, body: RequestBody())))
        #expect(try await house.accounts.callers.current(caller) == caller)
        let path = "/api/v1/auth/tokens/\(token.id)"
        #expect(try await visitor.client.send(.delete, path, headers: visitor.csrf).status == .noContent)
        #expect(try await program.client.get("/policy", headers: headers).refusal.code == "invalid_token")
        #expect(try await house.accounts.callers.current(caller) == nil)
        let again = try await visitor.client.send(.delete, path, headers: visitor.csrf)
        #expect(again.status == .notFound && again.text.contains("token_not_found"))
    }

    @Test("It ends when it was to end")
    func expired() async throws {
        let house = try await SignInHouse()
        let (_, token) = try await Self.made(house, ["read"])
        let program = house.visitor()
        house.advance(by: 30 * 86_400 - 1)
        #expect(try await program.client.get("/policy", headers: program.bearer(token.token)).status == .ok)
        house.advance(by: 1)
        #expect(try await program.client.get("/policy", headers: program.bearer(token.token)).status.code == 401)
    }

    @Test("When it was used is written once in some minutes")
    func lastUse() async throws {
        let house = try await SignInHouse()
        let (visitor, token) = try await Self.made(house, ["read"])
        let program = house.visitor()
        func lastUse() async throws -> Date? {
            try await visitor.client.get("/api/v1/auth/tokens").decode(Listed.self).data.first?.lastUsedAt
        }
        let start = Date(timeIntervalSince1970: 1_800_000_000)
        func use(at moment: Date) async throws {
            _ = try await program.client.get("/policy", headers: program.bearer(token.token))
            // As it is done every minute.
            try await house.accounts.upkeep.uses.write(to: house.accounts.database, at: moment)
        }
        #expect(try await lastUse() == nil)
        try await use(at: start)
        #expect(try await lastUse() == start)
        house.advance(by: 299)
        try await use(at: start + 299)
        #expect(try await lastUse() == start)
        house.advance(by: 1)
        try await use(at: start + 300)
        #expect(try await lastUse() == start + 300)
    }

    @Test("A person has so many and no more; another's tokens do not exist")
    func bounds() async throws {
        let house = try await SignInHouse()
        let (visitor, token) = try await Self.made(house, ["read"])
        for _ in 1..<CreateAPIToken.mostPerPerson { #expect(try await Self.ask(visitor, Wish()).status == .created) }
        let refused = try await Self.ask(visitor, Wish())
        #expect(refused.status == .conflict && refused.text.contains("too_many_tokens"))
        try await house.addUser("bob@example.org")
        let bob = house.visitor()
        _ = try await bob.signIn("bob@example.org")
        #expect(try await Self.ask(bob, Wish()).status == .created)
        #expect(try await bob.client.get("/api/v1/auth/tokens").decode(Listed.self).data.count == 1)
        let path = "/api/v1/auth/tokens/\(token.id)"
        #expect(try await bob.client.send(.delete, path, headers: bob.csrf).status == .notFound)
        #expect(try await visitor.client.send(.delete, path, headers: visitor.csrf).status == .noContent)
        #expect(try await Self.ask(visitor, Wish()).status == .created)
    }

    @Test(
        "A wish that cannot be is refused, naming what is wrong",
        arguments: [
            (Wish(name: " \n"), "name"), (Wish(name: String(repeating: "a", count: 101)), "name"),
            (Wish(name: "a\u{1b}[1m"), "name"), (Wish(scopes: []), "scopes"), (Wish(scopes: ["everything"]), "scopes"),
            (Wish(scopes: ["read", "read"]), "scopes"), (Wish(scopes: ["administer"]), "scopes"),
            (Wish(expiresInDays: 0), "expires_in_days"), (Wish(expiresInDays: 367), "expires_in_days"),
            (Wish(expiresInDays: .max), "expires_in_days"),
        ])
    func badWishes(wish: Wish, field: String) async throws {
        let house = try await SignInHouse()
        try await house.addUser(role: .creator)
        let visitor = house.visitor()
        _ = try await visitor.signIn()
        let answer = try await Self.ask(visitor, wish)
        #expect(answer.status.code == 422 && answer.text.contains("\"field\":\"\(field)\""), "\(answer.text)")
    }

    @Test("Tokens that are made and removed are told, and by whom they act")
    func audited() async throws {
        let house = try await SignInHouse()
        let (visitor, token) = try await Self.made(house, role: .admin, ["administer"])
        let program = house.visitor(from: "203.0.113.5")
        let headers = program.bearer(token.token)
        #expect(try await program.client.get("/api/v1/admin/audit/export", headers: headers).status == .ok)
        _ = try await visitor.client.send(.delete, "/api/v1/auth/tokens/\(token.id)", headers: visitor.csrf)
        let entries = try await house.accounts.database.read { [store = house.accounts.audit.store] in
            try store.list(AuditQuery(), count: 10, in: $0)
        }
        let made = try #require(entries.first { $0.action == .tokenCreated })
        #expect(made.target?.id == token.id && made.after?["scopes"] == .names(["administer"]))
        #expect(entries.contains { $0.action == .tokenRemoved && $0.actor.kind == .person })
        let exported = try #require(entries.first { $0.action == .auditExported })
        #expect(exported.actor.kind == .token && exported.actor.tokenId?.description == token.id)
        #expect(exported.actor.name == "ann@example.org" && exported.address == "203.0.113.5")
    }
}
