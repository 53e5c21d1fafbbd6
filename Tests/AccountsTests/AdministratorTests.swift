import Testing

@testable import Accounts

@Suite("Administrators")
struct AdministratorTests {
    let house: SignInHouse

    init() async throws { house = try await SignInHouse() }

    @Test("The first one comes from the settings, once")
    func fromSettings() async throws {
        let made = try await house.accounts.administrators.first(email: "Root@Example.org", password: "chosen")
        #expect(made?.user.email.description == "root@example.org" && made?.user.role == .admin)
        #expect(made?.generatedPassword == nil && made?.isPasswordWeak == true)
        #expect(try await house.accounts.administrators.first(email: "two@example.org", password: "chosen") == nil)
        #expect(try await house.visitor().signIn("root@example.org", "chosen").status == .ok)
        #expect(try await house.visitor().signIn("two@example.org", "chosen").status == .unauthorized)
    }

    @Test("Without settings a password is generated that the policy would take")
    func generated() async throws {
        let made = try #require(try await house.accounts.administrators.first(email: nil, password: ""))
        let password = try #require(made.generatedPassword)
        #expect(made.user.email.description == "admin@localhost")
        #expect(PasswordPolicy().complaints(about: password).isEmpty)
        #expect(try await house.visitor().signIn("admin@localhost", password).status == .ok)
        #expect(!house.log.lines.contains { $0.contains(password) })
    }

    @Test("Where people have accounts, none is made")
    func notNeeded() async throws {
        try await house.addUser(role: .user)
        #expect(try await house.accounts.administrators.first(email: nil, password: nil) == nil)
    }

    @Test("Of many starters one makes it")
    func race() async throws {
        let accounts = house.accounts
        let made = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<6 {
                group.addTask { try await accounts.administrators.first(email: nil, password: nil) != nil }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(made == 1)
    }

    @Test("The command frees a locked account, gives it the role and a new password")
    func recovery() async throws {
        try await house.addUser(role: .user)
        let visitor = house.visitor()
        _ = try await visitor.signIn()
        for _ in 0..<5 { _ = try await visitor.signIn("ann@example.org", "x") }
        let made = try await house.accounts.administrators(email: "ann@example.org", password: nil, by: .system)
        #expect(made.existed && made.user.role == .admin)
        #expect(try await visitor.client.get("/api/v1/auth/me").status == .unauthorized)
        #expect(try await visitor.signIn("ann@example.org", try #require(made.generatedPassword)).status == .ok)
        #expect(try await visitor.client.get("/least/admin").status == .ok)
    }

    @Test("The command frees an account from the locks of all networks and browsers")
    func unlocking() async throws {
        try await house.addUser()
        let known = house.visitor()
        #expect(try await known.signIn().status == .ok)
        let stranger = house.visitor(from: "203.0.113.1")
        for _ in 0..<5 {
            _ = try await known.signIn("ann@example.org", "x")
            _ = try await stranger.signIn("ann@example.org", "x")
        }
        #expect(try await known.signIn().status == .locked)
        #expect(try await stranger.signIn().status == .locked)
        try await house.accounts.unlock(email: " Ann@example.org", by: .system)
        #expect(try await known.signIn().status == .ok)
        #expect(try await stranger.signIn().status == .ok)
        await #expect(throws: AccountsError.noSuchAccount) {
            try await house.accounts.unlock(email: "bob@example.org", by: .system)
        }
        await #expect(throws: AccountsError.invalidEmail) { try await house.accounts.unlock(email: "bob", by: .system) }
    }

    @Test("What is no address is refused")
    func address() async throws {
        await #expect(throws: AccountsError.invalidEmail) {
            try await house.accounts.administrators(email: "root", password: nil, by: .system)
        }
    }
}

@Suite("E-mail addresses")
struct EmailAddressTests {
    @Test(
        "One form for all spellings",
        arguments: [
            (" Ann@Example.ORG\n", "ann@example.org"), ("a+b.c_d@x-y.z", "a+b.c_d@x-y.z"),
            ("admin@localhost", "admin@localhost"),
            ("ИВАН@пример.рф", "иван@пример.рф"),
        ])
    func normal(text: String, form: String) {
        #expect(EmailAddress(text)?.description == form)
    }

    @Test(
        "What cannot be one",
        arguments: [
            "", "@", "a@", "@b", "a", "a@b@c", "a b@c.d", "a@b..c", "a@.b", "a@-b.c", "a@b\u{0}c", "a@b\r\nBcc: x",
            "<a@b>",
            "a\u{202E}@b.c".replacing("\u{202E}", with: "\u{A0}"), String(repeating: "x", count: 65) + "@b.c",
            "a@" + String(repeating: "x.", count: 130) + "y",
        ])
    func refused(text: String) {
        #expect(EmailAddress(text) == nil)
    }
}
