import HTTP
import SQL
import Testing
import Web

@testable import Accounts

@Suite("One's own account")
struct ProfileTests {
    let house: SignInHouse
    let visitor: Visitor

    init() async throws {
        house = try await SignInHouse()
        visitor = house.visitor()
        try await house.addUser()
        _ = try await visitor.signIn()
    }

    struct Me: Decodable {
        var name: String
        var locale: String?
        var role: String
        var otpEnabled: Bool
        var createdAt: String
    }

    func patch(_ body: String) async throws -> InProcessClientStatus {
        var headers = visitor.csrf
        headers[.contentType] = "application/json"
        return InProcessClientStatus(
            try await visitor.client.send(.patch, "/api/v1/auth/me", headers: headers, body: RequestBody(body)))
    }

    func me() async throws -> Me { try await visitor.client.get("/api/v1/auth/me").decode(Me.self) }

    @Test("It shows all that the contract names, a missing locale as null")
    func showing() async throws {
        let text = try await visitor.client.get("/api/v1/auth/me").text
        for key in ["id", "email", "name", "role", "locale", "created_at", "otp_enabled"] {
            #expect(text.contains("\"\(key)\":"))
        }
        #expect(text.contains(#""locale":null"#) && !text.contains("hash") && !text.contains("argon"))
        #expect(try await me().createdAt == "2027-01-15T08:00:00.000Z")
    }

    @Test("What another server changed is told as soon as that is heard")
    func elsewhere() async throws {
        let ann = try #require(try await house.user("ann@example.org"))
        #expect(try await me().name == "Ann")
        try await house.accounts.database.write {
            _ = try $0.execute("UPDATE users SET name = 'Anna' WHERE id = $1", ann.id)
        }
        let change = AccessChange.profileChanged(ann.id)
        #expect(house.accounts.changes.heard(Announcement(AccessChanges.topic, change.text)) == change)
        #expect(try await me().name == "Anna")
        #expect(AccessChange(text: "profile") == nil && AccessChange(text: "profile x") == nil)
    }

    @Test("Name and locale can be changed one by one, and the locale cleared")
    func changing() async throws {
        #expect(try await patch(#"{"name": "  Ann Ö. "}"#).code == 200)
        #expect(try await patch(#"{"locale": "es-MX"}"#).code == 200)
        var me = try await me()
        #expect(me.name == "Ann Ö." && me.locale == "es-MX")
        #expect(try await patch(#"{"locale": null}"#).code == 200)
        #expect(try await patch("{}").code == 200)
        me = try await self.me()
        #expect(me.name == "Ann Ö." && me.locale == nil)
    }

    @Test(
        "What is wrong, or not one's own to change, is refused",
        arguments: [
            #"{"role": "admin"}"#, #"{"email": "x@example.org"}"#, #"{"name": ""}"#, #"{"name": "a\u0000b"}"#,
            #"{"locale": "not a language"}"#, #"{"locale": "e"}"#, #"{"locale": ""}"#, #"{"disabled": false}"#,
            #"{"name": "\#(String(repeating: "x", count: 201))"}"#, #"{"name": 7}"#,
        ])
    func refusing(body: String) async throws {
        #expect(try await patch(body).code == 422)
        let me = try await me()
        #expect(me.name == "Ann" && me.role == "creator" && me.locale == nil)
    }

    func change(_ current: String, _ new: String) async throws -> InProcessClient.Answer {
        try await visitor.client.send(
            .post, "/api/v1/auth/password", headers: visitor.csrf,
            json: ["current_password": current, "new_password": new])
    }

    @Test("A new password ends all other sign-ins and begins this one anew")
    func newPassword() async throws {
        let other = house.visitor()
        let tokens = try await other.signIn().tokens
        let own = try await visitor.signIn().tokens
        let stolen = visitor.client.cookies
        let answer = try await change(SignInHouse.password, "Another-Horse-8")
        #expect(answer.status == .noContent && answer.headers.values(of: .setCookie).count == 2)
        // A thief of what this browser held is out as well.
        let thief = house.visitor()
        let cookie: HeaderFields = ["Cookie": "palco_session=\(stolen["palco_session"] ?? "?")"]
        #expect(try await thief.client.get("/api/v1/auth/me", headers: cookie).status == .unauthorized)
        let bearer = try await thief.client.get("/api/v1/auth/me", headers: thief.bearer(own.accessToken))
        #expect(bearer.status == .unauthorized)
        #expect(try await thief.refresh(own.refreshToken).status == .unauthorized)
        #expect(try await patch(#"{"locale": "es"}"#).code == 200)
        #expect(try await me().name == "Ann")
        #expect(try await other.client.get("/api/v1/auth/me").status == .unauthorized)
        #expect(try await other.refresh(tokens.refreshToken).status == .unauthorized)
        #expect(try await other.signIn().status == .unauthorized)
        #expect(try await other.signIn("ann@example.org", "Another-Horse-8").status == .ok)
    }

    @Test("A program gets new tokens with the new password")
    func newTokens() async throws {
        let program = house.visitor()
        let old = try await program.signIn().tokens
        var headers = program.bearer(old.accessToken)
        headers[.contentType] = "application/json"
        let body = #"{"current_password": "\#(SignInHouse.password)", "new_password": "Another-Horse-8"}"#
        let answer = try await program.client.send(
            .post, "/api/v1/auth/password", headers: headers, body: RequestBody(body))
        #expect(answer.status == .ok && answer.headers.values(of: .setCookie).isEmpty)
        let new = try answer.tokens
        func me(_ token: String) async throws -> Int {
            try await program.client.get("/api/v1/auth/me", headers: program.bearer(token)).status.code
        }
        #expect(try await me(old.accessToken) == 401)
        #expect(try await me(new.accessToken) == 200)
        #expect(try await program.refresh(old.refreshToken).status == .unauthorized)
        #expect(try await program.refresh(new.refreshToken).status == .ok)
    }

    @Test("The current password is asked for, and guessing it locks")
    func currentPassword() async throws {
        for _ in 0..<5 {
            let answer = try await change("Wrong-Horse-7", "Another-Horse-8")
            #expect(answer.status == .unprocessableContent)
        }
        #expect(try await change(SignInHouse.password, "Another-Horse-8").status == .locked)
        // That was this session's; its owner, who knows the password, signs in again and goes on.
        #expect(try await visitor.signIn().status == .ok)
        #expect(try await change(SignInHouse.password, "Another-Horse-8").status == .noContent)
    }

    @Test(
        "Passwords that anyone would guess are refused",
        arguments: [
            "short-1A", "Short-1", "alllower-1", "ALLUPPER-1", "No-Digits-Here", "NoSpecial1", "Password1!", "P@ssw0rd",
            "Qwerty123!", "Welcome-1", "Admin2024!", "",
        ].dropFirst())
    func weakPasswords(password: String) async throws {
        #expect(try await change(SignInHouse.password, password).status == .unprocessableContent)
    }

    @Test(
        "Good ones pass",
        arguments: ["short-1A", "Correct-Horse-7-Battery", "Пароль-мой-1x", "aB3$aB3$", "zR9 zR9 zR9"])
    func goodPasswords(password: String) {
        #expect(PasswordPolicy().complaints(about: password).isEmpty)
    }
}
