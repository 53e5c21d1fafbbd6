import CTLS

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

    public var description: String {
        switch self {
        case .unusable(let path, let reason): "\(path) cannot be used for TLS: \(reason)"
        case .keyOfAnotherCertificate(let certificate, let key):
            "the key \(key) does not belong to the certificate \(certificate)"
        case .failed(let reason): "TLS: \(reason)"
        case .plainHTTP: "the peer speaks HTTP without TLS"
        case .truncated: "the peer ended TLS without saying so"
        }
    }

    /// Takes OpenSSL's last error of this thread, and clears the others.
    static func takeLast() -> TLSError {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        let reason = Int32(truncatingIfNeeded: code & UInt(ERR_REASON_MASK))
        if ERR_lib_error_string(code) != nil, reason == SSL_R_HTTP_REQUEST { return .plainHTTP }
        if reason == SSL_R_UNEXPECTED_EOF_WHILE_READING { return .truncated }
        return .failed(ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)")
    }
}
