/// How a JSON Web Signature is made (RFC 7518 3.1, RFC 8037 3.1). Algorithms of one secret for both sides are not among them:
/// a public key is no secret, and whoever takes it for one lets everybody sign.
public enum SignatureAlgorithm: String, Sendable, Codable, CaseIterable {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    case rs256 = "RS256"
    /// RSASSA-PSS with SHA-256.
    case ps256 = "PS256"
    /// ECDSA on P-256 with SHA-256.
    case es256 = "ES256"
    /// Ed25519.
    case edDSA = "EdDSA"

    /// The hash that `at_hash` is made with (OpenID Connect Core 3.1.3.6). Ed25519 has SHA-512 inside.
    public func hash(_ bytes: [UInt8]) -> [UInt8] { self == .edDSA ? SHA512.hash(bytes) : SHA256.hash(bytes) }
}
