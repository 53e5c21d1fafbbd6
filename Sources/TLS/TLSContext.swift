import CTLS
import Synchronization

/// What a server shows to its peers: certificates, protocols and ciphers (Mozilla's "intermediate" profile). Immutable;
/// a reload makes another one, and sessions that are open go on with theirs.
public final class TLSContext: @unchecked Sendable {
    // @unchecked: OpenSSL's contexts are thread-safe once they are set up, and these are not changed after `init`.

    /// A certificate with its chain, and its key, as PEM files.
    public struct Identity: Sendable, Hashable {
        public var certificate: String
        public var key: String
        /// A stapled OCSP answer (RFC 6066 8) in DER; nil: none.
        public var status: [UInt8]?

        public init(certificate: String, key: String, status: [UInt8]? = nil) {
            self.certificate = certificate
            self.key = key
            self.status = status
        }
    }

    /// One certificate of it.
    private final class Face {
        let context: OpaquePointer
        let status: [UInt8]

        init(_ context: OpaquePointer, status: [UInt8]) {
            self.context = context
            self.status = status
        }

        deinit { SSL_CTX_free(context) }

        func isFor(_ name: String) -> Bool {
            guard let certificate = SSL_CTX_get0_certificate(context) else { return false }
            return X509_check_host(certificate, name, name.utf8.count, 0, nil) == 1
        }
    }

    private let faces: [Face]
    private let tickets: TicketKeys
    /// In wire format (RFC 7301 3.1), what is liked best first.
    private let protocols: [UInt8]

    /// - Parameters:
    ///   - identities: the first is shown to who names no host, or one that no certificate is for.
    ///   - protocols: ALPN names, what is liked best first; a peer that offers none of them is refused (RFC 7301 3.2).
    public init(_ identities: [Identity], protocols: [String], tickets: TicketKeys) throws(TLSError) {
        self.tickets = tickets
        self.protocols = protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        var faces: [Face] = []
        for identity in identities {
            let face = Face(try Self.load(identity), status: identity.status ?? [])
            faces.append(face)
        }
        guard !faces.isEmpty else { throw .failed("there is no certificate") }
        self.faces = faces
        for face in faces { prepare(face) }
    }

    private static func load(_ identity: Identity) throws(TLSError) -> OpaquePointer {
        guard let context = SSL_CTX_new(TLS_server_method()) else { throw .takeLast() }
        do {
            try load(identity, into: context)
        } catch {
            SSL_CTX_free(context)
            throw error
        }
        return context
    }

    private static func load(_ identity: Identity, into context: OpaquePointer) throws(TLSError) {
        ERR_clear_error()
        guard SSL_CTX_use_certificate_chain_file(context, identity.certificate) == 1 else {
            throw .unusable(path: identity.certificate, reason: "\(TLSError.takeLast())")
        }
        guard SSL_CTX_use_PrivateKey_file(context, identity.key, SSL_FILETYPE_PEM) == 1 else {
            throw .unusable(path: identity.key, reason: "\(TLSError.takeLast())")
        }
        guard SSL_CTX_check_private_key(context) == 1 else {
            ERR_clear_error()
            throw .keyOfAnotherCertificate(certificate: identity.certificate, key: identity.key)
        }
        guard ctls_set_versions(context, TLS1_2_VERSION, TLS1_3_VERSION) == 1,
            SSL_CTX_set_cipher_list(context, ciphers) == 1, SSL_CTX_set_ciphersuites(context, suites) == 1,
            ctls_set_groups(context, groups) == 1
        else { throw .takeLast() }
        // The peer chooses among them: a telephone without AES in hardware is quicker with ChaCha20. The kernel encrypts
        // where it can.
        ctls_set_options(context)
        ctls_set_write_modes(context)
    }

    private static let suites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
    private static let ciphers =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
        + "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
    private static let groups = "X25519:P-256:P-384"

    private static let contextIndex = ctls_context_index()

    private func prepare(_ face: Face) {
        let this = Unmanaged.passUnretained(self).toOpaque()
        SSL_CTX_set_ex_data(face.context, Self.contextIndex, this)
        // Sessions are kept by the peers in their tickets, not here.
        ctls_keep_no_sessions(face.context)
        var identifier = Array("palco".utf8)
        SSL_CTX_set_session_id_context(face.context, &identifier, UInt32(identifier.count))
        SSL_CTX_set_alpn_select_cb(face.context, { _, chosen, count, offered, offeredCount, argument in
            guard let argument, let chosen, let count, let offered else { return SSL_TLSEXT_ERR_NOACK }
            return Unmanaged<TLSContext>.fromOpaque(argument).takeUnretainedValue()
                .choose(chosen, count, UnsafeBufferPointer(start: offered, count: Int(offeredCount)))
        }, this)
        ctls_on_server_name(face.context, { session, _, argument in
            guard let session, let argument, let name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name) else {
                return SSL_TLSEXT_ERR_NOACK
            }
            let context = Unmanaged<TLSContext>.fromOpaque(argument).takeUnretainedValue()
            if let face = context.face(for: String(cString: name)) { SSL_set_SSL_CTX(session, face.context) }
            return SSL_TLSEXT_ERR_OK
        }, this)
        ctls_on_ticket_key(face.context) { session, name, vector, cipher, mac, isMaking in
            guard let session, let name, let vector, let cipher, let mac, let context = TLSContext.of(session) else {
                return -1
            }
            return useTicketKey(context.tickets, name, vector, cipher, mac, isMaking: isMaking == 1)
        }
        ctls_on_status(face.context, { session, argument in
            guard let session, let argument else { return SSL_TLSEXT_ERR_NOACK }
            return Unmanaged<TLSContext>.fromOpaque(argument).takeUnretainedValue().staple(to: session)
        }, this)
    }

    private static func of(_ session: OpaquePointer) -> TLSContext? {
        guard let context = SSL_get_SSL_CTX(session), let data = SSL_CTX_get_ex_data(context, contextIndex) else {
            return nil
        }
        return Unmanaged<TLSContext>.fromOpaque(data).takeUnretainedValue()
    }

    private func face(for name: String) -> Face? { faces.first { $0.isFor(name) } }

    private func choose(
        _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>, _ count: UnsafeMutablePointer<UInt8>,
        _ offered: UnsafeBufferPointer<UInt8>
    ) -> Int32 {
        var start = 0
        while start < protocols.count {
            let length = Int(protocols[start])
            let name = protocols[start + 1..<start + 1 + length]
            var at = 0
            // bound: `at` grows by at most 256 a round and stays below the extension's 65,535 bytes.
            while at < offered.count {
                let size = Int(offered[at])
                guard at + 1 + size <= offered.count else { return SSL_TLSEXT_ERR_ALERT_FATAL }
                if size == length, offered[at + 1..<at + 1 + size].elementsEqual(name) {
                    chosen.pointee = offered.baseAddress?.advanced(by: at + 1)
                    count.pointee = UInt8(size)
                    return SSL_TLSEXT_ERR_OK
                }
                at += 1 + size
            }
            start += 1 + length
        }
        return SSL_TLSEXT_ERR_ALERT_FATAL
    }

    private func staple(to session: OpaquePointer) -> Int32 {
        guard let context = SSL_get_SSL_CTX(session), let face = faces.first(where: { $0.context == context }),
            !face.status.isEmpty, let copy = CRYPTO_malloc(face.status.count, nil, 0)
        else { return SSL_TLSEXT_ERR_NOACK }
        // OpenSSL frees it.
        let bytes = copy.assumingMemoryBound(to: UInt8.self)
        for (index, byte) in face.status.enumerated() { bytes[index] = byte }
        ctls_set_status(session, bytes, face.status.count)
        return SSL_TLSEXT_ERR_OK
    }

    /// A session on a connected socket that does not block.
    public func session(on descriptor: Int32) throws(TLSError) -> TLSSession {
        guard let session = SSL_new(faces[0].context) else { throw .takeLast() }
        guard SSL_set_fd(session, descriptor) == 1 else {
            SSL_free(session)
            throw .takeLast()
        }
        SSL_set_accept_state(session)
        return TLSSession(session, context: self)
    }
}
