import COpenSSL

/// A key that signs, by the one algorithm of its kind. Immutable, and it never describes itself.
public final class PrivateKey: @unchecked Sendable, CustomStringConvertible {
    // @unchecked: nothing changes an EVP_PKEY after `init`, and OpenSSL counts its references atomically.

    public let publicKey: PublicKey
    /// `rs256` or `edDSA`.
    public let algorithm: SignatureAlgorithm
    private let key: OpaquePointer

    private static let rsaBits: UInt32 = 2_048
    private static let mostByteCount = 8 << 10

    /// A new one. An RSA key of 2048 bits takes a tenth of a second: not for an event loop.
    ///
    /// - Throws: `CryptographyError.Code.unusableKey` for another algorithm than RS256 and EdDSA.
    public convenience init(_ algorithm: SignatureAlgorithm) throws(CryptographyError) {
        let made: OpaquePointer?
        switch algorithm {
        case .rs256: made = copenssl_new_rsa(Self.rsaBits)
        case .edDSA: made = copenssl_new_ed25519()
        case .ps256, .es256: throw CryptographyError(.unusableKey, "only RS256 and EdDSA are signed with")
        }
        guard let made else { throw openSSLError("a new key") }
        try self.init(owning: made)
    }

    /// - Parameter der: as `der` gives it.
    public convenience init(der: [UInt8]) throws(CryptographyError) {
        guard der.count <= Self.mostByteCount else { throw CryptographyError(.unusableKey, "the key is too long") }
        let read: OpaquePointer? = der.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return d2i_AutoPrivateKey(nil, &start, bytes.count)
        }
        guard let read else { throw CryptographyError(.unusableKey, openSSLError("d2i_AutoPrivateKey").detail) }
        try self.init(owning: read)
    }

    private init(owning key: OpaquePointer) throws(CryptographyError) {
        do throws(CryptographyError) {
            if EVP_PKEY_is_a(key, "RSA") == 1 {
                algorithm = .rs256
                publicKey = try PublicKey(
                    .rsa(
                        modulus: try Self.number(OSSL_PKEY_PARAM_RSA_N, of: key),
                        exponent: try Self.number(OSSL_PKEY_PARAM_RSA_E, of: key)))
            } else if EVP_PKEY_is_a(key, "ED25519") == 1 {
                algorithm = .edDSA
                var bytes = [UInt8](repeating: 0, count: 32)
                var count = bytes.count
                guard EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1 else {
                    throw openSSLError("EVP_PKEY_get_raw_public_key")
                }
                publicKey = try PublicKey(.ed25519(bytes))
            } else {
                throw CryptographyError(.unusableKey, "only keys for RSA and Ed25519 are signed with")
            }
        } catch {
            EVP_PKEY_free(key)
            throw error
        }
        self.key = key
    }

    deinit { EVP_PKEY_free(key) }

    public func signature(of message: [UInt8]) throws(CryptographyError) -> [UInt8] {
        guard let context = EVP_MD_CTX_new() else { throw openSSLError("EVP_MD_CTX_new") }
        defer { EVP_MD_CTX_free(context) }
        var count = 0
        let digest = algorithm == .edDSA ? nil : "SHA256"
        guard EVP_DigestSignInit_ex(context, nil, digest, nil, nil, key, nil) == 1,
            EVP_DigestSign(context, nil, &count, message, message.count) == 1
        else { throw openSSLError("EVP_DigestSignInit_ex") }
        var bytes = [UInt8](repeating: 0, count: count)
        guard EVP_DigestSign(context, &bytes, &count, message, message.count) == 1 else {
            throw openSSLError("EVP_DigestSign")
        }
        return Array(bytes.prefix(count))
    }

    /// Unencrypted, in DER: for a place where it is encrypted.
    public func der() throws(CryptographyError) -> [UInt8] {
        var start: UnsafeMutablePointer<UInt8>?
        let count = i2d_PrivateKey(key, &start)
        guard count > 0, let start else { throw openSSLError("i2d_PrivateKey") }
        defer { CRYPTO_clear_free(start, Int(count), nil, 0) }
        return Array(UnsafeBufferPointer(start: start, count: Int(count)))
    }

    public var description: String { "[private key]" }

    private static func number(_ name: String, of key: OpaquePointer) throws(CryptographyError) -> [UInt8] {
        var number: OpaquePointer?
        guard EVP_PKEY_get_bn_param(key, name, &number) == 1, let number else { throw openSSLError(name) }
        defer { BN_free(number) }
        var bytes = [UInt8](repeating: 0, count: Int(BN_num_bits(number) + 7) / 8)
        guard BN_bn2bin(number, &bytes) == bytes.count else { throw openSSLError(name) }
        return bytes
    }
}
