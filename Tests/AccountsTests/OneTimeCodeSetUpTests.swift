import FoundationEssentials
import HTTP
import Testing

@testable import Accounts
@testable import TestSupport

@Suite("Turning one-time codes on and off")
struct OneTimeCodeSetUpTests {
    let house: SignInHouse
    let visitor: Visitor

    init() async throws {
        house = try await SignInHouse()
        visitor = house.visitor()
        try await house.addUser()
    }

    @Test("A secret counts for nothing until a code of it was shown")
    func proposal() async throws {
        _ = try await visitor.signIn()
        #expect(try await visitor.otp("confirm", ["code": "000000"]).refusal.code == "otp_not_set_up")
        let first = try await visitor.otp("setup").decode(OTPAnswer.self)
        let second = try await visitor.otp("setup").decode(OTPAnswer.self)
        #expect(first.secret != second.secret && first.secret?.count == 32)
        let uri = "otpauth://totp/Palco:ann%40example.org?secret=\(second.secret ?? "")&issuer=Palco"
        #expect(second.uri?.hasPrefix(uri) == true)
        #expect(second.qrSvg?.hasPrefix("<svg ") == true)
        for code in ["000000", "", "no code", "k7f2q-mx4ab"] {
            let answer = try await visitor.otp("confirm", ["code": code])
            #expect(answer.status == .unprocessableContent && answer.text.contains("otp_wrong"))
        }
        #expect(try await house.visitor().signIn().status == .ok)
        let state = try await visitor.client.get("/api/v1/auth/otp").decode(OTPAnswer.self)
        #expect(state.isEnabled == false && state.recoveryCodesLeft == 0)
    }

    @Test("Turning them on ends all sign-ins, and this one begins anew")
    func newSession() async throws {
        let other = house.visitor()
        let tokens = try await other.signIn().tokens
        _ = try await visitor.signIn()
        let before = visitor.client.cookies
        _ = try await visitor.enableCodes(house)
        #expect(try await visitor.client.get("/api/v1/auth/me").text.contains(#""otp_enabled":true"#))
        let after = visitor.client.cookies
        #expect(before["palco_session"] != after["palco_session"] && before["palco_csrf"] != after["palco_csrf"])
        let old: HeaderFields = ["Cookie": "palco_session=\(before["palco_session"] ?? "")"]
        #expect(try await house.visitor().client.get("/api/v1/auth/me", headers: old).status == .unauthorized)
        #expect(try await other.client.get("/api/v1/auth/me").status == .unauthorized)
        #expect(try await other.refresh(tokens.refreshToken).status == .unauthorized)
    }

    @Test("A program gets new tokens, a browser none")
    func tokens() async throws {
        let tokens = try await visitor.signIn().tokens
        let bearer = visitor.bearer(tokens.accessToken)
        let proposal = try await visitor.otp("setup", headers: bearer).decode(OTPAnswer.self)
        let code = try Authenticator(proposal, house).code()
        let confirmed = try await visitor.otp("confirm", ["code": code], headers: bearer)
        let new = try #require(try confirmed.decode(OTPAnswer.self).tokens)
        #expect(confirmed.headers.values(of: .setCookie).isEmpty)
        #expect(try await visitor.client.get("/least/user", headers: bearer).status == .unauthorized)
        #expect(try await visitor.client.get("/least/user", headers: visitor.bearer(new.accessToken)).status == .ok)
        #expect(try await visitor.refresh(tokens.refreshToken).status == .unauthorized)
        #expect(try await visitor.refresh(new.refreshToken).status == .ok)

        try await house.addUser("bob@example.org")
        let browser = house.visitor()
        _ = try await browser.signIn("bob@example.org")
        let second = try Authenticator(try await browser.otp("setup").decode(OTPAnswer.self), house)
        let answer = try await browser.otp("confirm", ["code": second.code()])
        #expect(answer.text.contains("recovery_codes") && !answer.text.contains("token"))
    }

    @Test("Codes that are on are not replaced by who has a session")
    func twice() async throws {
        _ = try await visitor.enableCodes(house)
        #expect(try await visitor.otp("setup").refusal.code == "otp_enabled")
        #expect(try await visitor.otp("confirm", ["code": "000000"]).refusal.code == "otp_enabled")
    }

    @Test("A set-up that overlaps with a confirmation replaces nothing")
    func overlapping() async throws {
        let (authenticator, _) = try await visitor.enableCodes(house)
        let isReplaced = try await house.accounts.database.write { transaction in
            let owner: UserID? = try transaction.first("SELECT id FROM users WHERE is_otp_enabled = 1")?.value("id")
            return try OneTimeCodeStore().propose([1, 2, 3], for: owner ?? UserID(), in: transaction)
        }
        #expect(!isReplaced)
        #expect(try await house.visitor().signIn(otp: authenticator.nextCode()).status == .ok)
    }

    @Test("A secret without a confirmation lets nobody in, even where codes are said to be on")
    func unconfirmed() async throws {
        _ = try await visitor.signIn()
        let proposal = try await visitor.otp("setup").decode(OTPAnswer.self)
        _ = try await house.accounts.database.write { try $0.execute("UPDATE users SET is_otp_enabled = 1") }
        let code = try Authenticator(proposal, house).code()
        #expect(try await house.visitor().signIn(otp: code).refusal.code == "otp_wrong")
    }

    @Test("Some time after the sign-in the password is needed, and guesses at it are counted")
    func recentSignIn() async throws {
        _ = try await visitor.signIn()
        house.advance(by: 899)
        #expect(try await visitor.otp("setup").status == .ok)
        house.advance(by: 1)
        #expect(try await visitor.otp("setup").refusal.code == "recent_sign_in_required")
        #expect(try await visitor.otp("setup", ["password": SignInHouse.password]).status == .ok)
        for _ in 0..<5 {
            let answer = try await visitor.otp("setup", ["password": "Wrong-Horse-7"])
            #expect(answer.status == .unprocessableContent && answer.text.contains("wrong_password"))
        }
        #expect(try await visitor.otp("setup", ["password": SignInHouse.password]).status == .locked)
    }

    @Test("Turning them off takes a code, and then a password is enough")
    func disabling() async throws {
        let (authenticator, recovery) = try await visitor.enableCodes(house)
        #expect(try await visitor.otp("disable", ["code": "000000"]).text.contains("otp_wrong"))
        #expect(try await visitor.otp("disable", ["code": authenticator.nextCode()]).status == .noContent)
        #expect(try await visitor.otp("disable", ["code": recovery[0]]).refusal.code == "otp_not_set_up")
        #expect(try await house.visitor().signIn().status == .ok)
        #expect(try await visitor.client.get("/api/v1/auth/me").text.contains(#""otp_enabled":false"#))
    }

    @Test("New recovery codes end the old ones")
    func renewing() async throws {
        let (authenticator, old) = try await visitor.enableCodes(house)
        let answer = try await visitor.otp("recovery-codes", ["code": authenticator.nextCode()])
        let new = try #require(try answer.decode(OTPAnswer.self).recoveryCodes)
        #expect(Set(new).count == 10 && Set(new).isDisjoint(with: old))
        #expect(try await visitor.signIn(otp: old[0]).refusal.code == "otp_wrong")
        #expect(try await visitor.signIn(otp: new[0]).status == .ok)
    }

    @Test("A stolen session cannot guess codes on", arguments: ["disable", "recovery-codes"])
    func guessing(path: String) async throws {
        let (authenticator, _) = try await visitor.enableCodes(house)
        for _ in 0..<5 { #expect(try await visitor.otp(path, ["code": "000000"]).status == .unprocessableContent) }
        #expect(try await visitor.otp(path, ["code": authenticator.nextCode()]).status == .locked)
    }

    @Test(
        "Nothing of this is for nobody, and nothing goes without the CSRF token",
        arguments: [
            "setup", "confirm", "disable", "recovery-codes",
        ])
    func closed(path: String) async throws {
        #expect(try await house.visitor().otp(path, ["code": "000000"], headers: [:]).status == .unauthorized)
        _ = try await visitor.signIn()
        #expect(try await visitor.otp(path, ["code": "000000"], headers: [:]).refusal.code == "csrf_failed")
    }

    @Test("Who has lost everything is let in by an administrator, or on the command line")
    func rescue() async throws {
        _ = try await visitor.enableCodes(house)
        try await house.addUser("root@example.org", role: .admin)
        let root = house.visitor()
        _ = try await root.signIn("root@example.org")
        let me = try await visitor.client.get("/api/v1/auth/me").decode(Visitor.Tokens.Person.self)
        let path = "/api/v1/admin/users/\(me.id)"
        let on = try await root.client.send(.patch, path, headers: root.csrf, json: ["otp_enabled": true])
        #expect(on.status == .unprocessableContent && on.text.contains("not_changeable"))
        #expect(try await house.visitor().signIn().refusal.code == "otp_required")
        let off = try await root.client.send(.patch, path, headers: root.csrf, json: ["otp_enabled": false])
        #expect(off.status == .ok && off.text.contains(#""otp_enabled":false"#))
        #expect(try await house.visitor().signIn().status == .ok)

        _ = try await visitor.enableCodes(house)
        _ = try await house.accounts.administrators(email: "ann@example.org", password: "Tr0mbone-kelp", by: .system)
        #expect(try await house.visitor().signIn("ann@example.org", "Tr0mbone-kelp").status == .ok)
    }

    @Test("No sign-in that began before codes were turned on goes through after")
    func lateSignIn() async throws {
        let house = try await SignInHouse(passwordThreads: 1)
        try await house.addUser()
        let visitor = house.visitor()
        _ = try await visitor.signIn()
        let authenticator = try Authenticator(try await visitor.otp("setup").decode(OTPAnswer.self), house)
        let before = house.accounts.passwords.hasher.checkCount
        let gate = try await Gate(house.pool)
        let late = Task { try await house.visitor(from: "192.0.2.9").signIn().refusal.code }
        // It knows the account as one without codes, and waits for the check of the password.
        try await eventually("the password is looked at") { house.accounts.passwords.hasher.checkCount > before }
        #expect(try await visitor.otp("confirm", ["code": authenticator.code()]).status == .ok)
        gate.open()
        #expect(try await late.value == "otp_required")
    }
}
