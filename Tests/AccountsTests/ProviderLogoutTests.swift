import FoundationEssentials
import HTTP
import OpenIDConnect
import Testing
import Web

@testable import Accounts

@Suite("Sign-ins that a provider ends")
struct ProviderLogoutTests {
    let outside: OutsideHouse

    init() async throws { outside = try await OutsideHouse { $0.registers = true } }

    func send(
        _ token: String?, to name: String = "house", type: String = "application/x-www-form-urlencoded"
    ) async throws
        -> InProcessClient.Answer
    {
        try await outside.house.visitor(from: "203.0.113.9").client.send(
            .post, OutsideHouse.path(name) + "/backchannel-logout", headers: [.contentType: type],
            body: RequestBody(token.map { "logout_token=\($0)" } ?? "a=b"))
    }

    func signedIn(_ subject: String, session: String) async throws -> Visitor {
        let visitor = outside.house.visitor()
        let told = HouseProvider.Told.person(subject, "\(subject)@example.org", ["sid": "\"\(session)\""])
        try await outside.signIn(visitor, as: told)
        return visitor
    }

    @Test("One sign-in ends by its name, all of a person by theirs, and nobody else's")
    func ends() async throws {
        let (first, second) = (try await signedIn("ann", session: "s1"), try await signedIn("ann", session: "s2"))
        let bob = try await signedIn("bob", session: "s3")
        let answer = try await send(try outside.provider.logoutToken(["sid": #""s1""#]))
        #expect(answer.status == .ok && answer.headers[.cacheControl] == "no-store" && answer.body.isEmpty)
        #expect(try await outside.me(first) == nil)
        #expect(try await outside.me(second) != nil)
        #expect(try await outside.me(bob) != nil)
        #expect(try await send(try outside.provider.logoutToken(["sub": #""ann""#])).status == .ok)
        #expect(try await outside.me(second) == nil)
        #expect(try await outside.me(bob) != nil)
        // Of another provider the same words mean somebody else.
        #expect(try await send(try outside.other.logoutToken(["sub": #""bob""#]), to: "other").status == .ok)
        #expect(try await outside.me(bob) != nil)
        // Both together mean both.
        #expect(try await send(try outside.provider.logoutToken(["sub": #""ann""#, "sid": #""s3""#])).status == .ok)
        #expect(try await outside.me(bob) != nil)
    }

    @Test("A token is obeyed once, at its own provider only, and must be good")
    func refused() async throws {
        let ann = try await signedIn("ann", session: "s1")
        let token = try outside.provider.logoutToken(["sub": #""nobody""#])
        #expect(try await send(token).status == .ok)
        let again = try await send(token)
        #expect(try again.status == .badRequest && again.refusal.code == "bad_logout_token")
        let good = try outside.provider.logoutToken(["sub": #""ann""#])
        #expect(try await send(good, to: "other").status == .badRequest)
        #expect(try await send(nil).status == .badRequest)
        #expect(try await send("not.a.token").status == .badRequest)
        #expect(try await send(good, type: "application/json").status == .unsupportedMediaType)
        #expect(try await send(good, to: "nobody").status == .notFound)
        #expect(try await send(String(repeating: "a", count: 40_000)).status == .contentTooLarge)
        #expect(
            try await send(try outside.provider.logoutToken(["sub": #""ann""#, "nonce": #""n""#])).status == .badRequest
        )
        #expect(try await outside.me(ann) != nil)
    }

    @Test("Whoever signs out goes on to the provider's end of session; by password there is none")
    func leaving() async throws {
        struct Left: Decodable { var location: String? }
        let ann = try await signedIn("ann", session: "s1")
        let answer = try await ann.client.send(.post, "/api/v1/auth/oidc/logout", headers: ann.csrf)
        let location = try #require(try answer.decode(Left.self).location)
        #expect(location.hasPrefix("\(outside.provider.issuer)/out?client_id=palco&post_logout_redirect_uri=http"))
        #expect(location.contains("id_token_hint=") && location.contains("%2Fsign-in"))
        #expect(try await outside.me(ann) == nil)
        #expect(ann.client.cookies["palco_session"] == nil)
        try await outside.house.addUser("zoe@example.org")
        let zoe = outside.house.visitor()
        _ = try await zoe.signIn("zoe@example.org")
        #expect(
            try await zoe.client.send(.post, "/api/v1/auth/oidc/logout", headers: zoe.csrf).text
                == #"{"location":null}"#)
        #expect(try await outside.me(zoe) == nil)
    }
}
