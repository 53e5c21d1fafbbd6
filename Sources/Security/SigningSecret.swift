import BaseEncoding
import Cryptography
import Glibc

/// The one secret of an installation, from which a key for each purpose is derived, so that no signature made for one
/// purpose means anything for another. It never describes itself.
public struct SigningSecret: Sendable, CustomStringConvertible, CustomReflectable {
    /// For the place where it is kept, and for nothing else.
    public let bytes: [UInt8]

    public static let byteCount = 32

    /// Nil for fewer than 32 bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count >= Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// A secret that lasts as long as the process; for tests.
    public static func ephemeral() -> SigningSecret { SigningSecret(known: Random.bytes(byteCount)) }

    private init(known bytes: [UInt8]) { self.bytes = bytes }

    public func key(for purpose: StaticString) -> HMACSHA256 { HMACSHA256(key: keyBytes(for: purpose)) }

    public func keyBytes(for purpose: StaticString) -> [UInt8] {
        HMACSHA256(key: bytes).authenticationCode(for: Array("palco/\(purpose)".utf8))
    }

    public var description: String { "[secret]" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension SigningSecret {
    /// Reads the secret in a file, or makes one there that only this user can read. Blocks; for the start of a process.
    public static func load(orCreateAt path: String) throws -> SigningSecret {
        if let secret = try read(path) { return secret }
        let fresh = Random.bytes(byteCount)
        let temporary = "\(path).\(Hex.encode(Random.bytes(6)))"
        try write(fresh, to: temporary)
        defer { unlink(temporary) }
        // A link is refused where a file stands already: of two starters one wins and the other reads the winner's.
        guard link(temporary, path) == 0 || errno == EEXIST else { throw unavailable("cannot make \(path)") }
        guard let secret = try read(path) else { throw unavailable("cannot read \(path)") }
        return secret
    }

    private static func read(_ path: String) throws -> SigningSecret? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw unavailable("cannot read \(path)")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unavailable("cannot read \(path)") }
        guard status.st_mode & 0o077 == 0 else {
            throw SecurityError(
                .secretUnavailable, "\(path) can be read by others: run chmod 600 on it, or remove it for a new one")
        }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0, let secret = SigningSecret(bytes: Array(bytes.prefix(count))) else {
            throw SecurityError(
                .secretUnavailable, "\(path) is too short: remove it for a new one (everyone signs in again)")
        }
        return secret
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw unavailable("cannot make \(path)") }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            let error = unavailable("cannot write \(path)")
            unlink(path)
            throw error
        }
    }

    private static func unavailable(_ what: String) -> SecurityError {
        SecurityError(.secretUnavailable, "\(what): \(String(cString: strerror(errno)))")
    }
}
