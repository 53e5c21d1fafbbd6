import BaseEncoding
import Cryptography
import FoundationEssentials

/// A JSON Web Token in the compact form (RFC 7515 7.1), taken apart and not believed yet.
struct SignedToken: Sendable {
    static let maximumLength = 16 << 10

    let algorithm: String
    let keyID: String?
    let claims: Claims
    private let signed: [UInt8]
    private let signature: [UInt8]

    private struct Head: Decodable {
        let alg: String
        let kid: String?
        let crit: [String]?
    }

    init(_ text: String) throws(OpenIDError) {
        guard text.utf8.count <= Self.maximumLength else { throw OpenIDError(.malformed, "the token is too long") }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let head = Base64.url.decode(parts[0]), let payload = Base64.url.decode(parts[1]),
            let signature = Base64.url.decode(parts[2]),
            let header = try? JSONDecoder().decode(Head.self, from: Data(head)),
            let claims = try? JSONDecoder().decode(Claims.self, from: Data(payload))
        else { throw OpenIDError(.malformed, "the token is no JSON Web Token") }
        guard header.crit == nil else { throw OpenIDError(.malformed, "the token has an extension that is not known") }
        (algorithm, keyID, self.claims) = (header.alg, header.kid, claims)
        (signed, self.signature) = (Array("\(parts[0]).\(parts[1])".utf8), signature)
    }

    /// - Parameters:
    ///   - allowed: what the operator lets through, whatever the token names.
    ///   - keys: of the issuer.
    /// - Returns: the algorithm.
    func verify(_ allowed: [SignatureAlgorithm], _ keys: WebKeySet) throws(OpenIDError) -> SignatureAlgorithm {
        guard let algorithm = allowed.first(where: { $0.rawValue == self.algorithm }) else {
            throw OpenIDError(.algorithm, "the token is signed by an algorithm that is not allowed")
        }
        let fitting = keys.keys.filter { key in
            (keyID == nil || key.kid == keyID) && (key.alg == nil || key.alg == algorithm.rawValue)
        }.compactMap(\.publicKey).filter { $0.fits(algorithm) }
        guard let key = fitting.first else { throw OpenIDError(.unknownKey) }
        // OpenID Connect Core 10.1: where there are several, the token must say which.
        guard fitting.count == 1 || keyID != nil else { throw OpenIDError(.ambiguousKey) }
        guard key.isValid(signature, for: signed, by: algorithm) else { throw OpenIDError(.signature) }
        return algorithm
    }
}
