import FoundationEssentials
import HTTP
import Testing
import Web

@testable import Accounts
@testable import TestSupport

/// What somebody sends who wants an account.
struct Wish: Encodable, Sendable {
    var email = "ann@example.org"
    var password = SignInHouse.password
    var name = "Ann"
    var locale: String?
    var invitation: String?
    var role: String?
}

extension Visitor {
    func register(_ wish: Wish = Wish()) async throws -> InProcessClient.Answer {
        try await client.send(.post, "/api/v1/auth/register", json: wish)
    }

    func verify(_ token: String, _ password: String = SignInHouse.password) async throws -> InProcessClient.Answer {
        try await client.send(.post, "/api/v1/auth/verify", json: ["token": token, "password": password])
    }

    func forget(_ email: String = "ann@example.org") async throws -> InProcessClient.Answer {
        try await client.send(.post, "/api/v1/auth/password/forgot", json: ["email": email])
    }

    func reset(_ token: String, _ password: String) async throws -> InProcessClient.Answer {
        try await client.send(.post, "/api/v1/auth/password/reset", json: ["token": token, "password": password])
    }
}

extension SignInHouse {
    static func open(
        _ policy: RegistrationPolicy = .open, verifies: Bool = true, sendsMail: Bool = true
    ) async throws -> SignInHouse {
        var settings = AccountsSettings()
        settings.registration = policy
        settings.verifiesEmail = verifies
        settings.publicAddress = sendsMail ? "https://video.example.org" : nil
        return try await SignInHouse(settings: settings, sendsMail: sendsMail)
    }
}

@Suite("Registration")
struct RegistrationTests {
    @Test("Nobody makes an account where registration is closed, which it is unless it is opened")
    func closed() async throws {
        let house = try await SignInHouse()
        let answer = try await house.visitor().register()
        #expect(answer.status == .forbidden)
        #expect(try answer.refusal.code == "registration_closed")
        #expect(try await house.rowCount(of: "registrations") == 0)
        #expect(try await house.rowCount(of: "users") == 0)
    }

    @Test("The link of the mail and the password of the registration make the account, once")
    func whole() async throws {
        let house = try await SignInHouse.open()
        let visitor = house.visitor()
        let answer = try await visitor.register(Wish(email: " Ann@Example.ORG ", locale: "es-MX"))
        #expect(answer.status == .accepted && answer.text == #"{"status":"verification_sent"}"#)
        #expect(answer.headers.values(of: .setCookie).isEmpty)
        #expect(try await house.user("ann@example.org") == nil)
        #expect(try await visitor.signIn().status == .unauthorized)
        let mails = try await house.mails()
        #expect(mails.map(\.recipient) == ["ann@example.org"])
        #expect(mails[0].field("To") == "ann@example.org")
        #expect(mails[0].content.contains("https://video.example.org/verify#token="))
        #expect(mails[0].content.contains("Confirma tu dirección de correo"))
        let token = try #require(mails[0].token("/verify"))
        let verified = try await visitor.verify(token)
        #expect(verified.status == .ok)
        let tokens = try verified.tokens
        #expect(tokens.user.email == "ann@example.org" && tokens.user.role == "user")
        #expect(verified.headers.values(of: .setCookie).contains { $0.hasPrefix("palco_session=") })
        let me = try await visitor.client.get("/api/v1/auth/me", headers: visitor.bearer(tokens.accessToken))
        #expect(me.text.contains(#""email_verified":true"#) && me.text.contains(#""locale":"es-MX""#))
        #expect(try await house.visitor().signIn().status == .ok)
        let again = try await visitor.verify(token)
        #expect(again.status == .notFound)
        #expect(try again.refusal.code == "link_not_found")
        #expect(try await house.rowCount(of: "registrations") == 0)
        #expect(try await house.rowCount(of: "outgoing_mails") == 0)
    }

    @Test("A role in the body is refused, whatever it is", arguments: ["admin", "user", ""])
    func role(_ role: String) async throws {
        let house = try await SignInHouse.open()
        let answer = try await house.visitor().register(Wish(role: role))
        #expect(answer.status == .unprocessableContent && answer.text.contains(#""field":"role""#))
        #expect(answer.text.contains("not_changeable"))
        #expect(try await house.rowCount(of: "registrations") == 0)
    }

    @Test(
        "What will not do is named",
        arguments: [
            (Wish(email: "no address"), "email"), (Wish(email: "ann@example.org\r\nBcc: eve@example.net"), "email"),
            (Wish(name: "Ann\r\nBcc: eve@example.net"), "name"), (Wish(name: " "), "name"),
            (Wish(name: String(repeating: "x", count: 201)), "name"), (Wish(password: "short"), "password"),
            (Wish(locale: "no locale"), "locale"),
        ])
    func fields(wish: Wish, field: String) async throws {
        let house = try await SignInHouse.open()
        let answer = try await house.visitor().register(wish)
        #expect(answer.status == .unprocessableContent && answer.text.contains("\"field\":\"\(field)\""))
        #expect(try await house.rowCount(of: "registrations") == 0)
        #expect(try await house.mails().isEmpty)
    }

    @Test("Whoever has an account is told so by mail; the answer and the rows that are made are the same")
    func taken() async throws {
        let house = try await SignInHouse.open()
        try await house.addUser()
        let known = try await house.visitor().register(Wish(password: "Other-Horse-8", name: "Eve"))
        let unknown = try await house.visitor().register(Wish(email: "bob@example.org"))
        #expect(known.status == unknown.status && known.body == unknown.body)
        #expect(known.headers.map { $0.name }.sorted() == unknown.headers.map { $0.name }.sorted())
        #expect(try await house.rowCount(of: "registrations") == 2)
        #expect(try await house.rowCount(of: "outgoing_mails") == 2)
        let mails = try await house.mails()
        #expect(mails.map(\.recipient) == ["ann@example.org", "bob@example.org"])
        #expect(mails[0].field("Subject") == "You already have an account" && mails[0].token("/verify") == nil)
        #expect(!mails[0].content.contains("Eve"))
        #expect(try await house.visitor().signIn().status == .ok)
        #expect(try await house.rowCount(of: "users") == 1)
    }

    @Test("A hundred who register one address at once make one account", arguments: [true, false])
    func race(verifies: Bool) async throws {
        let house = try await SignInHouse.open(verifies: verifies)
        let statuses = try await SignInTests.statuses(of: 100) { number in
            let visitor = house.visitor(from: "203.0.113.\(number)")
            return try await visitor.register().status.code
        }
        guard verifies else {
            #expect(statuses == [201: 1, 409: 99])
            #expect(try await house.rowCount(of: "users") == 1)
            #expect(try await house.rowCount(of: "sessions") == 1)
            return
        }
        #expect(statuses == [202: 100])
        // More than so many letters nobody can have sent to one address.
        let tokens = try await house.mails().compactMap { $0.token("/verify") }
        #expect(tokens.count == 5 && Set(tokens).count == 5)
        #expect(try await house.rowCount(of: "users") == 0)
        let verified = try await SignInTests.statuses(of: 50) { number in
            let visitor = house.visitor(from: "203.0.113.\(number)")
            // Whom a database under load asks to come again comes again.
            for _ in 0..<20 {
                let status = try await visitor.verify(tokens[number % 5]).status.code
                if status != 503 { return status }
            }
            return 503
        }
        #expect(verified == [200: 1, 404: 49])
        #expect(try await house.rowCount(of: "users") == 1)
        #expect(try await house.rowCount(of: "sessions") == 1)
        #expect(try await house.rowCount(of: "registrations") == 0)
    }

    @Test(
        "Who has the link and not the password gets five tries, at once or one after the other",
        arguments: [true, false])
    func guesses(atOnce: Bool) async throws {
        let house = try await SignInHouse.open()
        _ = try await house.visitor().register()
        let token = try #require(try await house.mails().first?.token("/verify"))
        if atOnce {
            let statuses = try await SignInTests.statuses(of: 20) { number in
                try await house.visitor().verify(token, "Wrong-Horse-\(number)").status.code
            }
            #expect(statuses == [401: 5, 404: 15])
        } else {
            for _ in 0..<5 {
                let answer = try await house.visitor().verify(token, "Wrong-Horse-7")
                #expect(answer.status == .unauthorized)
                #expect(try answer.refusal.code == "bad_credentials")
            }
        }
        #expect(try await house.visitor().verify(token).status == .notFound)
        #expect(try await house.rowCount(of: "users") == 0)
    }

    @Test("A link is good for a day")
    func expiry() async throws {
        let house = try await SignInHouse.open()
        _ = try await house.visitor().register()
        let token = try #require(try await house.mails().first?.token("/verify"))
        house.advance(by: 86_400)
        #expect(try await house.visitor().verify(token).status == .notFound)
        try await house.accounts.upkeep.prune()
        #expect(try await house.rowCount(of: "registrations") == 0)
    }

    @Test(
        "By domain: whose address is in one of them registers, and nobody else",
        arguments: [
            ("ann@example.org", 202), ("ann@EXAMPLE.net", 202), ("ann@sub.example.org", 403),
            ("ann@example.org.evil.test", 403),
            ("ann@notexample.org", 403),
        ])
    func domains(email: String, status: Int) async throws {
        let house = try await SignInHouse.open(.domains(["example.org", "example.net"]))
        let answer = try await house.visitor().register(Wish(email: email))
        #expect(answer.status.code == status)
        if status == 403 { #expect(try answer.refusal.code == "domain_not_allowed") }
    }

    @Test("Without verification the account is there at once, and nobody takes its address for proven")
    func unverified() async throws {
        let house = try await SignInHouse.open(verifies: false, sendsMail: false)
        let answer = try await house.visitor().register()
        #expect(answer.status == .created)
        #expect(try answer.tokens.user.role == "user")
        #expect(try await house.user("ann@example.org")?.emailVerifiedAt == nil)
        let taken = try await house.visitor().register(Wish(password: "Other-Horse-8"))
        #expect(taken.status == .conflict)
        #expect(try taken.refusal.code == "email_taken")
    }

    @Test("Without mail an administrator hands the link on; it proves no address")
    func byAdministrator() async throws {
        let house = try await SignInHouse.open(sendsMail: false)
        try await house.addUser("root@example.org", role: .admin)
        let answer = try await house.visitor().register()
        #expect(answer.text == #"{"status":"verification_by_administrator"}"#)
        _ = try await house.visitor().register(Wish(email: "root@example.org"))
        let admin = house.visitor()
        admin.client.headers = [
            "Authorization": "Bearer \(try await admin.signIn("root@example.org").tokens.accessToken)"
        ]
        let list = try await admin.client.get("/api/v1/admin/verifications").decode(Waiting.self)
        // Whose address has an account is no account to be.
        #expect(list.data.map(\.email) == ["ann@example.org"] && list.data[0].name == "Ann")
        let path = "/api/v1/admin/verifications/\(list.data[0].id)/link"
        let first = try await admin.client.send(.post, path).decode(Link.self).link
        let second = try await admin.client.send(.post, path).decode(Link.self).link
        #expect(first.hasPrefix("/verify#token=") && first != second)
        #expect(try await house.visitor().verify(String(first.dropFirst(14))).status == .notFound)
        #expect(try await house.visitor().verify(String(second.dropFirst(14)), "Wrong-Horse-7").status == .unauthorized)
        #expect(try await house.visitor().verify(String(second.dropFirst(14))).status == .ok)
        #expect(try await house.user("ann@example.org")?.emailVerifiedAt == nil)
        #expect(try await admin.client.send(.post, path).status == .notFound)
    }

    struct Link: Decodable { var link: String }
    struct Waiting: Decodable {
        struct One: Decodable {
            var id: String
            var email: String
            var name: String
        }
        var data: [One]
    }

    @Test("How people are let in is told to everybody")
    func options() async throws {
        let house = try await SignInHouse.open(.domains(["example.org"]))
        let answer = try await house.visitor().client.get("/api/v1/auth/options")
        #expect(
            answer.text
                == #"{"domains":["example.org"],"has_mail":true,"may_remove_self":false,"password":{"minimum_length":8,"policy":"classes"},"providers":[],"registration":"domains","verifies_email":true}"#
        )
    }
}
