import BaseEncoding
import Cryptography
import Security

/// The unguessable part of a link's address: the share's id and the first 16 bytes of an HMAC over it.
///
/// - Rule: no row holds a token. Who reads the database, or a backup of it, can follow no link; a forger's chance is 2⁻¹²⁸, and what is
///   not a token of this installation is told without asking the database.
/// - Why: it is derived and not random, so that those who manage the video can copy the address again, however long after it was made.
/// - What if not: with a random token of which a hash is kept, a lost address could only be replaced by another one.
public struct ShareLinks: Sendable {
    private static let idByteCount = 16
    private static let tokenByteCount = 32

    private let key: HMACSHA256

    public init(secret: SigningSecret) { key = secret.key(for: "share") }

    func token(of id: ShareID) -> String {
        let bytes = Self.bytes(of: id)
        let code = key.authenticationCode(for: bytes).prefix(Self.tokenByteCount - Self.idByteCount)
        return Base64.url.encode(bytes + code)
    }

    /// Nil for what is no token of this installation.
    func share(of token: String) -> ShareID? {
        guard token.utf8.count == 43, let bytes = Base64.url.decode(token), bytes.count == Self.tokenByteCount else {
            return nil
        }
        let (id, code) = (Array(bytes[..<Self.idByteCount]), Array(bytes[Self.idByteCount...]))
        guard key.isValid(code, for: id) else { return nil }
        func word(_ start: Int) -> UInt64 { id[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) } }
        return ShareID(high: word(0), low: word(8))
    }

    private static func bytes(of id: ShareID) -> [UInt8] {
        [id.high, id.low].flatMap { word in withUnsafeBytes(of: word.bigEndian) { Array($0) } }
    }
}
