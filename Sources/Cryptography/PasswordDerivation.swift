import COpenSSL

/// Keys that are derived from passwords, as other systems do it; ours are Argon2id's. All of them block for as long as their
/// parameters say: bound these before.
public enum PasswordDerivation {
    /// PBKDF2 with HMAC-SHA-256 (RFC 8018 5.2).
    public static func pbkdf2SHA256(
        _ password: [UInt8], salt: [UInt8], iterations: Int32, byteCount: Int
    ) throws(CryptographyError) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: byteCount)
        let status = password.withUnsafeBytes { password in
            PKCS5_PBKDF2_HMAC(
                password.assumingMemoryBound(to: CChar.self).baseAddress, Int32(clamping: password.count), salt,
                Int32(clamping: salt.count), iterations, FetchedAlgorithm.sha256.pointer, Int32(clamping: byteCount),
                &key)
        }
        guard status == 1 else { throw openSSLError("PKCS5_PBKDF2_HMAC") }
        return key
    }

    /// What scrypt (RFC 7914) costs: about 128 · `n` · `r` bytes, in a time that grows with `n` · `r` · `p`.
    public struct ScryptCost: Sendable, Equatable {
        public var n: UInt64
        public var r: UInt64
        public var p: UInt64

        public init(n: UInt64, r: UInt64, p: UInt64) { (self.n, self.r, self.p) = (n, r, p) }
    }

    public static func scrypt(
        _ password: [UInt8], salt: [UInt8], cost: ScryptCost, maximumMemory: UInt64, byteCount: Int
    ) throws(CryptographyError) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: byteCount)
        let status = password.withUnsafeBytes { password in
            EVP_PBE_scrypt(
                password.assumingMemoryBound(to: CChar.self).baseAddress, password.count, salt, salt.count, cost.n,
                cost.r, cost.p, maximumMemory, &key, byteCount)
        }
        guard status == 1 else { throw openSSLError("EVP_PBE_scrypt") }
        return key
    }
}
