import BaseEncoding
import FoundationEssentials

/// A public key as JSON has it (JWK, RFC 7517; RFC 7518 6, RFC 8037 2). Members that are not used here are left out.
public struct WebKey: Codable, Sendable, Equatable {
    public var kty: String
    public var kid: String?
    /// `sig` for signatures.
    public var use: String?
    public var alg: String?
    public var n: String?
    public var e: String?
    public var crv: String?
    public var x: String?
    public var y: String?

    /// - Parameter algorithm: what the key signs with.
    public init(_ key: PublicKey, algorithm: SignatureAlgorithm) {
        switch key.material {
        case .rsa(let modulus, let exponent):
            (kty, n, e) = ("RSA", Base64.url.encode(modulus), Base64.url.encode(exponent))
        case .p256(let x, let y):
            (kty, crv, self.x, self.y) = ("EC", "P-256", Base64.url.encode(x), Base64.url.encode(y))
        case .ed25519(let bytes): (kty, crv, x) = ("OKP", "Ed25519", Base64.url.encode(bytes))
        }
        use = "sig"
        alg = algorithm.rawValue
        kid = thumbprint
    }

    /// Nil for a key that is not for signatures, or of a kind or a size that is not used here.
    public var publicKey: PublicKey? {
        guard use == nil || use == "sig" else { return nil }
        switch (kty, crv) {
        case ("RSA", nil):
            guard let n = bytes(n), let e = bytes(e) else { return nil }
            // Some write the zero that DER puts before a number whose first bit is set.
            let (modulus, exponent) = (Array(n.drop { $0 == 0 }), Array(e.drop { $0 == 0 }))
            return try? PublicKey(.rsa(modulus: modulus, exponent: exponent))
        case ("EC", "P-256"):
            guard let x = bytes(x), let y = bytes(y) else { return nil }
            return try? PublicKey(.p256(x: x, y: y))
        case ("OKP", "Ed25519"): return bytes(x).flatMap { try? PublicKey(.ed25519($0)) }
        default: return nil
        }
    }

    /// The SHA-256 over the members that make the key, in base 64 (RFC 7638 3); nil where some are missing.
    public var thumbprint: String? {
        let members: String
        switch (kty, n, e, crv, x, y) {
        case ("RSA", let n?, let e?, _, _, _): members = #"{"e":"\#(e)","kty":"RSA","n":"\#(n)"}"#
        case ("EC", _, _, let crv?, let x?, let y?): members = #"{"crv":"\#(crv)","kty":"EC","x":"\#(x)","y":"\#(y)"}"#
        case ("OKP", _, _, let crv?, let x?, _): members = #"{"crv":"\#(crv)","kty":"OKP","x":"\#(x)"}"#
        default: return nil
        }
        return Base64.url.encode(SHA256.hash(members))
    }

    /// More than the largest key needs.
    private static let mostCharacters = 2_048

    private func bytes(_ text: String?) -> [UInt8]? {
        guard let text, text.utf8.count <= Self.mostCharacters else { return nil }
        return Base64.url.decode(text)
    }
}

/// Several of them, each by its name (RFC 7517 5).
public struct WebKeySet: Codable, Sendable {
    public var keys: [WebKey]

    public init(_ keys: [WebKey]) { self.keys = keys }

    /// A member that is no key, or of a kind that is not known, is passed over (RFC 7517 5).
    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self).decode([Lenient].self, forKey: .keys)
        keys = members.compactMap(\.key)
    }

    private struct Lenient: Decodable {
        let key: WebKey?

        init(from decoder: any Decoder) throws { key = try? WebKey(from: decoder) }
    }
}
