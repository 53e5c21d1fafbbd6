import COpenSSL
import Synchronization

/// Message authentication (RFC 2104 with SHA-256) under one key, from any thread and without allocating per message.
public final class HMACSHA256: Sendable {
    public static let byteCount = 32

    private let lock = Mutex(())
    private let context: Context

    public init(key: [UInt8]) { context = Context(key: key) }

    public func authenticationCode(for message: Span<UInt8>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.byteCount) { buffer, count in
            compute(message, into: UnsafeMutableRawBufferPointer(buffer))
            count = Self.byteCount
        }
    }

    public func authenticationCode(for message: [UInt8]) -> [UInt8] { authenticationCode(for: message.span) }

    /// Whether `code` is the authentication code of the message or its first bytes (16 at least), in constant time.
    public func isValid(_ code: Span<UInt8>, for message: Span<UInt8>) -> Bool {
        guard (16...Self.byteCount).contains(code.count) else { return false }
        return withUnsafeTemporaryAllocation(byteCount: Self.byteCount, alignment: 8) { expected in
            compute(message, into: expected)
            return code.withUnsafeBytes { CRYPTO_memcmp($0.baseAddress, expected.baseAddress, $0.count) == 0 }
        }
    }

    public func isValid(_ code: [UInt8], for message: [UInt8]) -> Bool { isValid(code.span, for: message.span) }

    private func compute(_ message: Span<UInt8>, into output: UnsafeMutableRawBufferPointer) {
        lock.withLock { _ in
            message.withUnsafeBytes { context.compute($0, into: output) }
        }
    }

    /// A keyed context, set back to its start for each message.
    ///
    /// `@unchecked Sendable`: used under `lock` only.
    private struct Context: ~Copyable, @unchecked Sendable {
        private let pointer: OpaquePointer

        init(key: [UInt8]) {
            // A fresh context without a key is refused, so an empty key is one zero byte, which is the same key (RFC 2104 2).
            let key = key.isEmpty ? [0] : key
            guard let pointer = EVP_MAC_CTX_new(FetchedAlgorithm.hmac.pointer) else { fatalError("no memory for HMAC") }
            self.pointer = pointer
            // A parameter keeps the pointers to its name and its value: both must live until the context has read them.
            var digest = Array("SHA256".utf8CString)
            let status = OSSL_MAC_PARAM_DIGEST.withCString { name in
                digest.withUnsafeMutableBufferPointer { digest in
                    var parameters = [
                        OSSL_PARAM_construct_utf8_string(name, digest.baseAddress, 0), OSSL_PARAM_construct_end(),
                    ]
                    return EVP_MAC_init(pointer, key, key.count, &parameters)
                }
            }
            precondition(status == 1, "HMAC-SHA-256 is always available")
        }

        deinit { EVP_MAC_CTX_free(pointer) }

        func compute(_ message: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) {
            var length = 0
            let isDone =
                EVP_MAC_init(pointer, nil, 0, nil) == 1
                && EVP_MAC_update(pointer, message.baseAddress, message.count) == 1
                && EVP_MAC_final(pointer, output.baseAddress, &length, output.count) == 1
            precondition(isDone && length == HMACSHA256.byteCount, "HMAC over memory cannot fail")
        }
    }
}
