import CTLS
import Synchronization

/// What is shown to a certificate authority that looks by TLS whether a name is ours (tls-alpn-01, RFC 8737), to it alone
/// and only while it looks.
public final class TLSChallenges: Sendable {
    /// What such an authority asks for by ALPN (6.2).
    public static let protocolName = "acme-tls/1"

    /// A certificate of one name. Immutable.
    private final class Proof: @unchecked Sendable {
        // @unchecked: OpenSSL's contexts are thread-safe once they are set up, and this one is not changed after `init`.
        let context: OpaquePointer

        init(name: String, digest: [UInt8]) throws(TLSError) {
            let key = try SigningKey()
            let certificate = try CertificateMaking.signedByItself(for: [name], key: key, challenge: digest)
            defer { X509_free(certificate) }
            guard let context = SSL_CTX_new(TLS_server_method()) else { throw .take() }
            guard SSL_CTX_use_certificate(context, certificate) == 1, SSL_CTX_use_PrivateKey(context, key.key) == 1,
                ctls_set_versions(context, TLS1_2_VERSION, TLS1_3_VERSION) == 1
            else {
                SSL_CTX_free(context)
                throw .take()
            }
            ctls_set_write_modes(context)
            ctls_keep_no_sessions(context)
            // Without one of its own OpenSSL asks the first context's, which would take another certificate again.
            ctls_on_server_name(context, { _, _, _ in SSL_TLSEXT_ERR_OK }, nil)
            SSL_CTX_set_alpn_select_cb(
                context,
                { _, chosen, count, offered, _, _ in
                    // Nothing else was offered, or this context would not have been taken.
                    guard let chosen, let count, let offered else { return SSL_TLSEXT_ERR_ALERT_FATAL }
                    chosen.pointee = offered + 1
                    count.pointee = offered[0]
                    return SSL_TLSEXT_ERR_OK
                }, nil)
            self.context = context
        }

        deinit { SSL_CTX_free(context) }
    }

    private let proofs = Mutex<[String: Proof]>([:])

    public init() {}

    /// - Parameters:
    ///   - name: a host name in lower case.
    ///   - digest: SHA-256 of the key authorization (RFC 8737 3), 32 bytes.
    public func put(_ digest: [UInt8], for name: String) throws(TLSError) {
        let proof = try Proof(name: name, digest: digest)
        proofs.withLock { $0[name] = proof }
    }

    public func remove(_ name: String) { proofs.withLock { $0[name] = nil } }

    /// Gives a session that begins what its peer wants to see.
    ///
    /// - Returns: false where the peer asks for it, and there is nothing to show.
    func answer(_ session: OpaquePointer) -> Bool {
        let list = Self.fieldBytes(TLSEXT_TYPE_application_layer_protocol_negotiation, of: session)
        // One list with one name, each with its length (RFC 7301 3.1).
        let name = Array(Self.protocolName.utf8)
        guard list.count == name.count + 3, list[2] == UInt8(name.count), list.dropFirst(3).elementsEqual(name) else {
            return true
        }
        // One list with one host name, each with its length (RFC 6066 3).
        let host = Self.fieldBytes(TLSEXT_TYPE_server_name, of: session).dropFirst(5)
        let proof = proofs.withLock { $0[String(decoding: host, as: UTF8.self).lowercased()] }
        guard let proof else { return false }
        // The session keeps the context alive.
        return SSL_set_SSL_CTX(session, proof.context) != nil
    }

    private static func fieldBytes(_ kind: Int32, of session: OpaquePointer) -> UnsafeBufferPointer<UInt8> {
        var bytes: UnsafePointer<UInt8>?
        var count = 0
        guard SSL_client_hello_get0_ext(session, UInt32(kind), &bytes, &count) == 1 else {
            return UnsafeBufferPointer(start: nil, count: 0)
        }
        return UnsafeBufferPointer(start: bytes, count: count)
    }
}
