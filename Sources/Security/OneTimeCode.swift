import BaseEncoding
import Cryptography

/// One-time codes by time (RFC 6238), as all authenticators make them: HMAC-SHA-1, six digits, a new one every 30 seconds.
///
/// It never describes its secret.
public struct OneTimeCode: Sendable, CustomStringConvertible, CustomReflectable {
    public static let digitCount = 6
    /// Seconds.
    public static let period: Int64 = 30
    /// As long as the digest (RFC 4226 4, R6).
    public static let secretByteCount = 20
    /// Steps that a clock may be behind or ahead (RFC 6238 5.2).
    static let drift: Int64 = 1

    public let secret: [UInt8]

    public init(secret: [UInt8] = Random.bytes(OneTimeCode.secretByteCount)) { self.secret = secret }

    /// The number of a time step (RFC 6238 4.2).
    ///
    /// - Parameter time: seconds since 1970.
    public static func step(at time: Int64) -> Int64 { time / period }

    /// The code of a time step (RFC 4226 5.3).
    public func code(at step: Int64) throws -> String {
        let counter = withUnsafeBytes(of: step.bigEndian) { Array($0) }
        let digest = try HMACSHA1.authenticationCode(for: counter, key: secret)
        // The last four bits say where the 31 bits begin.
        let offset = Int(digest[digest.count - 1] & 0xF)
        let number = digest[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        let text = String(number % 1_000_000)
        return String(repeating: "0", count: Self.digitCount - text.utf8.count) + text
    }

    /// The six digits of a code as a person types it, `123 456`; nil for what has another shape.
    public static func digits(typed text: String) -> String? {
        guard text.utf8.count <= 64 else { return nil }
        let digits = text.filter { !$0.isWhitespace }
        let areDigits = digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return digits.utf8.count == digitCount && areDigits ? digits : nil
    }

    /// The step that a code is of, if it is one that may be used now: of this step, the one before or the one after, and
    /// after every one that was used. The time it takes does not depend on the code.
    ///
    /// - Parameters:
    ///   - time: seconds since 1970.
    ///   - last: the step of the last code that was used.
    public func step(of code: String, at time: Int64, after last: Int64) throws -> Int64? {
        let now = Self.step(at: time)
        var found: Int64?
        for step in now - Self.drift...now + Self.drift {
            let isRight = constantTimeEqual(try self.code(at: step), code)
            if isRight, step > last { found = step }
        }
        return found
    }

    /// The secret as people type it.
    public var text: String { Base32.encode(secret) }

    /// What an authenticator reads (Key Uri Format of Google Authenticator).
    ///
    /// - Parameters:
    ///   - account: whose codes they are, for the one who has several.
    ///   - issuer: where they are for; no colon.
    public func uri(account: String, issuer: String) -> String {
        let (account, issuer) = (Self.escaped(account), Self.escaped(issuer))
        return "otpauth://totp/\(issuer):\(account)?secret=\(text)&issuer=\(issuer)"
            + "&algorithm=SHA1&digits=\(Self.digitCount)&period=\(Self.period)"
    }

    /// All but what is unreserved (RFC 3986 2.3).
    private static func escaped(_ text: String) -> String {
        text.utf8.reduce(into: "") { escaped, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            default: escaped += "%" + Hex.encode([byte]).uppercased()
            }
        }
    }

    public var description: String { "[one-time codes]" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
