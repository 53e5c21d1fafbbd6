import CTLS
import Glibc

/// What a server shows to its peers: certificates, protocols and ciphers (Mozilla's "intermediate" profile). Immutable;
/// a reload makes another one, and sessions that are open go on with theirs.
public final class TLSContext: @unchecked Sendable {
    // @unchecked: OpenSSL's contexts are thread-safe once they are set up, and these are not changed after `init`.

    /// A certificate with its chain, and its key, as PEM files.
    public struct Identity: Sendable, Hashable {
        public var certificate: String
        public var key: String

        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }

        /// Where a signed statement that the certificate is good (OCSP, RFC 6960) lies, in DER: beside the certificate,
        /// and stapled to handshakes (RFC 6066 8) where it is there.
        public var statusPath: String { certificate + ".ocsp" }
    }

    /// What a certificate says.
    public struct Certificate: Sendable, Equatable {
        public let path: String
        /// The host names that it is for.
        public let names: [String]
        /// Seconds since 1970.
        public let expiresAt: Int64
    }

    private let identities: [LoadedIdentity]
    private let tickets: TicketKeys
    /// In wire format (RFC 7301 3.1), what is liked best first.
    private let protocols: [UInt8]
    private let challenges: TLSChallenges?

    /// - Parameters:
    ///   - identities: the first is shown to who names no host, or one that no certificate is for.
    ///   - protocols: ALPN names, what is liked best first; a peer that offers none of them is refused (RFC 7301 3.2).
    ///   - challenges: for authorities that look whether names are ours; nil where nobody is asked for certificates.
    public init(
        _ identities: [Identity], protocols: [String], tickets: TicketKeys, challenges: TLSChallenges? = nil
    ) throws(TLSError) {
        self.tickets = tickets
        self.challenges = challenges
        self.protocols = protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        var loaded: [LoadedIdentity] = []
        for identity in identities { loaded.append(try LoadedIdentity(identity)) }
        guard !loaded.isEmpty else { throw .failed("there is no certificate") }
        self.identities = loaded
        for identity in loaded { prepare(identity) }
    }

    /// In the order of the identities.
    public var certificates: [Certificate] { identities.map(\.certificate) }

    private static let contextIndex = ctls_context_index()

    private func prepare(_ identity: LoadedIdentity) {
        let this = Unmanaged.passUnretained(self).toOpaque()
        SSL_CTX_set_ex_data(identity.context, Self.contextIndex, this)
        // Sessions are kept by the peers in their tickets, not here.
        ctls_keep_no_sessions(identity.context)
        var identifier = Array("palco".utf8)
        SSL_CTX_set_session_id_context(identity.context, &identifier, UInt32(identifier.count))
        SSL_CTX_set_alpn_select_cb(
            identity.context,
            { _, chosen, count, offered, offeredCount, argument in
                guard let argument, let chosen, let count, let offered else { return SSL_TLSEXT_ERR_NOACK }
                return Unmanaged<TLSContext>.fromOpaque(argument).takeUnretainedValue()
                    .choose(chosen, count, UnsafeBufferPointer(start: offered, count: Int(offeredCount)))
            }, this)
        if challenges != nil {
            ctls_on_hello(
                identity.context,
                { session, alert, argument in
                    guard let session, let argument else { return SSL_CLIENT_HELLO_ERROR }
                    let context = Unmanaged<TLSContext>.fromOpaque(argument).takeUnretainedValue()
                    if context.challenges?.answer(session) ?? true { return SSL_CLIENT_HELLO_SUCCESS }
                    alert?.pointee = SSL_AD_NO_APPLICATION_PROTOCOL
                    return SSL_CLIENT_HELLO_ERROR
                }, this)
        }
        ctls_on_server_name(
            identity.context,
            { session, _, argument in
                guard let session, let argument, let name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name)
                else {
                    return SSL_TLSEXT_ERR_NOACK
                }
                let context = Unmanaged<TLSContext>.fromOpaque(argument).takeUnretainedValue()
                if let identity = context.identity(for: String(cString: name)) {
                    SSL_set_SSL_CTX(session, identity.context)
                }
                return SSL_TLSEXT_ERR_OK
            }, this)
        ctls_on_ticket_key(identity.context) { session, name, vector, cipher, mac, isMaking in
            guard let session, let name, let vector, let cipher, let mac, let context = TLSContext.of(session) else {
                return -1
            }
            return useTicketKey(context.tickets, name, vector, cipher, mac, isMaking: isMaking == 1)
        }
        ctls_on_status(
            identity.context,
            { session, argument in
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

    private func identity(for name: String) -> LoadedIdentity? { identities.first { $0.isFor(name) } }

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
        guard let context = SSL_get_SSL_CTX(session), let identity = identities.first(where: { $0.context == context }),
            let status = identity.status(at: time(nil)), let copy = CRYPTO_malloc(status.count, nil, 0)
        else { return SSL_TLSEXT_ERR_NOACK }
        // OpenSSL frees it.
        let bytes = copy.assumingMemoryBound(to: UInt8.self)
        for (index, byte) in status.enumerated() { bytes[index] = byte }
        ctls_set_status(session, bytes, status.count)
        return SSL_TLSEXT_ERR_OK
    }

    /// A session on a connected socket that does not block.
    public func session(on descriptor: Int32) throws(TLSError) -> TLSSession {
        guard let session = SSL_new(identities[0].context) else { throw .take() }
        guard SSL_set_fd(session, descriptor) == 1 else {
            SSL_free(session)
            throw .take()
        }
        SSL_set_accept_state(session)
        return TLSSession(session, context: self)
    }
}
