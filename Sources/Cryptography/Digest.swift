import COpenSSL

/// A hash that is fed piece by piece. Use it in one task.
public class Digest {
    private let context: OpaquePointer
    private let algorithm: FetchedAlgorithm

    fileprivate init(_ algorithm: FetchedAlgorithm) {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex2(context, algorithm.pointer, nil) == 1 else {
            fatalError("no memory for a hash")
        }
        self.context = context
        self.algorithm = algorithm
    }

    fileprivate init(copying other: Digest) {
        guard let context = EVP_MD_CTX_new(), EVP_MD_CTX_copy_ex(context, other.context) == 1 else {
            fatalError("no memory for a hash")
        }
        self.context = context
        algorithm = other.algorithm
    }

    deinit { EVP_MD_CTX_free(context) }

    public func update(_ bytes: Span<UInt8>) {
        _ = bytes.withUnsafeBytes { EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
    }

    public func update(_ bytes: [UInt8]) { update(bytes.span) }

    public func update(_ bytes: ArraySlice<UInt8>) { update(bytes.span) }

    /// The digest of what was fed so far; the hash can be fed on.
    public func value() -> [UInt8] {
        let copy = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(copy) }
        var length: UInt32 = 0
        return [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
            EVP_MD_CTX_copy_ex(copy, context)
            EVP_DigestFinal_ex(copy, buffer.baseAddress, &length)
            count = Int(length)
        }
    }

    /// Forgets what was fed.
    public func reset() { EVP_DigestInit_ex2(context, algorithm.pointer, nil) }
}

public final class SHA256: Digest {
    public static var byteCount: Int { 32 }

    public init() { super.init(.sha256) }
    private init(copying other: SHA256) { super.init(copying: other) }

    /// A hash in the same state, to come back to when the bytes that follow are refused.
    public func copy() -> SHA256 { SHA256(copying: self) }

    public static func hash(_ bytes: [UInt8]) -> [UInt8] {
        let digest = SHA256()
        digest.update(bytes)
        return digest.value()
    }

    public static func hash(_ text: String) -> [UInt8] { hash(Array(text.utf8)) }
}

public final class SHA512: Digest {
    public static var byteCount: Int { 64 }

    public init() { super.init(.sha512) }

    public static func hash(_ bytes: [UInt8]) -> [UInt8] {
        let digest = SHA512()
        digest.update(bytes)
        return digest.value()
    }
}

/// For the checksums of tus clients and the handshake of WebSockets only: it protects against accidents, not against people.
public final class SHA1: Digest {
    public static var byteCount: Int { 20 }

    public init() { super.init(.sha1) }

    public static func hash(_ bytes: [UInt8]) -> [UInt8] {
        let digest = SHA1()
        digest.update(bytes)
        return digest.value()
    }
}

/// For `Content-MD5` of S3 only: it protects against accidents, not against people.
public final class MD5: Digest {
    public static var byteCount: Int { 16 }

    /// Nil where OpenSSL does not offer it.
    public init?() {
        guard let algorithm = FetchedAlgorithm.md5 else { return nil }
        super.init(algorithm)
    }
}
