import FoundationEssentials
import HTTP
import SQL
import Security
import Testing
import Web

@testable import Accounts
@testable import TestSupport

@Suite("Passwords that were, and that came along")
struct FormerPasswordTests {
    private static func change(
        _ visitor: Visitor, from current: String, to new: String
    ) async throws -> InProcessClient.Answer {
        try await visitor.client.send(
            .post, "/api/v1/auth/password", headers: visitor.csrf,
            json: ["current_password": current, "new_password": new])
    }

    private static func password(_ number: Int) -> String { "Tr0mbone-kelp-\(number)" }

    @Test("As many former passwords as the setting says are not taken again", arguments: [0, 1, 3])
    func history(count: Int) async throws {
        var settings = AccountsSettings()
        settings.passwordHistory = count
        let house = try await SignInHouse(settings: settings)
        let user = try await house.addUser()
        let visitor = house.visitor()
        _ = try await visitor.signIn()
        var current = SignInHouse.password
        for number in 0..<5 {
            #expect(try await Self.change(visitor, from: current, to: Self.password(number)).status == .noContent)
            current = Self.password(number)
            house.advance(by: 1)
        }
        let kept = try await house.accounts.database.read { access in
            try access.query("SELECT password_hash FROM former_passwords WHERE user_id = $1", user.id).count
        }
        #expect(kept == count)
        // Before 4, which is the present one, came 3, 2, 1.
        for former in (0..<count).map({ Self.password(3 - $0) }) {
            let answer = try await Self.change(visitor, from: current, to: former)
            #expect(answer.status == .unprocessableContent && answer.text.contains("used_before"))
        }
        #expect(try await Self.change(visitor, from: current, to: Self.password(3 - count)).status == .noContent)
    }

    @Test("Whoever does not know the present password learns nothing of former ones")
    func noOracle() async throws {
        let house = try await SignInHouse()
        try await house.addUser()
        let visitor = house.visitor()
        _ = try await visitor.signIn()
        _ = try await Self.change(visitor, from: SignInHouse.password, to: Self.password(0))
        let answer = try await Self.change(visitor, from: "Wrong-Horse-7", to: SignInHouse.password)
        #expect(answer.text.contains("wrong_password") && !answer.text.contains("used_before"))
    }

    @Test("By the link of a mail a former password is not taken again either, and the link stays good for another")
    func byReset() async throws {
        let house = try await SignInHouse(sendsMail: true)
        try await house.addUser()
        let moment = house.now
        try await house.accounts.database.write {
            _ = try $0.execute("UPDATE users SET email_verified_at = $1", moment)
        }
        let visitor = house.visitor()
        _ = try await visitor.signIn()
        _ = try await Self.change(visitor, from: SignInHouse.password, to: Self.password(0))
        house.advance(by: 1)
        _ = try await visitor.forget()
        let link = try #require(try await house.mails().last?.token("/reset"))
        let refused = try await house.visitor().reset(link, SignInHouse.password)
        #expect(refused.status == .unprocessableContent && refused.text.contains("used_before"))
        #expect(try await house.visitor().reset(link, Self.password(1)).status == .noContent)
        #expect(try await house.visitor().signIn("ann@example.org", Self.password(1)).status == .ok)
    }

    @Test(
        "A hash of another system signs its person in, and is one of ours from then on",
        arguments: [
            "$2b$04$TJhHHlLRSJOr/vFKkQvqUOuzDuNvpyi.APLWPevQpZ0Ow59k3QzpG",
            "pbkdf2_sha256$1000$seasalt$FhlroWMXh5Nd6TSxBeHgz7rIZ3jih61kkcwqfeatGAk=",
            "scrypt$1024$seasalt$8$1$RqllShu+tTg0VU0CMWdC/sqS6iiUUcaw1Siw+4qNuooQjj5iMw1Mn883Mc0Gez3ngNPj9+MuvnqDzQemhUUBNw==",
        ])
    func imported(encoded: String) async throws {
        let house = try await SignInHouse()
        let email = try #require(EmailAddress("ann@example.org"))
        var user = User(email: email, name: "Ann", role: .user, createdAt: house.now)
        user.passwordHash = try PasswordHash(encoded: encoded)
        let made = user
        try await house.accounts.database.write { try UserStore().insert(made, in: $0) }
        let visitor = house.visitor()
        func stored() async throws -> String? {
            try await house.accounts.database.read { try UserStore().find(made.id, in: $0) }?.passwordHash?.encoded
        }
        #expect(try await visitor.signIn("ann@example.org", "Wrong-Horse-7").refusal.code == "bad_credentials")
        var kept = try await stored()
        #expect(kept == encoded)
        #expect(try await visitor.signIn().status == .ok)
        kept = try await stored()
        #expect(kept?.hasPrefix("$argon2id$") == true)
        #expect(try await visitor.signIn().status == .ok)
    }

    @Test("With an address that nobody has as much is hashed and written as with one that somebody has")
    func equalWork() async throws {
        let house = try await SignInHouse()
        try await house.addUser()
        var rows: [Int] = []
        for email in ["ann@example.org", "nobody@example.org"] {
            let before = house.accounts.passwords.hasher.checkCount
            #expect(try await house.visitor().signIn(email, "Wrong-Horse-7").status == .unauthorized)
            #expect(house.accounts.passwords.hasher.checkCount == before + 1)
            rows.append(
                try await house.accounts.database.read {
                    try $0.query("SELECT failures FROM sign_in_attempts").count
                })
        }
        #expect(rows == [1, 2])
    }
}
