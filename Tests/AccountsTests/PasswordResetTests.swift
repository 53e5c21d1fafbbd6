import FoundationEssentials
import HTTP
import Testing
import Web

@testable import Accounts
@testable import TestSupport

@Suite("New passwords by a link")
struct PasswordResetTests {
    private static let new = "Another-Horse-8"

    @Test("The link of the mail sets a password, once; sign-ins and locks end, and the address is proven")
    func whole() async throws {
        let house = try await SignInHouse.open(.closed)
        try await house.addUser()
        let visitor = house.visitor()
        let tokens = try await visitor.signIn().tokens
        let stranger = house.visitor(from: "203.0.113.1")
        for _ in 0..<5 { _ = try await stranger.signIn("ann@example.org", "Wrong-Horse-7") }
        #expect(try await stranger.signIn().status == .locked)
        let answer = try await visitor.forget(" ANN@example.org")
        #expect(answer.status == .accepted && answer.text == #"{"status":"reset_sent"}"#)
        let token = try #require(try await house.mails().last?.token("/reset"))
        #expect(try await house.mails().last?.content.contains("https://video.example.org/reset#token=") == true)
        let weak = try await visitor.reset(token, "short")
        #expect(weak.status == .unprocessableContent && weak.text.contains(#""field":"password""#))
        #expect(try await visitor.reset(token, Self.new).status == .noContent)
        let me = try await visitor.client.get("/api/v1/auth/me", headers: visitor.bearer(tokens.accessToken))
        #expect(me.status == .unauthorized)
        #expect(try await visitor.refresh(tokens.refreshToken).status == .unauthorized)
        #expect(try await stranger.signIn("ann@example.org", Self.new).status == .ok)
        #expect(try await stranger.signIn().status == .unauthorized)
        #expect(try await house.user("ann@example.org")?.emailVerifiedAt != nil)
        let again = try await visitor.reset(token, "Third-Horse-9")
        #expect(again.status == .notFound)
        #expect(try again.refusal.code == "link_not_found")
        #expect(try await house.mails().last?.field("Subject") == "Your password was changed")
    }

    @Test("Whether an address has an account shows neither in the answer nor in what is written")
    func sameWork() async throws {
        let house = try await SignInHouse.open(.closed)
        try await house.addUser()
        let disabled = try await house.addUser("dis@example.org")
        try await house.accounts.changePerson(disabled.id, PersonEdit(isDisabled: true), by: .system)
        let answers = [
            try await house.visitor().forget(), try await house.visitor().forget("bob@example.org"),
            try await house.visitor().forget("dis@example.org"),
        ]
        #expect(answers.allSatisfy { $0.status == .accepted && $0.body == answers[0].body })
        #expect(try await house.rowCount(of: "outgoing_mails") == 3)
        #expect(try await house.rowCount(of: "password_resets") == 3)
        let sizes = try await house.accounts.database.read { access in
            try access.query("SELECT message FROM outgoing_mails").map {
                try $0.value("message", as: [UInt8].self).count
            }
        }
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) < 100)
        #expect(try await house.mails().map(\.recipient) == ["ann@example.org"])
        #expect(try await house.rowCount(of: "outgoing_mails") == 0)
    }

    @Test("Nobody's mailbox is flooded: after five letters one goes every ten minutes, and answers stay the same")
    func allowance() async throws {
        let house = try await SignInHouse.open(.closed)
        try await house.addUser()
        for number in 0..<20 {
            #expect(try await house.visitor(from: "203.0.113.\(number)").forget().status == .accepted)
        }
        #expect(try await house.mails().count == 5)
        house.advance(by: 600)
        #expect(try await house.visitor().forget().status == .accepted)
        #expect(try await house.mails().count == 6)
    }

    @Test("One address on the net cannot ask without end")
    func limit() async throws {
        let house = try await SignInHouse.open(.closed)
        let statuses = try await SignInTests.statuses(of: 130) { number in
            try await house.visitor().forget("n\(number)@example.org").status.code
        }
        #expect(statuses[202, default: 0] >= 120 && statuses[429, default: 0] > 0)
    }

    @Test("A link is good for an hour, and ends with any other change of the password")
    func ends() async throws {
        let house = try await SignInHouse.open(.closed)
        try await house.addUser()
        _ = try await house.visitor().forget()
        let old = try #require(try await house.mails().last?.token("/reset"))
        house.advance(by: 3_600)
        #expect(try await house.visitor().reset(old, Self.new).status == .notFound)
        _ = try await house.visitor().forget()
        let (first, visitor) = (try #require(try await house.mails().last?.token("/reset")), house.visitor())
        let tokens = try await visitor.signIn().tokens
        let changed = try await visitor.client.send(
            .post, "/api/v1/auth/password", headers: visitor.bearer(tokens.accessToken),
            json: ["current_password": SignInHouse.password, "new_password": Self.new])
        #expect(changed.status == .ok)
        #expect(try await house.visitor().reset(first, "Third-Horse-9").status == .notFound)
        try await house.accounts.upkeep.prune()
        #expect(try await house.rowCount(of: "password_resets") == 0)
    }

    @Test(
        "What is no link is refused before a password is hashed",
        arguments: ["", "x", String(repeating: "x", count: 9_000)])
    func unknown(token: String) async throws {
        let house = try await SignInHouse.open(.closed)
        #expect(try await house.visitor().reset(token, Self.new).status == .notFound)
        #expect(try await house.visitor().verify(token).status == .notFound)
    }

    @Test(
        "A link of an administrator's is told to them and mailed, and proves the address only if it was mailed",
        arguments: [true, false])
    func issued(sendsMail: Bool) async throws {
        let house = try await SignInHouse.open(.closed, sendsMail: sendsMail)
        let user = try await house.addUser()
        let issued = try await house.accounts.registration.issueReset(for: user, isFirst: true, by: .system)
        #expect(issued.wasMailed == sendsMail)
        #expect(issued.link.hasPrefix(sendsMail ? "https://video.example.org/reset#token=" : "/reset#token="))
        let token = String(issued.link.split(separator: "=")[1])
        if sendsMail { #expect(try await house.mails().map { $0.token("/reset") } == [token]) }
        house.advance(by: 7 * 86_400 - 1)
        #expect(try await house.visitor().reset(token, Self.new).status == .noContent)
        #expect((try await house.user("ann@example.org")?.emailVerifiedAt != nil) == sendsMail)
    }

    @Test("Without mail whoever asks is sent to the administrator, and nothing is written")
    func withoutMail() async throws {
        let house = try await SignInHouse.open(.closed, sendsMail: false)
        try await house.addUser()
        for email in ["ann@example.org", "bob@example.org"] {
            let answer = try await house.visitor().forget(email)
            #expect(answer.status == .accepted && answer.text == #"{"status":"reset_by_administrator"}"#)
        }
        #expect(try await house.rowCount(of: "password_resets") == 0)
    }

    @Test("What a request says of its host is in no link", arguments: ["Host", "X-Forwarded-Host", "Forwarded"])
    func hosts(field: String) async throws {
        let house = try await SignInHouse.open()
        try await house.addUser()
        let visitor = house.visitor()
        visitor.client.headers[FieldName(field)] = field == "Forwarded" ? "host=evil.test;proto=https" : "evil.test"
        _ = try await visitor.forget()
        _ = try await visitor.register(Wish(email: "bob@example.org"))
        _ = try await visitor.register()
        let mails = try await house.mails()
        #expect(mails.count == 3 && mails.allSatisfy { !$0.content.contains("evil.test") })
    }

    @Test("The owner is told once that their account is locked; nobody is told of an address without one")
    func locked() async throws {
        let house = try await SignInHouse.open(.closed)
        try await house.addUser()
        try await house.accounts.database.write { _ = try $0.execute("UPDATE users SET locale = 'ru', name = 'Анна'") }
        for email in ["ann@example.org", "bob@example.org"] {
            for _ in 0..<8 { _ = try await house.visitor().signIn(email, "Wrong-Horse-7") }
            #expect(try await house.rowCount(of: "outgoing_mails") == 1)
            _ = try await house.mails()
        }
        let mails = try await house.mails()
        #expect(mails.map(\.recipient) == ["ann@example.org"])
        #expect(mails[0].content.contains("Здравствуйте, Анна!") && mails[0].content.contains("вход закрыт на 24 часа"))
        #expect(mails[0].content.contains("https://video.example.org/forgot"))
        // Another network, another lock; a crowd of them is told three times.
        for number in 0..<6 {
            for _ in 0..<5 {
                _ = try await house.visitor(from: "203.0.\(number).1").signIn("ann@example.org", "Wrong-Horse-7")
            }
            house.advance(by: 5 * 300)
        }
        #expect(try await house.mails().count == 3)
    }
}
