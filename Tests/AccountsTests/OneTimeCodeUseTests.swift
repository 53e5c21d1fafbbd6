import FoundationEssentials
import HTTP
import SQL
import Testing

@testable import Accounts
@testable import TestSupport

@Suite("Signing in with one-time codes")
struct OneTimeCodeUseTests {
    let house: SignInHouse
    let visitor: Visitor

    init() async throws {
        house = try await SignInHouse()
        visitor = house.visitor()
        try await house.addUser()
    }

    @Test("A code is asked for once the password is right, and not before")
    func required() async throws {
        let (authenticator, _) = try await visitor.enableCodes(house)
        #expect(try await visitor.signIn(otp: nil).refusal.code == "otp_required")
        let code = try authenticator.nextCode()
        // Whoever does not know the password learns nothing of codes, whatever they send.
        for otp in [nil, "000000", code] {
            let answer = try await visitor.signIn(otp: otp, password: "Wrong-Horse-7")
            #expect(try answer.status == .unauthorized && answer.refusal.code == "bad_credentials")
        }
        #expect(try await visitor.signIn(otp: " \(code.prefix(3)) \(code.suffix(3)) ").status == .ok)
    }

    @Test("To be asked for a code is neither a failure nor a success")
    func askedIsNotCounted() async throws {
        let (authenticator, _) = try await visitor.enableCodes(house)
        let stranger = house.visitor(from: "192.0.2.1")
        for _ in 0..<10 { #expect(try await stranger.signIn(otp: nil).refusal.code == "otp_required") }
        for _ in 0..<4 { _ = try await stranger.signIn(otp: "000000") }
        #expect(try await stranger.signIn(otp: nil).refusal.code == "otp_required")
        #expect(try await stranger.signIn(otp: "000000").refusal.code == "otp_wrong")
        #expect(try await stranger.signIn(otp: authenticator.nextCode()).refusal.code == "account_locked")
    }

    @Test("A clock may be a step off, and a code opens once")
    func driftAndReplay() async throws {
        let (authenticator, _) = try await visitor.enableCodes(house)
        house.advance(by: 300)
        for (ahead, code) in [(-60.0, "otp_wrong"), (-30, nil), (-30, "otp_wrong"), (30, nil), (0, "otp_wrong")]
            as [(TimeInterval, String?)]
        {
            let answer = try await visitor.signIn(otp: authenticator.code(ahead: ahead))
            #expect(try answer.status == .ok ? code == nil : answer.refusal.code == code)
        }
    }

    @Test("The code that turned codes on signs nobody in")
    func confirmationIsUsedUp() async throws {
        let (authenticator, _) = try await visitor.enableCodes(house)
        #expect(try await visitor.signIn(otp: authenticator.code()).refusal.code == "otp_wrong")
    }

    @Test("The same code from twenty networks at once opens once", arguments: [false, true])
    func race(isRecovery: Bool) async throws {
        let house = house
        let (authenticator, recovery) = try await visitor.enableCodes(house)
        let code = isRecovery ? try #require(recovery.first) : try authenticator.nextCode()
        let statuses = try await SignInTests.statuses(of: 20) { number in
            try await house.visitor(from: "192.0.2.\(number)").signIn(otp: code).status.code
        }
        #expect(statuses == [200: 1, 401: 19])
    }

    @Test("Each recovery code opens once, in any letters and with or without its hyphen")
    func recovery() async throws {
        let (_, recovery) = try await visitor.enableCodes(house)
        #expect(Set(recovery).count == 10)
        #expect(try await visitor.signIn(otp: recovery[0]).status == .ok)
        #expect(try await visitor.signIn(otp: recovery[0]).refusal.code == "otp_wrong")
        #expect(try await visitor.signIn(otp: recovery[1].uppercased().replacing("-", with: " ")).status == .ok)
        let left = try await visitor.client.get("/api/v1/auth/otp").decode(OTPAnswer.self)
        #expect(left.isEnabled == true && left.recoveryCodesLeft == 8)
        #expect(house.log.lines.contains { $0.contains("a recovery code was used") && $0.contains(#""left":8"#) })
    }

    @Test("Wrong codes and wrong passwords are counted together, and lock that source")
    func locking() async throws {
        let (authenticator, recovery) = try await visitor.enableCodes(house)
        let stranger = house.visitor(from: "192.0.2.1")
        for _ in 0..<3 { #expect(try await stranger.signIn(otp: "000000").refusal.code == "otp_wrong") }
        for _ in 0..<2 { _ = try await stranger.signIn(otp: nil, password: "Wrong-Horse-7") }
        let code = try authenticator.nextCode()
        #expect(try await stranger.signIn(otp: code).status == .locked)
        #expect(try await stranger.signIn(otp: recovery[0]).status == .locked)
        // Others are not held up, and the code was not used up by who is locked out.
        #expect(try await house.visitor(from: "192.0.2.2").signIn(otp: code).status == .ok)
    }

    @Test("The owner is told of a lock by wrong codes: whoever sent them knows the password")
    func toldOfLock() async throws {
        let house = try await SignInHouse(sendsMail: true)
        try await house.addUser()
        _ = try await house.visitor().enableCodes(house)
        let before = try await house.mails().count
        let stranger = house.visitor(from: "192.0.2.1")
        for _ in 0..<4 { _ = try await stranger.signIn(otp: "000000") }
        #expect(try await house.mails().count == before)
        for _ in 0..<3 { _ = try await stranger.signIn(otp: "000000") }
        let mails = try await house.mails()
        #expect(mails.count == before + 1 && mails.last?.recipient == "ann@example.org")
        #expect(mails.last?.field("Subject") == "Wrong one-time codes for your account")
    }

    @Test("Guesses at the same time are counted before they are looked at")
    func parallelGuesses() async throws {
        let house = house
        _ = try await visitor.enableCodes(house)
        let statuses = try await SignInTests.statuses(of: 20) { number in
            try await house.visitor(from: "192.0.2.1").signIn(otp: "00000\(number % 10)").status.code
        }
        #expect(statuses == [401: 5, 423: 15])
    }

    @Test("Codes of many networks together are slowed down as well")
    func manyNetworks() async throws {
        _ = try await visitor.enableCodes(house)
        for number in 0..<20 {
            let answer = try await house.visitor(from: "192.0.2.\(number)").signIn(otp: "000000")
            #expect(try answer.refusal.code == "otp_wrong")
        }
        let next = try await house.visitor(from: "198.51.100.1").signIn(otp: "000000")
        #expect(try next.status == .tooManyRequests && next.refusal.code == "too_many_attempts")
    }

    @Test("Secrets and recovery codes are not in the database as they are")
    func atRest() async throws {
        let (authenticator, recovery) = try await visitor.enableCodes(house)
        let (sealed, hashes) = try await house.accounts.database.read { access in
            (
                try access.query("SELECT sealed_secret FROM one_time_codes").map {
                    try $0.value("sealed_secret", as: [UInt8].self)
                },
                try access.query("SELECT code_hash FROM recovery_codes").map {
                    try $0.value("code_hash", as: [UInt8].self)
                }
            )
        }
        let secret = authenticator.codes.secret
        #expect(sealed.map(\.count) == [12 + secret.count + 16])
        let first = try #require(sealed.first)
        #expect(!(0...first.count - secret.count).contains { Array(first[$0..<$0 + secret.count]) == secret })
        #expect(hashes.map(\.count) == recovery.map { _ in 32 })
    }

    @Test("A secret in another person's row opens nothing")
    func sealedForOne() async throws {
        let (authenticator, _) = try await visitor.enableCodes(house)
        let other = try await house.addUser("bob@example.org")
        try await house.accounts.database.write { transaction in
            try transaction.execute(
                """
                INSERT INTO one_time_codes (user_id, sealed_secret, last_step, confirmed_at) \
                SELECT $1, sealed_secret, 0, confirmed_at FROM one_time_codes
                """, other.id)
            try transaction.execute("UPDATE users SET is_otp_enabled = 1 WHERE id = $1", other.id)
        }
        let body = ["email": "bob@example.org", "password": SignInHouse.password, "otp": try authenticator.nextCode()]
        let answer = try await visitor.client.send(.post, "/api/v1/auth/login", json: body)
        #expect(answer.status == .internalServerError)
    }

    @Test("Neither the log nor an answer but the first holds a secret")
    func silence() async throws {
        let (authenticator, recovery) = try await visitor.enableCodes(house)
        _ = try await visitor.signIn(otp: authenticator.nextCode())
        _ = try await visitor.signIn(otp: recovery[0])
        let me = try await visitor.client.get("/api/v1/auth/me").text
        for secret in recovery + [authenticator.codes.text] {
            #expect(!me.contains(secret))
            #expect(!house.log.lines.contains { $0.contains(secret) })
        }
    }
}
