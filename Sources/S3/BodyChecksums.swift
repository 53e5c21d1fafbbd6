import BaseEncoding
import Cryptography

/// By which a server knows that a body arrived as it was sent.
struct BodyChecksums: Sendable {
    let sha256: [UInt8]
    /// Nil where it was not asked for, or this machine's OpenSSL has none.
    let md5: [UInt8]?
}

/// Used in one task.
struct BodyDigest {
    private let sha256 = SHA256()
    private let md5: MD5?

    init(withMD5: Bool) { md5 = withMD5 ? MD5() : nil }

    func update(_ bytes: [UInt8]) {
        sha256.update(bytes)
        md5?.update(bytes)
    }

    var checksums: BodyChecksums { BodyChecksums(sha256: sha256.value(), md5: md5?.value()) }
}

extension S3Client {
    func checksums(of body: S3Body, _ task: String, withMD5: Bool) async throws -> BodyChecksums {
        switch body {
        case .bytes(let bytes):
            let digest = BodyDigest(withMD5: withMD5)
            digest.update(bytes)
            return digest.checksums
        case .file(let file, let range):
            return try await FilePieces(file, range, task: task, pool: pool).checksums(withMD5: withMD5)
        }
    }
}
