import CTLS
import Glibc

/// What servers that are asked from here must show: a certificate for their host, signed by an authority that is trusted. Immutable.
public final class TLSClientContext: @unchecked Sendable {
    // @unchecked: OpenSSL's contexts are thread-safe once they are set up, and this one is immutable after `init`.

    private let context: OpaquePointer

    /// - Parameter authorities: a PEM file of those that are trusted; nil for the system's.
    public init(authorities: String? = nil) throws(TLSError) {
        ERR_clear_error()
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw .take() }
        self.context = context
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        ctls_set_write_modes(context)
        ctls_keep_no_sessions(context)
        guard ctls_set_versions(context, TLS1_2_VERSION, TLS1_3_VERSION) == 1 else { throw .take() }
        guard let authorities else {
            guard SSL_CTX_set_default_verify_paths(context) == 1 else { throw .take() }
            return
        }
        guard SSL_CTX_load_verify_locations(context, authorities, nil) == 1 else {
            throw .unusable(path: authorities, reason: TLSError.take().description)
        }
    }

    deinit { SSL_CTX_free(context) }

    /// A session on a connected socket that does not block.
    ///
    /// - Parameter host: a name, or a numeric address, which the certificate must then hold as such.
    public func session(on descriptor: Int32, with host: String) throws(TLSError) -> TLSSession {
        ERR_clear_error()
        guard let session = SSL_new(context) else { throw .take() }
        let isAddress = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) == 1
        ERR_clear_error()
        guard isAddress || SSL_set1_host(session, host) == 1 && ctls_set_server_name(session, host) == 1,
            SSL_set_fd(session, descriptor) == 1
        else {
            SSL_free(session)
            throw .take()
        }
        SSL_set_connect_state(session)
        return TLSSession(session, context: self)
    }
}
