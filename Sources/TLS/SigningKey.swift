import CTLS

/// A key on the curve P-256: signs with ECDSA and SHA-256 (RFC 7518 3.4), and proves whose a certificate is. Immutable.
public final class SigningKey: @unchecked Sendable {
    // @unchecked: nothing changes an EVP_PKEY after `init`, and OpenSSL counts its references atomically.

    let key: OpaquePointer
    /// The point on the curve, 32 bytes each.
    public let x: [UInt8]
    public let y: [UInt8]

    private static let coordinateByteCount = 32

    /// A new one, from the operating system's randomness.
    public convenience init() throws(TLSError) {
        guard let key = ctls_new_key("P-256") else { throw .take() }
        try self.init(owning: key)
    }

    /// - Parameter pem: PKCS #8 without a passphrase, as `pem` gives it.
    public convenience init(pem: [UInt8]) throws(TLSError) {
        let key = pem.withUnsafeBytes { bytes -> OpaquePointer? in
            guard let memory = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return nil }
            defer { BIO_free(memory) }
            // A key with a passphrase is an error: nobody is there to be asked for it.
            return PEM_read_bio_PrivateKey(memory, nil, { _, _, _, _ in -1 }, nil)
        }
        guard let key else { throw .take() }
        try self.init(owning: key)
    }

    private init(owning key: OpaquePointer) throws(TLSError) {
        do throws(TLSError) {
            x = try Self.coordinate(OSSL_PKEY_PARAM_EC_PUB_X, of: key)
            y = try Self.coordinate(OSSL_PKEY_PARAM_EC_PUB_Y, of: key)
        } catch {
            EVP_PKEY_free(key)
            throw error
        }
        self.key = key
    }

    deinit { EVP_PKEY_free(key) }

    /// PKCS #8, unencrypted: for a file that nobody else may read.
    public func pem() throws(TLSError) -> [UInt8] {
        guard let memory = BIO_new(BIO_s_mem()) else { throw .take() }
        defer { BIO_free(memory) }
        guard PEM_write_bio_PrivateKey(memory, key, nil, nil, 0, nil, nil) == 1 else { throw .take() }
        return bytes(of: memory)
    }

    /// 64 bytes: `r` and `s`, as JSON Web Signatures have them.
    public func signature(of message: [UInt8]) throws(TLSError) -> [UInt8] {
        guard let context = EVP_MD_CTX_new() else { throw .take() }
        defer { EVP_MD_CTX_free(context) }
        var count = 0
        guard EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1,
            EVP_DigestSign(context, nil, &count, message, message.count) == 1
        else { throw .take() }
        var der = [UInt8](repeating: 0, count: count)
        guard EVP_DigestSign(context, &der, &count, message, message.count) == 1 else { throw .take() }
        var fixed = [UInt8](repeating: 0, count: 2 * Self.coordinateByteCount)
        guard ctls_fixed_signature(der, count, &fixed, Int32(Self.coordinateByteCount)) == 1 else { throw .take() }
        return fixed
    }

    private static func coordinate(_ name: String, of key: OpaquePointer) throws(TLSError) -> [UInt8] {
        var number: OpaquePointer?
        guard EVP_PKEY_get_bn_param(key, name, &number) == 1, let number else { throw .take() }
        defer { BN_free(number) }
        var bytes = [UInt8](repeating: 0, count: coordinateByteCount)
        guard BN_bn2binpad(number, &bytes, Int32(coordinateByteCount)) == coordinateByteCount else { throw .take() }
        return bytes
    }
}

/// What was written to a BIO in memory.
func bytes(of memory: OpaquePointer) -> [UInt8] {
    let pending = BIO_ctrl_pending(memory)
    var bytes = [UInt8](repeating: 0, count: pending)
    let count = BIO_read(memory, &bytes, Int32(clamping: pending))
    return Array(bytes.prefix(max(0, Int(count))))
}
