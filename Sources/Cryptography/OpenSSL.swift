import COpenSSL

/// Algorithms fetched once: looking one up by name costs more than hashing a short text with it.
///
/// `@unchecked Sendable`: the objects are never changed after they are fetched, and OpenSSL counts their references atomically.
struct FetchedAlgorithm: @unchecked Sendable {
    let pointer: OpaquePointer

    static let sha256 = digest("SHA256")
    static let sha512 = digest("SHA512")
    static let sha1 = digest("SHA1")
    /// Nil where OpenSSL is bound to what is approved for secrets (FIPS 140).
    static let md5 = EVP_MD_fetch(nil, "MD5", nil).map { FetchedAlgorithm(pointer: $0) }
    static let aes128CBC = cipher("AES-128-CBC")
    static let aes256GCM = cipher("AES-256-GCM")
    static let hmac = FetchedAlgorithm(pointer: required(EVP_MAC_fetch(nil, "HMAC", nil), "HMAC"))

    private static func digest(_ name: String) -> FetchedAlgorithm {
        FetchedAlgorithm(pointer: required(EVP_MD_fetch(nil, name, nil), name))
    }

    private static func cipher(_ name: String) -> FetchedAlgorithm {
        FetchedAlgorithm(pointer: required(EVP_CIPHER_fetch(nil, name, nil), name))
    }

    private static func required(_ pointer: OpaquePointer?, _ name: String) -> OpaquePointer {
        guard let pointer else { fatalError("OpenSSL offers no \(name): check the system's openssl.cnf") }
        return pointer
    }
}

/// The oldest complaint in this thread's error queue, which is emptied.
func openSSLError(_ operation: String) -> CryptographyError {
    let code = ERR_get_error()
    var text = [CChar](repeating: 0, count: 256)
    ERR_error_string_n(code, &text, text.count)
    ERR_clear_error()
    let words = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return CryptographyError(.library, "\(operation): \(String(decoding: words, as: UTF8.self))")
}
