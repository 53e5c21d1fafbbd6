import CTLS
import Glibc

/// One TLS connection over a socket that does not block: each call does what is possible now.
///
/// Confined to whoever holds it, as OpenSSL's sessions are.
public final class TLSSession {
    /// What a call came to.
    public enum Outcome: Equatable {
        /// So many bytes went through.
        case done(Int)
        /// Nothing more before the socket can be read, or written; the call is then made again.
        case needsRead, needsWrite
        /// The peer said that it sends nothing more.
        case ended
    }

    /// Of bytes (RFC 8446 5.1).
    public static let mostInRecord = 16 << 10

    private let session: OpaquePointer
    /// Kept as long as the session, whose callbacks point to it.
    private let context: AnyObject

    init(_ session: OpaquePointer, context: AnyObject) {
        self.session = session
        self.context = context
    }

    deinit { SSL_free(session) }

    public func handshake() throws(TLSError) -> Outcome {
        ERR_clear_error()
        let outcome: Outcome
        do { outcome = try self.outcome(SSL_do_handshake(session), done: 0) } catch {
            let verdict = SSL_get_verify_result(session)
            guard verdict != Int(X509_V_OK), let words = X509_verify_cert_error_string(verdict) else { throw error }
            throw .failed("the peer's certificate is not good: \(String(cString: words))")
        }
        if case .done = outcome { kernelSends = ctls_kernel_sends(session) == 1 }
        return outcome
    }

    /// The protocol that was agreed on by ALPN; nil where the peer offered none.
    public var negotiatedProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(session, &name, &count)
        guard let name, count > 0 else { return nil }
        return String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
    }

    /// Whether the kernel encrypts. What is sent then goes to the socket as it would without TLS, files by `sendfile`, and never
    /// to `write`: for a record that waits, OpenSSL would keep the address of bytes that are not its own.
    public private(set) var kernelSends = false

    /// - Parameter bytes: free space, not empty.
    public func read(into bytes: UnsafeMutableRawBufferPointer) throws(TLSError) -> Outcome {
        ERR_clear_error()
        var count = 0
        let status = SSL_read_ex(session, bytes.baseAddress, bytes.count, &count)
        // It must be answered with a key of our own (RFC 8446 4.6.3), which OpenSSL 3.0 does not tell the kernel.
        if kernelSends, SSL_get_key_update_type(session) != SSL_KEY_UPDATE_NONE { throw .keysWanted }
        return try outcome(status, done: count)
    }

    /// Writes one record of them (RFC 8446 5.1).
    ///
    /// - Parameter bytes: not empty; after `needsWrite` or `needsRead` the same ones, at whatever address.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(TLSError) -> Outcome {
        ERR_clear_error()
        var count = 0
        return try written(SSL_write_ex(session, bytes.baseAddress, bytes.count, &count), count)
    }

    /// Tells the peer that nothing more comes (RFC 8446 6.1), if there is room for it.
    public func sendClose() {
        ERR_clear_error()
        if SSL_in_init(session) == 0 { SSL_shutdown(session) }
        ERR_clear_error()
    }

    /// Where a peer said that it sends nothing more, OpenSSL tells every later failure to write by the same code as that.
    private func written(_ status: Int32, _ count: Int) throws(TLSError) -> Outcome {
        let outcome = try outcome(status, done: count)
        if outcome == .ended { throw .truncated }
        return outcome
    }

    private func outcome(_ status: Int32, done count: Int) throws(TLSError) -> Outcome {
        if status > 0 { return .done(count) }
        switch SSL_get_error(session, status) {
        case SSL_ERROR_WANT_READ: return .needsRead
        case SSL_ERROR_WANT_WRITE: return .needsWrite
        case SSL_ERROR_ZERO_RETURN: return .ended
        case SSL_ERROR_SYSCALL: throw .truncated
        default: throw .take()
        }
    }
}
