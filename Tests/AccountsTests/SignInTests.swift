import HTTP
import Testing

@testable import Accounts
@testable import TestSupport

@Suite("Signing in")
struct SignInTests {
    let house: SignInHouse
    let visitor: Visitor

    init() async throws {
        house = try await SignInHouse()
        visitor = house.visitor()
        try await house.addUser()
    }

    @Test("The right password gives tokens, the person and both cookies")
    func success() async throws {
        let answer = try await visitor.signIn(" Ann@Example.ORG ")
        #expect(answer.status == .ok)
        let tokens = try answer.tokens
        #expect(tokens.tokenType == "Bearer" && tokens.expiresIn == 900)
        #expect(tokens.user.email == "ann@example.org" && tokens.user.role == "creator")
        let cookies = answer.headers.values(of: .setCookie)
        let session = try #require(cookies.first { $0.hasPrefix("palco_session=") })
        let csrf = try #require(cookies.first { $0.hasPrefix("palco_csrf=") })
        #expect(session.contains("HttpOnly") && session.contains("SameSite=Lax") && session.contains("Path=/"))
        #expect(!csrf.contains("HttpOnly") && csrf.contains("SameSite=Lax"))
        #expect(answer.headers[.cacheControl] == "private, no-store")
        let me = try await visitor.client.get("/api/v1/auth/me", headers: visitor.bearer(tokens.accessToken))
        #expect(try me.decode(Visitor.Tokens.Person.self).id == tokens.user.id)
    }

    @Test("Several devices may sign in at the same moment")
    func atOnce() async throws {
        let house = house
        let statuses = try await Self.statuses(of: 12) { _ in try await house.visitor().signIn().status.code }
        #expect(statuses == [200: 12])
    }

    @Test("Of a crowd that signs in to one account at once, the last are told to come again, and nobody is locked out")
    func crowd() async throws {
        let house = try await SignInHouse(passwordThreads: 1)
        try await house.addUser()
        let gate = try await Gate(house.pool)
        let (answers, answered) = AsyncStream.makeStream(of: Int.self)
        for _ in 0..<40 {
            Task { answered.yield((try? await house.visitor().signIn().status.code) ?? 0) }
        }
        var iterator = answers.makeAsyncIterator()
        // One is looked at and 32 wait; until one of them is done, those are all.
        for _ in 0..<7 { #expect(await iterator.next() == 429) }
        gate.open()
        for _ in 0..<33 { #expect(await iterator.next() == 200) }
    }

    /// How many of so many at once got each status.
    static func statuses(
        of count: Int, _ send: @escaping @Sendable (Int) async throws -> Int
    ) async throws -> [Int: Int] {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<count { group.addTask { try await send(number) } }
            return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
    }

    @Test("A wrong password and an unknown address get the same answer, word for word")
    func sameAnswer() async throws {
        let wrong = try await visitor.signIn("ann@example.org", "Wrong-Horse-7")
        for email in ["bob@example.org", "no address", "", "a@b", String(repeating: "x", count: 5_000)] {
            let unknown = try await visitor.signIn(email, "Wrong-Horse-7")
            #expect(unknown.status == .unauthorized && unknown.body == wrong.body)
        }
        #expect(wrong.status == .unauthorized)
        #expect(try wrong.refusal.code == "bad_credentials")
        #expect(wrong.headers.values(of: .setCookie).isEmpty)
    }

    @Test(
        "Five wrong passwords lock an address for a day, known or not",
        arguments: ["ann@example.org", "bob@example.org"])
    func locking(email: String) async throws {
        for _ in 0..<5 {
            let answer = try await visitor.signIn(email, "Wrong-Horse-7")
            #expect(answer.status == .unauthorized)
        }
        let locked = try await visitor.signIn(email)
        #expect(locked.status == .locked)
        #expect(try locked.refusal.code == "account_locked" && locked.refusal.retryAfter == 86_400)
        #expect(locked.headers[.retryAfter] == "86400")
        house.advance(by: 86_399)
        #expect(try await visitor.signIn(email).status == .locked)
        house.advance(by: 2)
        let after = try await visitor.signIn(email)
        #expect(after.status == (email.hasPrefix("ann") ? .ok : .unauthorized))
    }

    @Test("The right password in between begins the count anew")
    func forgiving() async throws {
        for _ in 0..<3 {
            for _ in 0..<4 { _ = try await visitor.signIn("ann@example.org", "Wrong-Horse-7") }
            #expect(try await visitor.signIn().status == .ok)
        }
    }

    @Test("Guesses at the same time are counted before they are looked at")
    func parallelGuesses() async throws {
        let house = house
        let statuses = try await Self.statuses(of: 20) { number in
            try await house.visitor().signIn("ann@example.org", "Wrong-Horse-\(number)").status.code
        }
        #expect(statuses == [401: 5, 423: 15])
    }

    @Test("One network address that fails too often has to wait, whatever the accounts")
    func addressLimit() async throws {
        for number in 0..<50 { _ = try await visitor.signIn("someone-\(number)@example.org") }
        let refused = try await visitor.signIn()
        #expect(refused.status == .tooManyRequests)
        #expect(try refused.refusal.code == "too_many_attempts" && refused.refusal.retryAfter == 18)
        #expect(refused.headers[.rateLimitLimit] == "50" && refused.headers[.rateLimitRemaining] == "0")
        #expect(refused.headers[.rateLimitReset] == "18" && refused.headers[.retryAfter] == "18")
        house.advance(by: 18)
        #expect(try await visitor.signIn().status == .ok)
    }

    @Test("A disabled person is told so only with the right password, and is out at once")
    func disabled() async throws {
        let tokens = try await visitor.signIn().tokens
        let user = try #require(UserID(tokens.user.id))
        try await house.accounts.changePerson(user, PersonEdit(isDisabled: true), by: .system)
        let me = try await visitor.client.get("/api/v1/auth/me", headers: visitor.bearer(tokens.accessToken))
        #expect(me.status == .unauthorized)
        #expect(try await visitor.signIn().refusal.code == "account_disabled")
        #expect(try await visitor.signIn("ann@example.org", "x").refusal.code == "bad_credentials")
        try await house.accounts.changePerson(user, PersonEdit(isDisabled: false), by: .system)
        #expect(try await visitor.signIn().status == .ok)
    }

    @Test("When too many sign in at once, the rest is asked to come back, and that counts for nothing")
    func busy() async throws {
        let house = try await SignInHouse(passwordThreads: 0, passwordQueue: 0)
        for _ in 0..<60 {
            let answer = try await house.visitor().signIn()
            #expect(answer.status == .serviceUnavailable)
            #expect(try answer.refusal.code == "busy" && answer.refusal.retryAfter == 2)
        }
    }

    @Test("A stranger who keeps the queue full holds up nobody else, and locks nobody out")
    func fullQueue() async throws {
        var settings = AccountsSettings()
        settings.maximumFailuresPerNetwork = 1_000
        let house = try await SignInHouse(settings: settings, passwordThreads: 1)
        try await house.addUser()
        let gate = try await Gate(house.pool)
        let (answers, answered) = AsyncStream.makeStream(of: Int.self)
        for number in 0..<230 {
            Task {
                let stranger = house.visitor(from: "203.0.113.1")
                answered.yield((try? await stranger.signIn("someone-\(number)@example.org").status.code) ?? 0)
            }
        }
        var iterator = answers.makeAsyncIterator()
        // One is at work and sixteen wait for it; until it is done, those are all.
        for _ in 0..<213 { #expect(await iterator.next() == 503) }
        let honest = (0..<5).map { _ in
            Task { try await house.visitor(from: "198.51.100.7").signIn().status.code }
        }
        gate.open()
        for attempt in honest { #expect(try await attempt.value == 200) }
        for _ in 0..<17 { #expect(await iterator.next() == 401) }
        #expect(try await house.visitor(from: "198.51.100.7").signIn().status == .ok)
    }

    @Test("Many hosts together guess only with pauses that grow to minutes, and never keep the owner out for long")
    func manyNetworks() async throws {
        let owner = house.visitor()
        #expect(try await owner.signIn().status == .ok)
        let house = house
        let statuses = try await Self.statuses(of: 30) { number in
            try await house.visitor(from: "203.0.113.\(number)").signIn("ann@example.org", "Wrong-Horse-7").status.code
        }
        #expect(statuses == [401: 20, 429: 10])
        for number in 0..<12 {
            house.advance(by: 300)
            let guess = try await house.visitor(from: "198.51.100.\(number)").signIn("ann@example.org", "Wrong-Horse-7")
            #expect(guess.status == .unauthorized)
        }
        let elsewhere = house.visitor(from: "192.0.2.1")
        let refused = try await elsewhere.signIn()
        #expect(refused.status == .tooManyRequests)
        #expect(try refused.refusal.code == "too_many_attempts" && refused.refusal.retryAfter == 300)
        #expect(try await owner.signIn().status == .ok)
        house.advance(by: 300)
        #expect(try await elsewhere.signIn().status == .ok)
    }

    @Test(
        "A stranger locks his own network out, and neither the others nor the browsers that the owner has used",
        arguments: [
            ("203.0.113.1", "203.0.113.1", "203.0.113.2"), ("2001:db8::1", "2001:db8::f00:2", "2001:db8:0:1::1"),
        ])
    func lockOfOneNetwork(stranger: String, neighbor: String, owner: String) async throws {
        let known = house.visitor(from: stranger)
        #expect(try await known.signIn().status == .ok)
        for _ in 0..<5 {
            let guess = try await house.visitor(from: stranger).signIn("ann@example.org", "Wrong-Horse-7")
            #expect(guess.status == .unauthorized)
        }
        #expect(try await house.visitor(from: neighbor).signIn().status == .locked)
        #expect(try await house.visitor(from: owner).signIn().status == .ok)
        #expect(try await known.signIn().status == .ok)
    }

    @Test("A known browser is known for its account only, as long as it lasts, and has a count of its own")
    func knownBrowser() async throws {
        try await house.addUser("bob@example.org")
        let bob = house.visitor()
        #expect(try await bob.signIn("bob@example.org").status == .ok)
        let token = try #require(bob.client.cookies["palco_device"])
        for _ in 0..<5 { _ = try await house.visitor().signIn("ann@example.org", "x") }
        #expect(try await bob.signIn().status == .locked)
        for _ in 0..<5 { _ = try await house.visitor().signIn("bob@example.org", "x") }
        #expect(try await house.visitor().signIn("bob@example.org").status == .locked)
        for bent in [token + "A", "B" + token.dropFirst(), String(token.dropLast(2)) + "AA", ""] {
            let answer = try await visitor.client.send(
                .post, "/api/v1/auth/login", headers: ["Cookie": "palco_device=\(bent)"],
                json: ["email": "bob@example.org", "password": SignInHouse.password])
            #expect(answer.status == .locked)
        }
        for _ in 0..<5 { #expect(try await bob.signIn("bob@example.org", "x").status == .unauthorized) }
        #expect(try await bob.signIn("bob@example.org").status == .locked)
        #expect(try await house.visitor(from: "203.0.113.1").signIn("bob@example.org").status == .ok)
    }

    @Test("A browser that was not used for a year is a stranger's")
    func oldBrowser() async throws {
        #expect(try await visitor.signIn().status == .ok)
        house.advance(by: 365 * 86_400)
        for _ in 0..<5 { _ = try await house.visitor().signIn("ann@example.org", "x") }
        #expect(try await visitor.signIn().status == .locked)
    }

    @Test("Over https the cookies are Secure, and no other host can set the session's", arguments: [false, true])
    func secureCookies(isSecure: Bool) async throws {
        let house = try await SignInHouse(isSecureOnly: isSecure)
        try await house.addUser()
        let visitor = house.visitor()
        let cookies = try await visitor.signIn().headers.values(of: .setCookie)
        let name = isSecure ? "__Host-palco_session" : "palco_session"
        #expect(cookies.map { String($0.prefix { $0 != "=" }) } == [name, "palco_csrf", "palco_device"])
        #expect(cookies.allSatisfy { $0.contains("; Secure") == isSecure && $0.contains("SameSite=Lax") })
        let session = try #require(cookies.first)
        let device = try #require(cookies.last)
        #expect(session.contains("Path=/;") && !session.contains("Domain") && session.contains("HttpOnly"))
        #expect(device.contains("Path=/api/v1/auth/login;") && device.contains("HttpOnly"))
        #expect(try await visitor.client.get("/api/v1/auth/me").status == .ok)
        let secret = try #require(visitor.client.cookies[name])
        let other = isSecure ? "palco_session" : "__Host-palco_session"
        let planted: HeaderFields = ["Cookie": "\(other)=\(secret)"]
        #expect(try await visitor.client.get("/api/v1/auth/me", headers: planted).status == .unauthorized)
        let left = try await visitor.client.send(.post, "/api/v1/auth/logout", headers: visitor.csrf)
        #expect(left.status == .noContent && visitor.client.cookies.keys.sorted() == ["palco_device"])
    }

    @Test("Passwords and tokens are in no line of the log")
    func quiet() async throws {
        let tokens = try await visitor.signIn().tokens
        _ = try await visitor.signIn("ann@example.org", "Wrong-Horse-7")
        let rotated = try await visitor.refresh(tokens.refreshToken).tokens
        _ = try await visitor.refresh(tokens.refreshToken)
        let secrets = [
            SignInHouse.password, "Wrong-Horse-7", tokens.accessToken, tokens.refreshToken, rotated.refreshToken,
            visitor.client.cookies["palco_session"] ?? "?", visitor.client.cookies["palco_csrf"] ?? "?",
            visitor.client.cookies["palco_device"] ?? "?",
        ]
        #expect(house.log.lines.count >= 5)
        for line in house.log.lines { #expect(!secrets.contains { line.contains($0) }, "\(line)") }
    }

    @Test(
        "Bodies that are no sign-in are refused with what is wrong",
        arguments: [
            (#"{"email": "a@b.c"}"#, 422), (#"{"email": 1, "password": "x"}"#, 422), ("{", 400), ("", 400), ("[]", 422),
            (#"{"email": null, "password": "x"}"#, 422),
        ])
    func malformed(body: String, status: Int) async throws {
        let answer = try await visitor.client.send(
            .post, "/api/v1/auth/login", headers: [.contentType: "application/json"], body: RequestBody(body))
        #expect(answer.status.code == status)
        let form = try await visitor.client.send(
            .post, "/api/v1/auth/login", headers: [.contentType: "text/plain"], body: RequestBody(body))
        #expect(form.status == .unsupportedMediaType)
    }

    @Test("A hash made at another cost is made anew at the next sign-in")
    func renewal() async throws {
        let user = try await house.addUser("cat@example.org")
        let costly = try await Argon2idSample.hash(of: SignInHouse.password)
        try await house.accounts.database.write { [house] in
            try UserStore().setPassword(user.id, costly, at: house.now, in: $0)
        }
        #expect(try await visitor.signIn("cat@example.org").status == .ok)
        let stored = try #require(try await house.accounts.findPerson(user.id)?.passwordHash)
        #expect(stored != costly && !house.accounts.passwords.hasher.isOutdated(stored))
        #expect(try await visitor.signIn("cat@example.org").status == .ok)
    }
}
