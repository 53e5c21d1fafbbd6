import CTLS
import Glibc

/// Why a certificate cannot be used or a session ended.
public enum TLSError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A file of the configuration, and what is wrong with it.
    case unusable(path: String, reason: String)
    /// The two do not belong together.
    case keyOfAnotherCertificate(certificate: String, key: String)
    /// OpenSSL's words: a handshake that failed, a record that is none.
    case failed(String)
    /// The peer speaks HTTP without TLS.
    case plainHTTP
    /// The peer went away in the middle, without a closing alert.
    case truncated
    /// The peer wants new keys, and the kernel, which encrypts, cannot be given any.
    case keysWanted

    public var description: String {
        switch self {
        case .unusable(let path, let reason): "\(path) cannot be used for TLS: \(reason)"
        case .keyOfAnotherCertificate(let certificate, let key):
            "the key \(key) does not belong to the certificate \(certificate)"
        case .failed(let reason): reason
        case .plainHTTP: "the peer speaks HTTP without TLS"
        case .truncated: "the peer ended TLS without saying so"
        case .keysWanted: "the peer wants new keys, which the kernel cannot take"
        }
    }

    /// Takes OpenSSL's first error of this thread, which names the cause, and clears those that followed from it.
    static func take() -> TLSError {
        let code = ERR_get_error()
        ERR_clear_error()
        // ERR_SYSTEM_FLAG: the rest is an errno.
        if code & 0x8000_0000 != 0 { return .failed(String(cString: strerror(Int32(code & 0x7FFF_FFFF)))) }
        let library = Int32(truncatingIfNeeded: code >> UInt(ERR_LIB_OFFSET)) & ERR_LIB_MASK
        let reason = Int32(truncatingIfNeeded: code) & Int32(ERR_REASON_MASK)
        switch (library, reason) {
        case (ERR_LIB_SSL, SSL_R_HTTP_REQUEST): return .plainHTTP
        case (ERR_LIB_SSL, SSL_R_UNEXPECTED_EOF_WHILE_READING): return .truncated
        case (ERR_LIB_PEM, PEM_R_NO_START_LINE): return .failed("no such PEM block is in it")
        // Nobody was there to type it.
        case (_, Int32(ERR_R_INTERRUPTED_OR_CANCELLED)): return .failed("it is protected by a passphrase")
        case (ERR_LIB_OSSL_DECODER, Int32(ERR_R_UNSUPPORTED)): return .failed("no key that can be read is in it")
        case (ERR_LIB_X509, X509_R_KEY_VALUES_MISMATCH): return .failed(otherCertificate)
        default: return .failed(ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)")
        }
    }

    static let otherCertificate = "it belongs to another certificate"
}
