import BaseEncoding
import Cryptography
import FoundationEssentials
import Identifiers

/// A browser in which an account has signed in.
enum Device {}
typealias DeviceID = Identifier<Device>

/// Signs and reads the token that a browser keeps after a sign-in. Who brings one for the account that they sign in to is not
/// held up by what strangers do to that account; it opens nothing by itself.
///
/// 57 bytes in URL-safe characters: version (1), issue time (8), device (16), then the HMAC (32) over these and the account.
struct KnownDevices: Sendable {
    private static let version: UInt8 = 1
    private static let signedByteCount = 25
    private static let tokenByteCount = signedByteCount + HMACSHA256.byteCount
    private static let tokenLength = 76

    let key: HMACSHA256
    /// Seconds.
    let lifetime: TimeInterval

    /// - Parameter account: the normal form of the address that signs in.
    func token(for device: DeviceID, of account: String, at now: Date) -> String {
        var bytes = [Self.version]
        for word in [UInt64(bitPattern: Int64(now.timeIntervalSince1970)), device.high, device.low] {
            withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) }
        }
        return Base64.url.encode(bytes + key.authenticationCode(for: bytes + Array(account.utf8)))
    }

    /// The device, if the token is ours, for this account, and not too old.
    func device(in token: String, of account: String, at now: Date) -> DeviceID? {
        guard token.utf8.count == Self.tokenLength, let bytes = Base64.url.decode(token),
            bytes.count == Self.tokenByteCount, bytes[0] == Self.version
        else { return nil }
        let signed = Array(bytes.prefix(Self.signedByteCount))
        guard key.isValid(Array(bytes.dropFirst(Self.signedByteCount)), for: signed + Array(account.utf8)) else {
            return nil
        }
        func word(at start: Int) -> UInt64 { signed[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) } }
        let age = now.timeIntervalSince1970 - TimeInterval(Int64(bitPattern: word(at: 1)))
        guard age < lifetime else { return nil }
        return DeviceID(high: word(at: 9), low: word(at: 17))
    }
}
