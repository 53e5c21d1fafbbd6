import Cryptography
import Testing

@testable import Security

@Suite("One-time codes")
struct OneTimeCodeTests {
    /// Of RFC 4226 and RFC 6238.
    let codes = OneTimeCode(secret: Array("12345678901234567890".utf8))

    @Test(
        "The codes of RFC 4226, Appendix D",
        arguments: zip(
            0..<10,
            [
                "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
            ]))
    func hotp(counter: Int, code: String) throws {
        #expect(try codes.code(at: Int64(counter)) == code)
    }

    /// The last six of the eight digits there.
    @Test(
        "The codes of RFC 6238, Appendix B",
        arguments: [
            (59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"),
            (2_000_000_000, "279037"), (20_000_000_000, "353130"),
        ] as [(Int64, String)])
    func totp(time: Int64, code: String) throws {
        #expect(try codes.code(at: OneTimeCode.step(at: time)) == code)
        #expect(try codes.step(of: code, at: time, after: 0) == OneTimeCode.step(at: time))
    }

    @Test("A clock may be one step behind or ahead, and no more", arguments: -3...3)
    func drift(steps: Int) throws {
        let code = try codes.code(at: 1_000 + Int64(steps))
        let found = try codes.step(of: code, at: 1_000 * 30 + 29, after: 0)
        #expect(found == (abs(steps) <= 1 ? 1_000 + Int64(steps) : nil))
    }

    @Test("A code that was used is refused, and so are those before it")
    func replay() throws {
        for (last, isGood) in [(998, true), (999, true), (1_000, false), (1_001, false)] as [(Int64, Bool)] {
            let found = try codes.step(of: codes.code(at: 1_000), at: 30_000, after: last)
            #expect(found == (isGood ? 1_000 : nil))
        }
    }

    @Test("What is no code is none", arguments: ["", "0", "75522", "7552244", "75522４", "ABCDEF"])
    func malformed(text: String) throws {
        #expect(try codes.step(of: text, at: 0, after: -10) == nil)
    }

    @Test("Secrets are random, 160 bits long, and never describe themselves")
    func secrets() {
        #expect(OneTimeCode().secret.count == 20 && OneTimeCode().secret != OneTimeCode().secret)
        #expect("\(codes)" == "[one-time codes]" && Array(Mirror(reflecting: codes).children).isEmpty)
    }

    @Test("The address that authenticators read has nothing in it that an e-mail address could break")
    func uri() {
        #expect(
            codes.uri(account: "ana&secret=x+ñ/@example.org", issuer: "Palco")
                == "otpauth://totp/Palco:ana%26secret%3Dx%2B%C3%B1%2F%40example.org"
                + "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Palco&algorithm=SHA1&digits=6&period=30")
    }
}

@Suite("QR codes")
struct QRCodeTests {
    @Test("A code has its three finders, and its image a quiet zone of four modules")
    func shape() throws {
        let code = try QRCode("otpauth://totp/Palco:ana%40example.org?secret=GEZDGNBVGY3TQOJQ")
        for (row, column) in [(0, 0), (0, code.width - 7), (code.width - 7, 0)] {
            let finder = (0..<7).map { y in (0..<7).map { code.isDark(row: row + y, column: column + $0) ? "#" : "." } }
            #expect(
                finder.map { $0.joined() } == [
                    "#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######",
                ])
        }
        let side = code.width + 8
        #expect(code.svg.hasPrefix(#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \#(side) \#(side)""#))
        // The first finder's upper edge.
        #expect(code.svg.contains("M4 4h7v1h-7z"))
    }

    @Test("The longest address has a code, and what has none says so")
    func length() throws {
        let longest = OneTimeCode().uri(account: String(repeating: "ñ@", count: 84), issuer: "Palco")
        #expect(try QRCode(longest).width <= 177)
        #expect(throws: SecurityError.self) { try QRCode(String(repeating: "x", count: 3_000)) }
        #expect(throws: SecurityError.self) { try QRCode("") }
    }
}
