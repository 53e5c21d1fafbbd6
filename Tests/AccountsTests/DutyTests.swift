import FoundationEssentials
import HTTP
import SQL
import Testing

@testable import Accounts
@testable import TestSupport

@Suite("What must be done before anything else")
struct DutyTests {
    private struct Me: Decodable {
        var duties: [String]
    }

    private static func house(_ change: (inout AccountsSettings) -> Void) async throws -> SignInHouse {
        var settings = AccountsSettings()
        change(&settings)
        let house = try await SignInHouse(settings: settings)
        try await house.addUser()
        return house
    }

    private static func duties(_ visitor: Visitor) async throws -> [String] {
        try await visitor.client.get("/api/v1/auth/me").decode(Me.self).duties
    }

    @Test("Whose role must have codes sets them up first, and then goes on at once")
    func setUp() async throws {
        let house = try await Self.house { $0.otpRoles = [.admin, .creator] }
        let visitor = house.visitor()
        let tokens = try await visitor.signIn()
        #expect(tokens.text.contains(#""duties":["set_up_otp"]"#))
        #expect(try await Self.duties(visitor) == ["set_up_otp"])
        for path in ["/least/user", "/policy"] {
            let answer = try await visitor.client.get(path)
            #expect(try answer.status == .forbidden && answer.refusal.code == "otp_setup_required")
            let bearer = try await visitor.client.get(path, headers: visitor.bearer(tokens.tokens.accessToken))
            #expect(try bearer.refusal.code == "otp_setup_required")
        }
        #expect(try await visitor.client.get("/open").status == .ok)
        let (authenticator, _) = try await visitor.enableCodes(house)
        #expect(try await Self.duties(visitor) == [])
        #expect(try await visitor.client.get("/least/creator").status == .ok)
        // Back again: the next authenticator comes before anything else.
        #expect(try await visitor.otp("disable", ["code": authenticator.nextCode()]).status == .noContent)
        #expect(try await visitor.client.get("/least/user").refusal.code == "otp_setup_required")
    }

    @Test("Other roles have no such duty, until they get such a role")
    func otherRoles() async throws {
        let house = try await Self.house { $0.otpRoles = [.admin] }
        let visitor = house.visitor()
        let user = try #require(UserID(try await visitor.signIn().tokens.user.id))
        #expect(try await visitor.client.get("/least/creator").status == .ok)
        try await house.accounts.changePerson(user, PersonEdit(role: .admin), by: .system)
        #expect(try await visitor.client.get("/least/creator").refusal.code == "otp_setup_required")
        #expect(try await Self.duties(visitor) == ["set_up_otp"])
    }

    @Test("Who has no password has neither duty: the provider of their identity sees to it")
    func outsideIdentity() {
        let rules = DutyRules(otpRoles: [.user], passwordMaximumAge: 1)
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        let standing = DutyRules.Standing(role: .user, isOTPEnabled: false, passwordChangedAt: nil)
        #expect(rules.duties(of: standing, at: now) == [])
    }

    @Test("An old password is changed first; a sign-in that is open learns it when the time has come")
    func oldPassword() async throws {
        let house = try await Self.house { $0.passwordMaximumAge = 3_600 }
        let visitor = house.visitor()
        _ = try await visitor.signIn()
        house.advance(by: 3_599)
        #expect(try await visitor.client.get("/least/user").status == .ok)
        house.advance(by: 1)
        #expect(try await visitor.client.get("/least/user").refusal.code == "password_change_required")
        #expect(try await Self.duties(visitor) == ["change_password"])
        let caller = try await house.accounts.callers(accessToken: visitor.signIn().tokens.accessToken)
        #expect(try await house.accounts.callers.current(caller) == nil)
        let change = ["current_password": SignInHouse.password, "new_password": "Tr0mbone-kelp"]
        let changed = try await visitor.client.send(.post, "/api/v1/auth/password", headers: visitor.csrf, json: change)
        #expect(changed.status == .noContent)
        #expect(try await visitor.client.get("/least/user").status == .ok)
        #expect(try await Self.duties(visitor) == [])
    }

    @Test("No request asks the database once more for it")
    func noReads() async throws {
        let house = try await Self.house { $0.otpRoles = [.creator] }
        let visitor = house.visitor()
        _ = try await visitor.signIn()
        #expect(try await visitor.client.get("/least/user").status == .forbidden)
        // From here on it is known from memory.
        await house.accounts.database.close()
        #expect(try await visitor.client.get("/least/user").refusal.code == "otp_setup_required")
    }
}
