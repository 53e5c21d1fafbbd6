import FoundationEssentials
import HTTP
import Testing
import Web

@testable import Accounts
@testable import TestSupport

/// Somebody registers the address of somebody else before they do, and waits (Sudhodanan and Paverd, 2022: five classes of
/// account pre-hijacking). What concerns outside identity providers is tested where those are.
@Suite("Accounts that a stranger made ready for somebody else")
struct PreHijackingTests {
    private static let strangers = "Stranger-Horse-9"

    @Test("Classic: the stranger's password opens nothing, whichever of the links the owner follows")
    func classic() async throws {
        let house = try await SignInHouse.open()
        let stranger = house.visitor(from: "203.0.113.1")
        _ = try await stranger.register(Wish(password: Self.strangers, name: "Eve"))
        _ = try await house.visitor().register()
        let links = try await house.mails().compactMap { $0.token("/verify") }
        #expect(links.count == 2)
        // The owner opens the mail that the stranger caused, with the password of their own registration.
        #expect(try await house.visitor().verify(links[0]).status == .unauthorized)
        #expect(try await house.visitor().verify(links[1]).status == .ok)
        #expect(try await stranger.signIn("ann@example.org", Self.strangers).status == .unauthorized)
        #expect(try await stranger.verify(links[0], Self.strangers).status == .notFound)
        #expect(try await house.user("ann@example.org")?.name == "Ann")
    }

    @Test("A stranger who registered cannot be made an account's owner by an owner who only follows the link")
    func unknowing() async throws {
        let house = try await SignInHouse.open()
        let stranger = house.visitor(from: "203.0.113.1")
        _ = try await stranger.register(Wish(password: Self.strangers))
        let link = try #require(try await house.mails().first?.token("/verify"))
        for password in ["", "Guess-Horse-1", "Guess-Horse-2"] {
            #expect(try await house.visitor().verify(link, password).status == .unauthorized)
        }
        #expect(try await house.user("ann@example.org") == nil)
        // Nor is there anything for the stranger to wait in, or to reset.
        #expect(try await stranger.signIn("ann@example.org", Self.strangers).status == .unauthorized)
        _ = try await stranger.forget()
        #expect(try await house.mails().count == 1)
    }

    @Test("Unexpired session: what a stranger is signed in with ends when the owner takes the account back")
    func unexpiredSession() async throws {
        // Only without verification can a stranger be signed in at all.
        let house = try await SignInHouse.open(verifies: false)
        let stranger = house.visitor(from: "203.0.113.1")
        let tokens = try await stranger.register(Wish(password: Self.strangers)).tokens
        let other = try await house.visitor(from: "203.0.113.2").signIn("ann@example.org", Self.strangers).tokens
        _ = try await house.visitor().forget()
        let link = try #require(try await house.mails().last?.token("/reset"))
        #expect(try await house.visitor().reset(link, SignInHouse.password).status == .noContent)
        for held in [tokens, other] {
            let me = try await stranger.client.get("/api/v1/auth/me", headers: stranger.bearer(held.accessToken))
            #expect(me.status == .unauthorized)
            #expect(try await stranger.refresh(held.refreshToken).status == .unauthorized)
        }
        #expect(try await stranger.client.get("/api/v1/auth/me").status == .unauthorized)
        #expect(try await stranger.signIn("ann@example.org", Self.strangers).status == .unauthorized)
        #expect(try await house.visitor().signIn().status == .ok)
    }

    @Test("Trojan: an identity that the stranger linked, and a link for a new password, end with the owner's own")
    func trojan() async throws {
        let house = try await SignInHouse.open(verifies: false)
        _ = try await house.visitor(from: "203.0.113.1").register(Wish(password: Self.strangers))
        _ = try await house.visitor().forget()
        _ = try await house.visitor().forget()
        let links = try await house.mails().compactMap { $0.token("/reset") }
        #expect(links.count == 2)
        let user = try #require(try await house.user("ann@example.org"))
        try await house.accounts.database.write { transaction in
            _ = try transaction.execute(
                """
                INSERT INTO identities (id, user_id, provider, issuer, subject, created_at) \
                VALUES ('1', $1, 'other', 'https://other.test', 'stranger', 0)
                """, user.id)
        }
        #expect(try await house.visitor().reset(links[1], SignInHouse.password).status == .noContent)
        #expect(try await house.visitor().reset(links[0], Self.strangers).status == .notFound)
        #expect(try await house.rowCount(of: "identities") == 0)
        #expect(
            try await house.rowCount(of: "former_passwords") == 0,
            "the stranger's password is not the owner's former one")
        #expect(try await house.visitor().signIn().status == .ok)
    }

    @Test("Unexpired change of address: nobody changes the address of an account, so no change can wait")
    func unexpiredChange() async throws {
        let house = try await SignInHouse.open(verifies: false)
        let stranger = house.visitor(from: "203.0.113.1")
        let tokens = try await stranger.register(Wish(password: Self.strangers)).tokens
        let answer = try await stranger.client.send(
            .patch, "/api/v1/auth/me", headers: stranger.bearer(tokens.accessToken), json: ["email": "eve@example.net"])
        #expect(answer.status == .unprocessableContent && answer.text.contains("not_changeable"))
        #expect(try await house.mails().isEmpty)
    }
}
