import FoundationEssentials
import HTTP
import Identifiers
import Reactor
import SQL
import Synchronization
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

    @Test("Whoever is disabled has no session, whatever rows are left of it")
    func disabled() async throws {
        let tokens = try await visitor.signIn().tokens
        #expect(try await me().code == 200)
        // As another process does it that ends no sessions; it is seen when what is remembered is old.
        try await house.accounts.database.write { _ = try $0.execute("UPDATE users SET is_disabled = 1") }
        house.advance(by: 15)
        #expect(try await me().code == 401)
        #expect(try await me(visitor.bearer(tokens.accessToken)).code == 401)
        #expect(try await visitor.refresh(tokens.refreshToken).status == .unauthorized)
    }

    @Test("A refresh token that comes a second time ends the whole session, cookie included")
    func reuse() async throws {
        let first = try await visitor.signIn().tokens
        let second = try await visitor.refresh(first.refreshToken).tokens
        let other = house.visitor()
        let elsewhere = try await other.signIn().tokens
        #expect(try await me().code == 200)

        house.advance(by: RefreshSession.grace)
        let reused = try await visitor.refresh(first.refreshToken)
        #expect(reused.status == .unauthorized)
        #expect(try reused.refusal.code == "invalid_refresh_token")
        #expect(try await visitor.refresh(second.refreshToken).status == .unauthorized)
        #expect(try await me(visitor.bearer(second.accessToken)).code == 401)
        #expect(try await me().code == 401)
        // Another sign-in of the same person is no part of it.
        #expect(try await visitor.refresh(elsewhere.refreshToken).status == .ok)
    }

    @Test("Clients that use one refresh token at once get one and the same new one")
    func parallelRefresh() async throws {
        let token = try await visitor.signIn().tokens.refreshToken
        let application = house.application
        let given = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 { group.addTask { try await Visitor(application).refresh(token).tokens.refreshToken } }
            return try await group.reduce(into: [String]()) { $0.append($1) }
        }
        #expect(given.count == 8 && Set(given).count == 1 && given[0] != token)
        #expect(try await visitor.refresh(given[0]).status == .ok)
    }

    @Test("The grace of a used refresh token ends with the first use of the new one")
    func graceEnds() async throws {
        let first = try await visitor.signIn().tokens
        let second = try await visitor.refresh(first.refreshToken).tokens
        #expect(try await visitor.refresh(first.refreshToken).tokens.refreshToken == second.refreshToken)
        let third = try await visitor.refresh(second.refreshToken).tokens
        #expect(try await visitor.refresh(first.refreshToken).status == .unauthorized)
        #expect(try await visitor.refresh(third.refreshToken).status == .unauthorized)
    }

    @Test("However much it is used, a session ends")
    func absoluteEnd() async throws {
        var settings = AccountsSettings()
        settings.longestSession = 50 * 86_400
        let house = try await SignInHouse(settings: settings)
        try await house.addUser()
        let (browser, program) = (house.visitor(), house.visitor())
        _ = try await browser.signIn()
        var token = try await program.signIn().tokens.refreshToken
        for _ in 0..<4 {
            house.advance(by: 12 * 86_400)
            #expect(try await browser.client.get("/api/v1/auth/me").status == .ok)
            token = try await program.refresh(token).tokens.refreshToken
        }
        house.advance(by: 2 * 86_400)
        #expect(try await browser.client.get("/api/v1/auth/me").status == .unauthorized)
        #expect(try await program.refresh(token).status == .unauthorized)
    }

    struct Shown: Decodable {
        struct Session: Decodable {
            let id: String
            let device: String
            let address: String
            let lastUsedAt: String
            let isCurrent: Bool
            let method: String
        }
        let data: [Session]
    }

    @Test("A person sees their sign-ins, and ends one of them or all")
    func ownSessions() async throws {
        let other = house.visitor(from: "203.0.113.9")
        _ = try await visitor.client.send(
            .post, "/api/v1/auth/login",
            headers: [.userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"],
            json: ["email": "ann@example.org", "password": SignInHouse.password])
        house.advance(by: 60)
        _ = try await other.signIn()
        house.advance(by: 600)
        #expect(try await me().code == 200)
        try await house.accounts.upkeep.uses.write(to: house.accounts.database, at: house.now)
        var shown = try await other.client.get("/api/v1/auth/sessions").decode(Shown.self).data
        #expect(shown.map(\.address) == ["127.0.0.1", "203.0.113.9"])
        #expect(shown.map(\.device) == ["Firefox, Linux", ""] && shown.map(\.isCurrent) == [false, true])
        #expect(shown[0].lastUsedAt > shown[1].lastUsedAt && shown[0].method == "password")

        let ended = try await other.client.send(.delete, "/api/v1/auth/sessions/\(shown[0].id)", headers: other.csrf)
        #expect(ended.status == .noContent)
        #expect(try await me().code == 401)
        let again = try await other.client.send(.delete, "/api/v1/auth/sessions/\(shown[0].id)", headers: other.csrf)
        #expect(again.status == .notFound)

        // Somebody else's is none of theirs.
        try await house.addUser("bob@example.org")
        let bob = house.visitor()
        _ = try await bob.signIn("bob@example.org")
        let stolen = try await bob.client.send(.delete, "/api/v1/auth/sessions/\(shown[1].id)", headers: bob.csrf)
        #expect(try stolen.refusal.code == "session_not_found")

        _ = try await visitor.signIn()
        let everywhere = try await other.client.send(
            .post, "/api/v1/auth/logout", headers: other.csrf, json: ["everywhere": true])
        #expect(everywhere.status == .noContent)
        #expect(try await me().code == 401)
        #expect(try await bob.client.get("/api/v1/auth/me").status == .ok)
        shown = try await bob.client.get("/api/v1/auth/sessions").decode(Shown.self).data
        #expect(shown.count == 1)
    }

    @Test("Who may more than before gets another cookie, and the old one opens nothing")
    func newCookie() async throws {
        let user = try #require(UserID(try await visitor.signIn().tokens.user.id))
        let old = visitor.client.cookies["palco_session"] ?? "?"
        try await house.accounts.changePerson(user, PersonEdit(role: .premium), by: .system)
        #expect(try await me().code == 200)
        #expect(visitor.client.cookies["palco_session"] == old, "less is no reason")
        try await house.accounts.changePerson(user, PersonEdit(role: .admin), by: .system)
        #expect(try await me().code == 200)
        let new = visitor.client.cookies["palco_session"]
        #expect(new != nil && new != old)
        #expect(try await me(["Cookie": "palco_session=\(old)"]).code == 401)
        #expect(try await me().code == 200 && visitor.client.cookies["palco_session"] == new)
        #expect(try await visitor.client.get("/least/admin").status == .ok)
    }

    @Test("Signing out ends cookie, access token and refresh token at once")
    func signingOut() async throws {
        let tokens = try await visitor.signIn().tokens
        let cookies = visitor.client.cookies
        let answer = try await visitor.client.send(.post, "/api/v1/auth/logout", headers: visitor.csrf)
        #expect(answer.status == .noContent && visitor.client.cookies.keys.sorted() == ["palco_device"])
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

    @Test("What is over leaves the database, and not while somebody waits for a sign-in")
    func cleaning() async throws {
        _ = try await visitor.signIn()
        _ = try await house.visitor(from: "203.0.113.1").signIn("ann@example.org", "x")
        house.advance(by: 31 * 86_400)
        _ = try await house.visitor(from: "203.0.113.1").signIn("bob@example.org", "x")
        _ = try await house.visitor().signIn()
        func counts() async throws -> [Int] {
            try await house.accounts.database.read { access in
                try ["sessions", "refresh_tokens", "sign_in_attempts"].map {
                    try access.query("SELECT * FROM \($0)").count
                }
            }
        }
        #expect(try await counts() == [2, 2, 2])
        try await house.accounts.upkeep.prune()
        #expect(try await counts() == [1, 1, 1])
    }

    @Test("Attempts are looked up and removed by an index, and only the last ones are kept")
    func attempts() async throws {
        var attempts = house.accounts.upkeep.attempts
        attempts.capacity = 3
        let (few, now) = (attempts, house.now)
        try await house.accounts.database.write { transaction in
            for number in 0..<10 {
                let source = SignInSource.network(IPNetwork.unknown)
                try few.fail("\(number)@example.org", of: nil, from: source, at: now + Double(number), in: transaction)
            }
            try few.prune(at: now, in: transaction)
        }
        let left = try await house.accounts.database.read { try $0.query("SELECT last_at FROM sign_in_attempts").count }
        #expect(left == 3)
        // SQLite tells the way that it takes; PostgreSQL reads few rows without an index.
        let database = try await Database.open(.memory, migrations: [AccountServices.migrations])
        let plans = try await database.read { access in
            try [
                "SELECT failures FROM sign_in_attempts WHERE last_at <= 1",
                "SELECT locked_until FROM sign_in_attempts WHERE account_hash = x'00' AND source_hash = x'00'",
                "SELECT failures FROM sign_in_attempts WHERE account_hash = x'00'",
            ].map { try access.query("EXPLAIN QUERY PLAN \($0)").map { try $0.value("detail", as: String.self) } }
        }
        #expect(plans.allSatisfy { $0.allSatisfy { $0.contains("USING") && $0.contains("INDEX") } }, "\(plans)")
        await database.close()
    }

    @Test("A token that nobody has is found out without the writer, and not endlessly")
    func unknownTokens() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/palco-test-\(Identifier<SessionTests>())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let house = try await SignInHouse(database: .file(folder + "/accounts.sqlite"))
        try await house.addUser()
        let tokens = try await house.visitor().signIn().tokens
        let held = try WriterHold(house.accounts.database)
        await held.begin()
        let answer = Mutex<Int?>(nil)
        let asking = Task {
            let status = try await house.visitor(from: "203.0.113.1").refresh("nobody's").status.code
            answer.withLock { $0 = status }
        }
        // A reader answers many others meanwhile; who needs the writer waits for longer than that.
        var looks = 0
        while answer.withLock({ $0 }) == nil, looks < 20_000 {
            _ = try await house.accounts.database.read { try $0.first("SELECT 1 AS one") }
            looks += 1
        }
        #expect(answer.withLock { $0 } == 401)
        try await held.end()
        try await asking.value
        let stranger = house.visitor(from: "203.0.113.1")
        for _ in 1..<60 { #expect(try await stranger.refresh("nobody's").status == .unauthorized) }
        let refused = try await stranger.refresh("nobody's")
        #expect(refused.status == .tooManyRequests)
        #expect(try refused.refusal.code == "too_many_attempts")
        #expect(try await house.visitor().refresh(tokens.refreshToken).status == .ok)
        house.advance(by: 60)
        #expect(try await stranger.refresh("nobody's").status == .unauthorized)
        await house.accounts.database.close()
    }

    @Test("Of a session's used tokens the last hundred are remembered")
    func usedTokens() async throws {
        var token = try await visitor.signIn().tokens.refreshToken
        var used: [String] = []
        for _ in 0..<130 {
            used.append(token)
            house.advance(by: 1)
            token = try await visitor.refresh(token).tokens.refreshToken
        }
        let rows = try await house.accounts.database.read { try $0.query("SELECT * FROM refresh_tokens").count }
        #expect(rows == 101)
        // One that was forgotten opens nothing, and one that is remembered ends the session.
        #expect(try await visitor.refresh(used[0]).status == .unauthorized)
        #expect(try await me().code == 200)
        #expect(try await visitor.refresh(used[60]).status == .unauthorized)
        #expect(try await me().code == 401)
    }

    @Test("A new sign-in in a browser ends the session that it had, and no other one")
    func replacing() async throws {
        let other = house.visitor()
        _ = try await other.signIn()
        let first = try await visitor.signIn().tokens
        let old: HeaderFields = ["Cookie": "palco_session=\(visitor.client.cookies["palco_session"] ?? "?")"]
        #expect(try await visitor.signIn("ann@example.org", "x").status == .unauthorized)
        #expect(try await me(old).code == 200)
        #expect(try await visitor.signIn().status == .ok)
        #expect(try await me(old).code == 401)
        #expect(try await me(visitor.bearer(first.accessToken)).code == 401)
        #expect(try await visitor.refresh(first.refreshToken).status == .unauthorized)
        #expect(try await me().code == 200)
        #expect(try await other.client.get("/api/v1/auth/me").status == .ok)
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
        let claims = try #require(house.accounts.callers.tokens.verify(tokens.accessToken, at: house.now))
        var forged = claims
        forged.sub = UserID()
        #expect(try await me(visitor.bearer(house.accounts.callers.tokens.jwt.sign(forged))).code == 401)
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
        try await house.accounts.database.write { try UserStore().setRole(user, .user, in: $0) }
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
