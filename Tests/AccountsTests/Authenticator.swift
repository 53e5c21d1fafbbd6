import FoundationEssentials
import HTTP
import Security
import Web

@testable import Accounts
@testable import TestSupport

/// An authenticator of a test's person: has the secret, and the clock of the house.
struct Authenticator {
    let codes: OneTimeCode
    let house: SignInHouse

    /// Reads the secret as a person would type it.
    init(_ proposal: OTPAnswer, _ house: SignInHouse) throws {
        let characters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        var bits: [UInt8] = []
        for character in proposal.secret ?? "" {
            guard let value = characters.firstIndex(of: character) else { throw AccountsError.otpNotSetUp }
            for place in 0..<5 { bits.append(UInt8(value >> (4 - place) & 1)) }
        }
        var secret: [UInt8] = []
        for start in stride(from: 0, to: bits.count, by: 8) {
            secret.append(bits[start..<start + 8].reduce(0) { $0 << 1 | $1 })
        }
        codes = OneTimeCode(secret: secret)
        self.house = house
    }

    /// - Parameter ahead: seconds that its clock is ahead of the house's.
    func code(ahead: TimeInterval = 0) throws -> String {
        try codes.code(at: OneTimeCode.step(at: Int64(house.now.timeIntervalSince1970 + ahead)))
    }

    /// A code that was never used.
    func nextCode() throws -> String {
        house.advance(by: 60)
        return try code()
    }
}

/// What `/auth/otp/…` answers.
struct OTPAnswer: Decodable {
    var secret: String?
    var uri: String?
    var qrSvg: String?
    var recoveryCodes: [String]?
    var tokens: Visitor.Tokens?
    var isEnabled: Bool?
    var recoveryCodesLeft: Int?
}

extension Visitor {
    func otp(
        _ path: String, _ body: [String: String] = [:], headers: HeaderFields? = nil
    ) async throws -> InProcessClient.Answer {
        try await client.send(.post, "/api/v1/auth/otp/\(path)", headers: headers ?? csrf, json: body)
    }

    func signIn(otp: String?, password: String = SignInHouse.password) async throws -> InProcessClient.Answer {
        var body = ["email": "ann@example.org", "password": password]
        body["otp"] = otp
        return try await client.send(.post, "/api/v1/auth/login", json: body)
    }

    /// Signs in and turns one-time codes on.
    func enableCodes(_ house: SignInHouse) async throws -> (authenticator: Authenticator, recoveryCodes: [String]) {
        _ = try await signIn()
        let authenticator = try await Authenticator(otp("setup").decode(OTPAnswer.self), house)
        let confirmed = try await otp("confirm", ["code": authenticator.code()]).decode(OTPAnswer.self)
        guard let recoveryCodes = confirmed.recoveryCodes, recoveryCodes.count == RecoveryCode.count else {
            throw AccountsError.otpNotSetUp
        }
        return (authenticator, recoveryCodes)
    }

}
