import FoundationEssentials
import HTTP
import Testing
import Web

@testable import Accounts
@testable import TestSupport

@Suite("Invitations")
struct InvitationTests {
    struct Offer: Encodable {
        var email: String?
        var role = "creator"
        var expiresInDays = 7
        var locale: String?
    }

    struct Invited: Decodable {
        var id: String
        var link: String
        var mailed: Bool
        var token: String { link.split(separator: "=").last.map(String.init) ?? "" }
    }

    let house: SignInHouse
    let admin: Visitor

    init() async throws {
        house = try await SignInHouse.open(.invitation)
        try await house.addUser("root@example.org", role: .admin)
        admin = house.visitor()
        admin.client.headers = [
            "Authorization": "Bearer \(try await admin.signIn("root@example.org").tokens.accessToken)"
        ]
    }

    private func invite(_ offer: Offer = Offer()) async throws -> Invited {
        let answer = try await admin.client.send(.post, "/api/v1/admin/invitations", json: offer)
        #expect(answer.status == .created, "\(answer.text)")
        return try answer.decode(Invited.self)
    }

    @Test("Without an invitation nobody registers")
    func needed() async throws {
        for token in [nil, "", "x", String(repeating: "x", count: 5_000)] {
            let answer = try await house.visitor().register(Wish(invitation: token))
            #expect(answer.status == .notFound)
            #expect(try answer.refusal.code == "invitation_not_found")
        }
    }

    @Test("An invitation for anybody gives its role to the first whose address is verified")
    func open() async throws {
        let invited = try await invite()
        #expect(!invited.mailed && invited.link.hasPrefix("https://video.example.org/register#invitation="))
        let shown = try await house.visitor().client.get("/api/v1/auth/invitations/\(invited.token)")
        #expect(shown.text == #"{"email":null,"expires_at":"2027-01-22T08:00:00.000Z","role":"creator"}"#)
        for email in ["ann@example.org", "bob@example.org"] {
            let answer = try await house.visitor().register(Wish(email: email, invitation: invited.token))
            #expect(answer.status == .accepted)
        }
        let (house, mails) = (house, try await house.mails())
        let statuses = try await SignInTests.statuses(of: 2) { number in
            try await house.visitor().verify(try #require(mails[number].token("/verify"))).status.code
        }
        #expect(statuses == [200: 1, 404: 1])
        let users = [try await house.user("ann@example.org"), try await house.user("bob@example.org")]
        #expect(users.compactMap { $0?.role } == [.creator])
        #expect(try await house.visitor().client.get("/api/v1/auth/invitations/\(invited.token)").status == .notFound)
    }

    @Test("An invitation for an address is mailed to it, lets it in at once, and nobody else")
    func bound() async throws {
        let invited = try await invite(Offer(email: "Ann@example.org", role: "premium", locale: "ru"))
        #expect(invited.mailed)
        let mail = try #require(try await house.mails().first)
        #expect(mail.recipient == "ann@example.org" && mail.content.contains("Приглашение на video.example.org"))
        #expect(mail.token("/register", "invitation") == invited.token)
        let other = try await house.visitor().register(Wish(email: "eve@example.org", invitation: invited.token))
        #expect(other.status == .notFound)
        let answer = try await house.visitor().register(Wish(invitation: invited.token))
        #expect(answer.status == .created)
        #expect(try answer.tokens.user.role == "premium")
        #expect(try await house.user("ann@example.org")?.emailVerifiedAt != nil)
        #expect(
            try await house.visitor().register(Wish(email: "bob@example.org", invitation: invited.token)).status
                == .notFound)
    }

    @Test("A hundred who use an invitation for an address at once make one account")
    func race() async throws {
        let (house, invited) = (house, try await invite(Offer(email: "ann@example.org")))
        let statuses = try await SignInTests.statuses(of: 100) { number in
            try await house.visitor(from: "203.0.113.\(number)").register(Wish(invitation: invited.token)).status.code
        }
        #expect(
            statuses[201] == 1
                && statuses[201, default: 0] + statuses[404, default: 0] + statuses[409, default: 0] == 100)
        #expect(try await house.rowCount(of: "users") == 2)
    }

    @Test("What is over, taken back, or was made by somebody who administers no more is good for nothing")
    func ended() async throws {
        let over = try await invite(Offer(expiresInDays: 1))
        house.advance(by: 86_400)
        let again = house.visitor()
        admin.client.headers = [
            "Authorization": "Bearer \(try await again.signIn("root@example.org").tokens.accessToken)"
        ]
        let removed = try await invite()
        #expect(try await admin.client.send(.delete, "/api/v1/admin/invitations/\(removed.id)").status == .noContent)
        #expect(try await admin.client.send(.delete, "/api/v1/admin/invitations/\(removed.id)").status == .notFound)
        let orphaned = try await invite(Offer(role: "admin"))
        let waiting = try await invite(Offer(role: "admin"))
        #expect(try await house.visitor().register(Wish(invitation: waiting.token)).status == .accepted)
        let list = try await admin.client.get("/api/v1/admin/invitations").text
        #expect(
            list.contains(orphaned.id) && list.contains(waiting.id) && !list.contains(over.id)
                && !list.contains(removed.id))
        #expect(!list.contains(orphaned.token) && !list.contains("link"))
        try await house.accounts.database.write { _ = try $0.execute("UPDATE users SET role = 'creator'") }
        for invited in [over, removed, orphaned] {
            let answer = try await house.visitor().register(Wish(email: "bob@example.org", invitation: invited.token))
            #expect(answer.status == .notFound)
            #expect(
                try await house.visitor().client.get("/api/v1/auth/invitations/\(invited.token)").status == .notFound)
        }
        let token = try #require(try await house.mails().first?.token("/verify"))
        #expect(try await house.visitor().verify(token).status == .notFound)
        #expect(try await house.rowCount(of: "users") == 1)
    }

    @Test("Who may make one, and for whom")
    func refusals() async throws {
        try await house.addUser("cid@example.org", role: .creator)
        let creator = house.visitor()
        creator.client.headers = [
            "Authorization": "Bearer \(try await creator.signIn("cid@example.org").tokens.accessToken)"
        ]
        #expect(try await creator.client.send(.post, "/api/v1/admin/invitations", json: Offer()).status == .forbidden)
        let taken = try await admin.client.send(
            .post, "/api/v1/admin/invitations", json: Offer(email: "cid@example.org"))
        #expect(taken.status == .conflict)
        #expect(try taken.refusal.code == "email_taken")
        for days in [0, 366, -1] {
            let answer = try await admin.client.send(
                .post, "/api/v1/admin/invitations", json: Offer(expiresInDays: days))
            #expect(answer.status == .unprocessableContent)
        }
        let role = try await admin.client.send(.post, "/api/v1/admin/invitations", json: Offer(role: "emperor"))
        #expect(role.status == .unprocessableContent)
    }

    @Test("Where registration is closed there are none")
    func closed() async throws {
        let house = try await SignInHouse()
        try await house.addUser("root@example.org", role: .admin)
        let admin = house.visitor()
        admin.client.headers = [
            "Authorization": "Bearer \(try await admin.signIn("root@example.org").tokens.accessToken)"
        ]
        let answer = try await admin.client.send(.post, "/api/v1/admin/invitations", json: Offer())
        #expect(answer.status == .conflict)
        #expect(try answer.refusal.code == "registration_closed")
    }
}
