import COpenSSL

/// Message authentication (RFC 2104) with SHA-1, for one-time codes only (RFC 4226): there its weakness against collisions is
/// none, and authenticators know nothing else for sure.
public enum HMACSHA1 {
    public static let byteCount = 20

    public static func authenticationCode(
        for message: [UInt8], key: [UInt8]
    ) throws(CryptographyError) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: byteCount)
        var length = 0
        let isDone =
            EVP_Q_mac(
                nil, "HMAC", nil, "SHA1", nil, key, key.count, message, message.count, &code, code.count, &length)
            != nil
        guard isDone, length == byteCount else { throw openSSLError("HMAC-SHA-1") }
        return code
    }
}
