import COpenSSL

/// AES-256 in Galois/Counter Mode (NIST SP 800-38D): for small secrets at rest. What is opened is what was sealed, under the
/// same key and for the same context, or nothing.
public struct AES256GCM: Sendable {
    public static let keyByteCount = 32
    private static let nonceByteCount = 12
    private static let tagByteCount = 16

    private let key: [UInt8]

    /// - Parameter key: 32 bytes; for at most 2³² messages, as each has a random nonce (8.3).
    public init(key: [UInt8]) throws(CryptographyError) {
        guard key.count == Self.keyByteCount else {
            throw CryptographyError(.wrongKeyLength, "AES-256 takes a key of 32 bytes")
        }
        self.key = key
    }

    /// The nonce (12 bytes), the ciphertext, the tag (16 bytes).
    ///
    /// - Parameter context: what belongs to the message and is kept elsewhere; it must be the same when it is opened.
    public func seal(_ message: [UInt8], for context: [UInt8]) throws(CryptographyError) -> [UInt8] {
        let nonce = Random.bytes(Self.nonceByteCount)
        let cipher = try Cipher(.encrypt, key: key, nonce: nonce)
        try cipher.authenticate(context)
        let ciphertext = try cipher.update(message)
        try cipher.finish()
        return nonce + ciphertext + (try cipher.tag(byteCount: Self.tagByteCount))
    }

    /// - Throws: `CryptographyError.undecipherable` for what was not sealed with this key and context.
    public func open(_ sealed: [UInt8], for context: [UInt8]) throws(CryptographyError) -> [UInt8] {
        guard sealed.count >= Self.nonceByteCount + Self.tagByteCount else {
            throw CryptographyError(.undecipherable, "too short to be sealed")
        }
        let cipher = try Cipher(.decrypt, key: key, nonce: Array(sealed.prefix(Self.nonceByteCount)))
        try cipher.authenticate(context)
        let message = try cipher.update(Array(sealed.dropFirst(Self.nonceByteCount).dropLast(Self.tagByteCount)))
        try cipher.expect(tag: Array(sealed.suffix(Self.tagByteCount)))
        do { try cipher.finish() } catch {
            throw CryptographyError(.undecipherable, "wrong key, wrong context or damaged data")
        }
        return message
    }

    /// One message on its way through OpenSSL.
    private final class Cipher {
        enum Direction: Int32 { case decrypt, encrypt }

        private let context: OpaquePointer

        init(_ direction: Direction, key: [UInt8], nonce: [UInt8]) throws(CryptographyError) {
            guard let context = EVP_CIPHER_CTX_new() else { throw openSSLError("EVP_CIPHER_CTX_new") }
            self.context = context
            let algorithm = FetchedAlgorithm.aes256GCM.pointer
            guard EVP_CipherInit_ex2(context, algorithm, key, nonce, direction.rawValue, nil) == 1 else {
                throw openSSLError("EVP_CipherInit_ex2")
            }
        }

        deinit { EVP_CIPHER_CTX_free(context) }

        func authenticate(_ bytes: [UInt8]) throws(CryptographyError) {
            var length: Int32 = 0
            guard bytes.isEmpty || EVP_CipherUpdate(context, nil, &length, bytes, Int32(clamping: bytes.count)) == 1
            else { throw openSSLError("EVP_CipherUpdate") }
        }

        func update(_ bytes: [UInt8]) throws(CryptographyError) -> [UInt8] {
            guard !bytes.isEmpty else { return [] }
            var output = [UInt8](repeating: 0, count: bytes.count)
            var length: Int32 = 0
            guard EVP_CipherUpdate(context, &output, &length, bytes, Int32(clamping: bytes.count)) == 1,
                Int(length) == bytes.count
            else { throw openSSLError("EVP_CipherUpdate") }
            return output
        }

        func finish() throws(CryptographyError) {
            var rest = [UInt8](repeating: 0, count: 16)
            var length: Int32 = 0
            guard EVP_CipherFinal_ex(context, &rest, &length) == 1 else { throw openSSLError("EVP_CipherFinal_ex") }
        }

        func tag(byteCount: Int) throws(CryptographyError) -> [UInt8] {
            var tag = [UInt8](repeating: 0, count: byteCount)
            guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(clamping: byteCount), &tag) == 1 else {
                throw openSSLError("EVP_CTRL_AEAD_GET_TAG")
            }
            return tag
        }

        func expect(tag: [UInt8]) throws(CryptographyError) {
            var tag = tag
            guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(clamping: tag.count), &tag) == 1 else {
                throw openSSLError("EVP_CTRL_AEAD_SET_TAG")
            }
        }
    }
}
