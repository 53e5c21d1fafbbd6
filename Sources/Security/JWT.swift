import BaseEncoding
import Cryptography
import FoundationEssentials
import Synchronization

/// What every token of ours says (RFC 7519 4.1), whatever else it says. Times are seconds since 1970.
public protocol TokenClaims: Codable, Sendable {
    var exp: Int64 { get }
    var iat: Int64 { get }
}

public enum JWTError: Error, Sendable, Equatable {
    /// Not three parts of base 64 and JSON, or the claims are not what is expected.
    case malformed
    /// Another algorithm than the key's is named, or an extension that must be understood.
    case unsupported
    /// A key is named that is not known: over, not heard of yet, or never there.
    case unknownKey
    case badSignature
    case expired
    /// Issued in the future, beyond a minute of clock error.
    case notYetValid
}

/// JSON Web Tokens of our own. A token that names no key is signed by HS256 with a key derived from the installation's secret; one
/// that names a key, by that key's algorithm. The key decides about the algorithm, and the token only has to agree (RFC 8725 3.1).
///
/// The secret verifies also where a pair of keys signs: servers that are updated one after the other do not begin at once.
public final class JWT: Sendable {
    /// Longer tokens are refused unread.
    public static let maximumLength = 4_096

    private let key: HMACSHA256
    private let pairs = Mutex(TokenKeys())

    public init(secret: SigningSecret) { key = secret.key(for: "jwt") }

    init(key: [UInt8]) { self.key = HMACSHA256(key: key) }

    /// From now on.
    public func use(_ keys: TokenKeys) { pairs.withLock { $0 = keys } }

    public func sign(_ claims: some TokenClaims) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let payload = Base64.url.encode(try encoder.encode(claims))
        if let (id, pair) = pairs.withLock({ $0.signing }) {
            let head = #"{"alg":"\#(pair.algorithm.rawValue)","kid":"\#(id)","typ":"JWT"}"#
            let signed = "\(Base64.url.encode(head.utf8)).\(payload)"
            return "\(signed).\(Base64.url.encode(try pair.signature(of: Array(signed.utf8))))"
        }
        let signed = "\(Base64.url.encode(#"{"alg":"HS256","typ":"JWT"}"#.utf8)).\(payload)"
        return "\(signed).\(Base64.url.encode(key.authenticationCode(for: Array(signed.utf8))))"
    }

    public func verify<Claims: TokenClaims>(
        _ token: String, as: Claims.Type = Claims.self, now: Int64
    ) throws(JWTError) -> Claims {
        guard token.utf8.count <= Self.maximumLength else { throw .malformed }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let head = Base64.url.decode(parts[0]), let code = Base64.url.decode(parts[2]) else {
            throw .malformed
        }
        let pair = try verifying(by: head)
        let signed = Array(token.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
        let isGood =
            pair.map { $0.key.isValid(code, for: signed, by: $0.algorithm) }
            ?? (code.count == HMACSHA256.byteCount && key.isValid(code, for: signed))
        guard isGood else { throw .badSignature }
        guard let payload = Base64.url.decode(parts[1]),
            let claims = try? JSONDecoder().decode(Claims.self, from: Data(payload))
        else { throw .malformed }
        guard now < claims.exp else { throw .expired }
        guard claims.iat <= now + 60 else { throw .notYetValid }
        return claims
    }

    private struct Head: Decodable {
        let alg: String
        let kid: String?
        let typ: String?
        let crit: [String]?
    }

    /// The pair of keys that a token was signed with; nil for the secret.
    private func verifying(by head: [UInt8]) throws(JWTError) -> TokenKeys.Verifying? {
        guard let head = try? JSONDecoder().decode(Head.self, from: Data(head)) else { throw .malformed }
        guard head.crit == nil, head.typ == nil || head.typ?.uppercased() == "JWT" else { throw .unsupported }
        guard let id = head.kid else {
            guard head.alg == "HS256" else { throw .unsupported }
            return nil
        }
        guard let pair = pairs.withLock({ $0.verifying[id] }) else { throw .unknownKey }
        guard head.alg == pair.algorithm.rawValue else { throw .unsupported }
        return pair
    }
}
