import COpenSSL

/// AES-128 in CBC mode with PKCS #7 padding, as HLS encrypts whole segments (RFC 8216 4.3.2.4).
public enum AES128CBC {
    public static let keyByteCount = 16
    public static let blockByteCount = 16

    public static func encrypt(key: [UInt8], iv: [UInt8], _ plaintext: [UInt8]) throws(CryptographyError) -> [UInt8] {
        try AES128CBCStream(.encrypt, key: key, iv: iv).run(plaintext.span, finishing: true)
    }

    public static func decrypt(key: [UInt8], iv: [UInt8], _ ciphertext: [UInt8]) throws(CryptographyError) -> [UInt8] {
        try AES128CBCStream(.decrypt, key: key, iv: iv).run(ciphertext.span, finishing: true)
    }
}

/// The same, piece by piece. Use it in one task; after `finish` it is spent.
public final class AES128CBCStream {
    public enum Direction: Int32, Sendable { case decrypt, encrypt }

    private let context: OpaquePointer
    private let direction: Direction

    public init(_ direction: Direction, key: [UInt8], iv: [UInt8]) throws(CryptographyError) {
        guard key.count == AES128CBC.keyByteCount, iv.count == AES128CBC.blockByteCount else {
            throw CryptographyError(
                .wrongKeyLength, "AES-128 takes a key and an initialization vector of 16 bytes each")
        }
        guard let context = EVP_CIPHER_CTX_new() else { throw openSSLError("EVP_CIPHER_CTX_new") }
        self.context = context
        self.direction = direction
        let algorithm = FetchedAlgorithm.aes128CBC.pointer
        guard EVP_CipherInit_ex2(context, algorithm, key, iv, direction.rawValue, nil) == 1 else {
            throw openSSLError("EVP_CipherInit_ex2")
        }
    }

    deinit { EVP_CIPHER_CTX_free(context) }

    /// The blocks that are complete with these bytes.
    public func update(_ bytes: [UInt8]) throws(CryptographyError) -> [UInt8] { try run(bytes.span, finishing: false) }

    public func update(_ bytes: Span<UInt8>) throws(CryptographyError) -> [UInt8] { try run(bytes, finishing: false) }

    /// The last block, with the padding added or checked and removed.
    public func finish() throws(CryptographyError) -> [UInt8] { try run([UInt8]().span, finishing: true) }

    /// One piece into one buffer, with the end behind it when this is the last.
    fileprivate func run(_ bytes: Span<UInt8>, finishing: Bool) throws(CryptographyError) -> [UInt8] {
        guard let byteCount = Int32(exactly: bytes.count) else {
            throw CryptographyError(.library, "AES-128-CBC takes at most 2 GiB at once")
        }
        var isUpdated = false
        var isFinished = !finishing
        let output = [UInt8](unsafeUninitializedCapacity: bytes.count + AES128CBC.blockByteCount) { buffer, count in
            var written: Int32 = 0
            isUpdated = bytes.withUnsafeBytes { input in
                let start = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
                return byteCount == 0 || EVP_CipherUpdate(context, buffer.baseAddress, &written, start, byteCount) == 1
            }
            guard isUpdated else { return }
            count = Int(written)
            guard finishing else { return }
            isFinished = EVP_CipherFinal_ex(context, buffer.baseAddress.map { $0 + count }, &written) == 1
            if isFinished { count += Int(written) }
        }
        guard isUpdated else { throw openSSLError("EVP_CipherUpdate") }
        guard isFinished else {
            let error = openSSLError("EVP_CipherFinal_ex")
            throw direction == .decrypt ? CryptographyError(.undecipherable, "wrong key or damaged data") : error
        }
        return output
    }
}
