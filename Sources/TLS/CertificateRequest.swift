import CTLS

/// Certificates that are made here: requests for somebody who signs them, and some of our own.
public enum CertificateMaking {
    /// A request for a certificate (PKCS #10, RFC 2986) for these host names, in DER.
    public static func request(for names: [String], key: SigningKey) throws(TLSError) -> [UInt8] {
        guard let request = X509_REQ_new() else { throw .take() }
        defer { X509_REQ_free(request) }
        guard let extensions = ctls_extensions(NID_subject_alt_name, alternativeNames(names)) else { throw .take() }
        defer { ctls_free_extensions(extensions) }
        guard X509_REQ_set_version(request, 0) == 1, X509_REQ_set_pubkey(request, key.key) == 1,
            X509_REQ_add_extensions(request, extensions) == 1, X509_REQ_sign(request, key.key, EVP_sha256()) > 0
        else { throw .take() }
        var count = i2d_X509_REQ(request, nil)
        guard count > 0 else { throw .take() }
        var bytes = [UInt8](repeating: 0, count: Int(count))
        bytes.withUnsafeMutableBufferPointer { buffer in
            var place = buffer.baseAddress
            count = i2d_X509_REQ(request, &place)
        }
        guard Int(count) == bytes.count else { throw .take() }
        return bytes
    }

    /// A certificate that nobody but this key signed, in PEM: so that there is something to show until the right one is
    /// there.
    public static func selfSigned(for names: [String], key: SigningKey) throws(TLSError) -> [UInt8] {
        let certificate = try signedByItself(for: names, key: key)
        defer { X509_free(certificate) }
        guard let memory = BIO_new(BIO_s_mem()) else { throw .take() }
        defer { BIO_free(memory) }
        guard PEM_write_bio_X509(memory, certificate) == 1 else { throw .take() }
        return bytes(of: memory)
    }

    private static let days = 7

    /// It holds for a week from an hour ago.
    ///
    /// - Parameter challenge: the value of RFC 8737 3's extension, 32 bytes.
    /// - Returns: an X509 that is the caller's to free.
    static func signedByItself(
        for names: [String], key: SigningKey, challenge: [UInt8]? = nil
    ) throws(TLSError) -> OpaquePointer {
        guard let certificate = X509_new() else { throw .take() }
        do throws(TLSError) {
            guard X509_set_version(certificate, 2) == 1, X509_set_pubkey(certificate, key.key) == 1,
                ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1,
                X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != nil,
                X509_gmtime_adj(X509_getm_notAfter(certificate), days * 86_400) != nil,
                let subject = X509_get_subject_name(certificate),
                X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, "palco", -1, -1, 0) == 1,
                X509_set_issuer_name(certificate, subject) == 1
            else { throw .take() }
            try add(ctls_extension(NID_subject_alt_name, alternativeNames(names)), to: certificate)
            if let challenge {
                // An octet string of 32 bytes in DER.
                let value = [0x04, 0x20] + challenge
                try add(ctls_critical_extension("1.3.6.1.5.5.7.1.31", value, Int32(value.count)), to: certificate)
            }
            guard X509_sign(certificate, key.key, EVP_sha256()) > 0 else { throw .take() }
        } catch {
            X509_free(certificate)
            throw error
        }
        return certificate
    }

    private static func add(_ piece: OpaquePointer?, to certificate: OpaquePointer) throws(TLSError) {
        guard let piece else { throw .take() }
        defer { X509_EXTENSION_free(piece) }
        guard X509_add_ext(certificate, piece, -1) == 1 else { throw .take() }
    }

    /// - Rule: names were checked to be host names, so nothing in them means something to OpenSSL's reader.
    private static func alternativeNames(_ names: [String]) -> String {
        names.map { "DNS:\($0)" }.joined(separator: ",")
    }
}
