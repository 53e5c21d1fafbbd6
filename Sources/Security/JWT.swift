import BaseEncoding
import Cryptography
import FoundationEssentials

/// What every token of ours says (RFC 7519 4.1), whatever else it says. Times are seconds since 1970.
public protocol TokenClaims: Codable, Sendable {
    var exp: Int64 { get }
    var iat: Int64 { get }
}

public enum JWTError: Error, Sendable, Equatable {
    /// Not three parts of base 64 and JSON, or the claims are not what is expected.
    case malformed
    /// Another algorithm than HS256 is named, or an extension that must be understood.
    case unsupported
    case badSignature
    case expired
    /// Issued in the future, beyond a minute of clock error.
    case notYetValid
}

/// JSON Web Tokens signed with HS256, which is the one algorithm it writes and the one it reads (RFC 8725 3.1).
public final class JWT: Sendable {
    /// Longer tokens are refused unread.
    public static let maximumLength = 4_096

    private let key: HMACSHA256

    public init(secret: SigningSecret) { key = secret.key(for: "jwt") }

    init(key: [UInt8]) { self.key = HMACSHA256(key: key) }

    public func sign(_ claims: some TokenClaims) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let head = Base64.url.encode(#"{"alg":"HS256","typ":"JWT"}"#.utf8)
        let signed = "\(head).\(Base64.url.encode(try encoder.encode(claims)))"
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
        try check(head: head)
        let signed = Array(token.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
        guard code.count == HMACSHA256.byteCount, key.isValid(code, for: signed) else { throw .badSignature }
        guard let payload = Base64.url.decode(parts[1]),
            let claims = try? JSONDecoder().decode(Claims.self, from: Data(payload))
        else { throw .malformed }
        guard now < claims.exp else { throw .expired }
        guard claims.iat <= now + 60 else { throw .notYetValid }
        return claims
    }

    private struct Head: Decodable {
        let alg: String
        let typ: String?
        let crit: [String]?
    }

    private func check(head: [UInt8]) throws(JWTError) {
        guard let head = try? JSONDecoder().decode(Head.self, from: Data(head)) else { throw .malformed }
        guard head.alg == "HS256", head.crit == nil, head.typ == nil || head.typ?.uppercased() == "JWT" else {
            throw .unsupported
        }
    }
}
