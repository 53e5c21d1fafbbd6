import COpenSSL

/// A key that signatures are checked with. Immutable.
public final class PublicKey: @unchecked Sendable {
    // @unchecked: nothing changes an EVP_PKEY after `init`, and OpenSSL counts its references atomically.

    /// What the key is, in big-endian bytes.
    public enum Material: Sendable, Hashable {
        /// Both without leading zeros.
        case rsa(modulus: [UInt8], exponent: [UInt8])
        /// A point on P-256, 32 bytes each.
        case p256(x: [UInt8], y: [UInt8])
        case ed25519([UInt8])
    }

    /// Smaller ones can be broken, larger ones are work for us and no gain.
    public static let rsaBits = 2_048...8_192

    private static let coordinateByteCount = 32
    private static let mostExponentBytes = 4

    public let material: Material
    private let key: OpaquePointer

    /// - Throws: `CryptographyError.Code.unusableKey` for a size outside `rsaBits`, an exponent that is even, less than 3 or more than
    ///   32 bits, and a point that is not on its curve.
    public init(_ material: Material) throws(CryptographyError) {
        let made: OpaquePointer?
        switch material {
        case .rsa(let modulus, let exponent):
            try Self.check(modulus: modulus, exponent: exponent)
            made = copenssl_rsa(modulus, Int32(modulus.count), exponent, Int32(exponent.count))
        case .p256(let x, let y):
            guard x.count == Self.coordinateByteCount, y.count == Self.coordinateByteCount else {
                throw CryptographyError(.unusableKey, "a point on P-256 has two numbers of 32 bytes")
            }
            let point = [4] + x + y
            made = copenssl_p256(point, point.count)
        case .ed25519(let bytes):
            guard bytes.count == 32 else { throw CryptographyError(.unusableKey, "a key for Ed25519 has 32 bytes") }
            made = copenssl_ed25519(bytes, bytes.count)
        }
        guard let made else { throw CryptographyError(.unusableKey, openSSLError("the key").detail) }
        key = made
        self.material = material
    }

    deinit { EVP_PKEY_free(key) }

    /// Whether an algorithm belongs to this kind of key.
    public func fits(_ algorithm: SignatureAlgorithm) -> Bool {
        switch (material, algorithm) {
        case (.rsa, .rs256), (.rsa, .ps256), (.p256, .es256), (.ed25519, .edDSA): true
        default: false
        }
    }

    /// Whether `signature` was made over `message` with the private half. No for an algorithm that is not this key's.
    public func isValid(_ signature: [UInt8], for message: [UInt8], by algorithm: SignatureAlgorithm) -> Bool {
        guard fits(algorithm), let context = EVP_MD_CTX_new() else { return false }
        defer {
            EVP_MD_CTX_free(context)
            ERR_clear_error()
        }
        var details: OpaquePointer?
        let digest = algorithm == .edDSA ? nil : "SHA256"
        guard EVP_DigestVerifyInit_ex(context, &details, digest, nil, nil, key, nil) == 1 else { return false }
        switch algorithm {
        case .es256:
            guard signature.count == 2 * Self.coordinateByteCount else { return false }
            return copenssl_verify_fixed(
                context, signature, Int32(Self.coordinateByteCount), message, message.count) == 1
        case .ps256:
            guard copenssl_use_pss(details) == 1 else { return false }
            return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
        case .rs256, .edDSA:
            return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
        }
    }

    private static func check(modulus: [UInt8], exponent: [UInt8]) throws(CryptographyError) {
        guard let first = modulus.first, first != 0, exponent.first != 0 else {
            throw CryptographyError(.unusableKey, "the numbers of an RSA key begin with a zero, or are none")
        }
        guard rsaBits.contains(modulus.count * 8 - first.leadingZeroBitCount) else {
            throw CryptographyError(.unusableKey, "an RSA key has 2048 to 8192 bits here")
        }
        guard let last = exponent.last, last % 2 == 1, exponent != [1], exponent.count <= mostExponentBytes else {
            throw CryptographyError(.unusableKey, "the exponent of an RSA key is odd and from 3 to 2^32")
        }
    }
}
