import HTTP
import Testing

@testable import Accounts

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
        #expect(answer.headers[.cacheControl] == "no-store")
        let me = try await visitor.client.get("/api/v1/auth/me", headers: visitor.bearer(tokens.accessToken))
        #expect(try me.decode(Visitor.Tokens.Person.self).id == tokens.user.id)
    }

    @Test("Several devices may sign in at the same moment; a crowd is told to come again, and nobody is locked out")
    func atOnce() async throws {
        let house = house
        let attempts = (0..<12).map { _ in Task { try await house.visitor().signIn().status.code } }
        var statuses: [Int] = []
        for attempt in attempts { statuses.append(try await attempt.value) }
        #expect(statuses.allSatisfy { $0 == 200 })
        #expect(try await visitor.signIn("ann@example.org").status == .ok)
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
        let application = house.application
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<20 {
                group.addTask {
                    try await Visitor(application).signIn("ann@example.org", "Wrong-Horse-\(number)").status.code
                }
            }
            return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
        #expect(statuses == [401: 5, 423: 15])
    }

    @Test("One network address that fails too often has to wait, whatever the accounts")
    func addressLimit() async throws {
        for number in 0..<50 { _ = try await visitor.signIn("someone-\(number)@example.org") }
        let refused = try await visitor.signIn()
        #expect(refused.status == .tooManyRequests)
        #expect(try refused.refusal.code == "too_many_attempts" && refused.refusal.retryAfter == 900)
        house.advance(by: 901)
        #expect(try await visitor.signIn().status == .ok)
    }

    @Test("A disabled person is told so only with the right password, and is out at once")
    func disabled() async throws {
        let tokens = try await visitor.signIn().tokens
        let user = try #require(UserID(tokens.user.id))
        try await house.accounts.setDisabled(true, of: user)
        let me = try await visitor.client.get("/api/v1/auth/me", headers: visitor.bearer(tokens.accessToken))
        #expect(me.status == .unauthorized)
        #expect(try await visitor.signIn().refusal.code == "account_disabled")
        #expect(try await visitor.signIn("ann@example.org", "x").refusal.code == "bad_credentials")
        try await house.accounts.setDisabled(false, of: user)
        #expect(try await visitor.signIn().status == .ok)
    }

    @Test("When too many sign in at once, the rest is asked to come back")
    func busy() async throws {
        let house = try await SignInHouse(passwordThreads: 0, passwordQueue: 0)
        let answer = try await house.visitor().signIn()
        #expect(answer.status == .serviceUnavailable)
        #expect(try answer.refusal.code == "busy" && answer.refusal.retryAfter == 2)
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
            try house.accounts.users.setPassword(user.id, costly, at: house.accounts.now(), in: $0)
        }
        #expect(try await visitor.signIn("cat@example.org").status == .ok)
        let stored = try #require(try await house.accounts.user(user.id)?.passwordHash)
        #expect(stored != costly && !house.accounts.hasher.isOutdated(stored))
        #expect(try await visitor.signIn("cat@example.org").status == .ok)
    }
}
