import CTLS

/// Certificates that are made here: requests for somebody who signs them, and one of our own until then.
public enum CertificateMaking {
    /// A request for a certificate (PKCS #10, RFC 2986) for these host names, in DER.
    public static func request(for names: [String], key: SigningKey) throws(TLSError) -> [UInt8] {
        guard let request = X509_REQ_new() else { throw .take() }
        defer { X509_REQ_free(request) }
        let extensions = try alternativeNames(names)
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

    /// A certificate that nobody but this key signed, in PEM: so that there is something to show until the right one is there.
    ///
    /// - Parameters:
    ///   - extensions: further ones by OpenSSL's names and values, e.g. for tls-alpn-01.
    ///   - days: how long it holds, from an hour ago.
    public static func selfSigned(
        for names: [String], key: SigningKey, days: Int = 7
    ) throws(TLSError) -> [UInt8] {
        guard let certificate = X509_new() else { throw .take() }
        defer { X509_free(certificate) }
        guard X509_set_version(certificate, 2) == 1, X509_set_pubkey(certificate, key.key) == 1,
            ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1,
            X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != nil,
            X509_gmtime_adj(X509_getm_notAfter(certificate), days * 86_400) != nil,
            let subject = X509_get_subject_name(certificate),
            X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, names.first ?? "palco", -1, -1, 0) == 1,
            X509_set_issuer_name(certificate, subject) == 1
        else { throw .take() }
        guard let list = ctls_extension(NID_subject_alt_name, alternativeNamesText(names)) else { throw .take() }
        defer { X509_EXTENSION_free(list) }
        guard X509_add_ext(certificate, list, -1) == 1, X509_sign(certificate, key.key, EVP_sha256()) > 0,
            let memory = BIO_new(BIO_s_mem())
        else { throw .take() }
        defer { BIO_free(memory) }
        guard PEM_write_bio_X509(memory, certificate) == 1 else { throw .take() }
        return bytes(of: memory)
    }

    private static func alternativeNames(_ names: [String]) throws(TLSError) -> OpaquePointer {
        guard let list = ctls_extensions(NID_subject_alt_name, alternativeNamesText(names)) else { throw .take() }
        return list
    }

    /// - Rule: names were checked to be host names, so nothing in them means something to OpenSSL's reader.
    private static func alternativeNamesText(_ names: [String]) -> String {
        names.map { "DNS:\($0)" }.joined(separator: ",")
    }
}
