import FoundationEssentials
import HTTP
import SQL
import Testing
import Web

@testable import Accounts
@testable import TestSupport

@Suite("Removal of one's own account")
struct OwnRemovalTests {
    static let path = "/api/v1/auth/me"

    static func house(isAllowed: Bool = true) async throws -> SignInHouse {
        var settings = AccountsSettings()
        settings.allowsSelfRemoval = isAllowed
        let house = try await SignInHouse(settings: settings)
        try await house.addUser("root@example.org", role: .admin)
        try await house.addUser()
        return house
    }

    struct Refused: Decodable {
        struct Field: Decodable {
            var field: String
            var code: String
        }
        var errors: [Field]
    }

    func remove(
        _ visitor: Visitor, _ password: String? = SignInHouse.password, otp: String? = nil
    ) async throws -> InProcessClient.Answer {
        var proof: [String: String] = [:]
        proof["password"] = password
        proof["otp"] = otp
        return try await visitor.client.send(.delete, Self.path, headers: visitor.csrf, json: proof)
    }

    func field(_ answer: InProcessClient.Answer) throws -> String? {
        #expect(answer.status == .unprocessableContent, "\(answer.text)")
        return try answer.decode(Refused.self).errors.first.map { "\($0.field) \($0.code)" }
    }

    @Test("Nobody goes where the operator has not allowed it, and the pages are told")
    func closed() async throws {
        for isAllowed in [false, true] {
            let house = try await Self.house(isAllowed: isAllowed)
            let visitor = house.visitor()
            _ = try await visitor.signIn()
            let options = try await visitor.client.get("/api/v1/auth/options")
            #expect(options.text.contains(#""may_remove_self":\#(isAllowed)"#))
            let preview = try await visitor.client.get(Self.path + "/removal")
            #expect(preview.status == (isAllowed ? .ok : .forbidden))
            if isAllowed {
                #expect(preview.text.contains(#""watch_positions":0"#) && preview.text.contains("ann@example.org"))
            } else {
                #expect(try preview.refusal.code == "removal_closed")
                #expect(try await remove(visitor).refusal.code == "removal_closed")
                #expect(try await house.user("ann@example.org") != nil)
            }
        }
    }

    @Test("With the password the account goes with all that opened it, and the audit says who did it")
    func byPassword() async throws {
        let house = try await Self.house()
        let (visitor, other) = (house.visitor(), house.visitor())
        let id = try await visitor.signIn().tokens.user.id
        _ = try await other.signIn()
        #expect(try field(try await remove(visitor, nil)) == "password required")
        #expect(try field(try await remove(visitor, "Wrong-Horse-7")) == "password wrong_password")
        let unprotected = try await visitor.client.send(.delete, Self.path, json: ["password": SignInHouse.password])
        #expect(try unprotected.refusal.code == "csrf_failed")
        let answer = try await remove(visitor)
        #expect(answer.status == .noContent, "\(answer.text)")
        #expect(try await house.user("ann@example.org") == nil)
        #expect(try await other.client.get(Self.path).status == .unauthorized)
        #expect(try await house.visitor().signIn().refusal.code == "bad_credentials")
        for table in ["sessions", "refresh_tokens", "password_resets"] {
            #expect(try await house.rowCount(of: table) == 0, "\(table)")
        }
        let audit = house.accounts.audit
        let entries = try await house.accounts.database.read { access in
            try audit.store.list(AuditQuery(), count: 100, in: access)
        }
        let entry = try #require(entries.first { $0.action == .userRemoved })
        #expect(entry.actor.id?.description == id && entry.actor.name == "ann@example.org")
        #expect(entry.target?.id == id && entry.target?.name == "ann@example.org")
    }

    @Test("Wrong passwords are counted as at a sign-in")
    func counted() async throws {
        let house = try await Self.house()
        let visitor = house.visitor()
        _ = try await visitor.signIn()
        for _ in 0..<5 { _ = try await remove(visitor, "Wrong-Horse-7") }
        let answer = try await remove(visitor)
        #expect(try answer.status == .locked && answer.refusal.code == "account_locked")
        #expect(try await house.user("ann@example.org") != nil)
    }

    @Test("Where codes are on, the password alone is not enough")
    func byCode() async throws {
        let house = try await Self.house()
        let visitor = house.visitor()
        let (authenticator, _) = try await visitor.enableCodes(house)
        #expect(try field(try await remove(visitor)) == "otp required")
        #expect(try field(try await remove(visitor, otp: "000000")) == "otp otp_wrong")
        let code = try authenticator.nextCode()
        #expect(try field(try await remove(visitor, "Wrong-Horse-7", otp: code)) == "password wrong_password")
        #expect(try await remove(visitor, otp: code).status == .noContent)
        #expect(try await house.user("ann@example.org") == nil)
    }

    @Test("Who has no password needs a sign-in of the last minutes")
    func withoutPassword() async throws {
        let house = try await Self.house()
        let visitor = house.visitor()
        _ = try await visitor.signIn()
        try await house.accounts.database.write { _ = try $0.execute("UPDATE users SET password_hash = NULL") }
        house.advance(by: 15 * 60)
        #expect(try await remove(visitor, nil).refusal.code == "recent_sign_in_required")
        house.advance(by: -1)
        #expect(try await remove(visitor, nil).status == .noContent)
    }

    @Test("The last administrator stays; of two one may go")
    func lastAdministrator() async throws {
        let house = try await Self.house()
        let root = house.visitor()
        _ = try await root.signIn("root@example.org")
        let refused = try await remove(root)
        #expect(try refused.status == .conflict && refused.refusal.code == "last_administrator")
        #expect(try await root.client.get(Self.path).status == .ok)
        try await house.addUser("second@example.org", role: .admin)
        #expect(try await remove(root).status == .noContent)
        #expect(try await house.user("root@example.org") == nil)
    }
}
