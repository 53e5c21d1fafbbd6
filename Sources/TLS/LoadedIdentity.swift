import CTLS
import FoundationEssentials
import Glibc

/// A certificate with its key and its status in the form in which OpenSSL uses them. Immutable after `init`.
final class LoadedIdentity {
    let context: OpaquePointer
    let certificate: TLSContext.Certificate
    private var stapled: Status?

    /// A signed statement that a certificate is good, and until when it holds in seconds since 1970.
    private struct Status {
        let bytes: [UInt8]
        let endsAt: Int64
    }

    init(_ identity: TLSContext.Identity) throws(TLSError) {
        guard let context = SSL_CTX_new(TLS_server_method()) else { throw .take() }
        do throws(TLSError) {
            try Self.load(identity, into: context)
            guard let own = SSL_CTX_get0_certificate(context) else { throw TLSError.take() }
            certificate = TLSContext.Certificate(
                path: identity.certificate, names: Self.names(in: own), expiresAt: Self.seconds(X509_get0_notAfter(own))
            )
            stapled = try Self.status(at: identity.statusPath, of: own)
        } catch {
            SSL_CTX_free(context)
            throw error
        }
        self.context = context
    }

    deinit { SSL_CTX_free(context) }

    /// Whether the certificate is for a host of this name (RFC 9525 6).
    func isFor(_ name: String) -> Bool {
        guard let certificate = SSL_CTX_get0_certificate(context) else { return false }
        return X509_check_host(certificate, name, name.utf8.count, 0, nil) == 1
    }

    /// What is stapled; nil where there is nothing, or nothing that still holds.
    func status(at time: Int) -> [UInt8]? {
        guard let stapled, Int64(time) < stapled.endsAt else { return nil }
        return stapled.bytes
    }

    // MARK: Loading

    // Mozilla's "intermediate" profile. The peer chooses among the ciphers: a telephone without AES in hardware is
    // quicker with ChaCha20.
    private static let suites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
    private static let ciphers =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
        + "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
    private static let groups = "X25519:P-256:P-384"

    private static func load(_ identity: TLSContext.Identity, into context: OpaquePointer) throws(TLSError) {
        ERR_clear_error()
        // A key with a passphrase is an error: nobody is there to be asked for it.
        SSL_CTX_set_default_passwd_cb(context) { _, _, _, _ in -1 }
        guard SSL_CTX_use_certificate_chain_file(context, identity.certificate) == 1 else {
            throw .unusable(path: identity.certificate, reason: "\(TLSError.take())")
        }
        guard SSL_CTX_use_PrivateKey_file(context, identity.key, SSL_FILETYPE_PEM) == 1 else {
            let reason = TLSError.take()
            if reason == .failed(TLSError.otherCertificate) {
                throw .keyOfAnotherCertificate(certificate: identity.certificate, key: identity.key)
            }
            throw .unusable(path: identity.key, reason: "\(reason)")
        }
        guard SSL_CTX_check_private_key(context) == 1 else {
            ERR_clear_error()
            throw .keyOfAnotherCertificate(certificate: identity.certificate, key: identity.key)
        }
        guard ctls_set_versions(context, TLS1_2_VERSION, TLS1_3_VERSION) == 1,
            SSL_CTX_set_cipher_list(context, ciphers) == 1, SSL_CTX_set_ciphersuites(context, suites) == 1,
            ctls_set_groups(context, groups) == 1
        else { throw .take() }
        // The kernel encrypts where it can.
        ctls_set_options(context)
        ctls_set_write_modes(context)
        // One call of the kernel takes the head of a record with what follows. The memory goes back when it is empty.
        ctls_read_ahead(context)
    }

    /// Nil where no file is.
    private static func status(at path: String, of certificate: OpaquePointer) throws(TLSError) -> Status? {
        guard access(path, F_OK) == 0 else { return nil }
        guard let data = try? Data(contentsOf: URL(filePath: path)), data.count <= mostStatusBytes else {
            throw .unusable(path: path, reason: "it cannot be read, or is larger than \(mostStatusBytes) bytes")
        }
        let bytes = [UInt8](data)
        let answer: OpaquePointer? = bytes.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            return d2i_OCSP_RESPONSE(nil, &start, buffer.count)
        }
        defer { OCSP_RESPONSE_free(answer) }
        guard let answer, OCSP_response_status(answer) == OCSP_RESPONSE_STATUS_SUCCESSFUL,
            let basic = OCSP_response_get1_basic(answer)
        else {
            ERR_clear_error()
            throw .unusable(path: path, reason: "it is no successful OCSP answer in DER")
        }
        defer { OCSP_BASICRESP_free(basic) }
        guard let single = OCSP_resp_get0(basic, 0), isAbout(certificate, single) else {
            throw .unusable(path: path, reason: "it is about another certificate")
        }
        var end: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
        guard OCSP_single_get0_status(single, nil, nil, nil, &end) == V_OCSP_CERTSTATUS_GOOD else {
            throw .unusable(path: path, reason: "it does not say that the certificate is good")
        }
        return Status(bytes: bytes, endsAt: end.map { seconds($0) } ?? .max)
    }

    /// Answers of authorities have one or two thousand bytes.
    private static let mostStatusBytes = 64 << 10

    private static func isAbout(_ certificate: OpaquePointer, _ single: OpaquePointer) -> Bool {
        var serial: UnsafeMutablePointer<ASN1_INTEGER>?
        // The answer's own, of which nothing is changed.
        let identifier = OCSP_SINGLERESP_get0_id(single)
        guard OCSP_id_get0_info(nil, nil, nil, &serial, identifier) == 1 else { return false }
        return ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(certificate)) == 0
    }

    private static func names(in certificate: OpaquePointer) -> [String] {
        guard let names = ctls_alternative_names(certificate) else { return [] }
        defer { GENERAL_NAMES_free(names) }
        return (0..<ctls_name_count(names)).compactMap { index in
            guard let name = ctls_dns_name(names, index), let bytes = ASN1_STRING_get0_data(name) else { return nil }
            return String(
                decoding: UnsafeBufferPointer(start: bytes, count: Int(ASN1_STRING_length(name))), as: UTF8.self)
        }
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        var parts = tm()
        guard let time, ASN1_TIME_to_tm(time, &parts) == 1 else { return 0 }
        return Int64(timegm(&parts))
    }
}
