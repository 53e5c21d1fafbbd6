import FoundationEssentials
import Testing

@testable import TLS
@testable import TestSupport

@Suite("Certificates and keys from files")
struct CertificateTests {
    static func context(_ identities: TLSContext.Identity...) throws(TLSError) -> TLSContext {
        try TLSContext(identities, protocols: ["http/1.1"], tickets: TicketKeys(now: { 0 }))
    }

    @Test("a certificate tells its names and its end")
    func facts() async throws {
        let authority = try await TestAuthority()
        let pair = try await authority.issue("a", for: "DNS:a.example", "DNS:*.b.example", "IP:127.0.0.1", days: 10)
        let context = try Self.context(pair.identity)
        let certificate = try #require(context.certificates.first)
        #expect(certificate.path == pair.certificate)
        #expect(certificate.names == ["a.example", "*.b.example"])
        let days = Double(certificate.expiresAt) / 86_400 - Date().timeIntervalSince1970 / 86_400
        #expect(days > 9.9 && days <= 10)
    }

    @Test("a file that cannot be used is named, with the cause")
    func unusable() async throws {
        let authority = try await TestAuthority()
        let (a, b) = (try await authority.issue("a", for: "DNS:a"), try await authority.issue("b", for: "DNS:b"))
        let folder = authority.folder.path
        try authority.write("", to: "empty.pem")
        try authority.write("-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n", to: "junk.pem")
        try await authority.run(
            "pkey", "-in", a.key, "-aes256", "-passout", "pass:secret", "-out", "\(folder)/locked.key")
        let cases: [(certificate: String, key: String, words: String)] = [
            ("\(folder)/none.pem", a.key, "\(folder)/none.pem cannot be used for TLS: No such file or directory"),
            (
                a.certificate, "\(folder)/none.key",
                "\(folder)/none.key cannot be used for TLS: No such file or directory"
            ),
            ("\(folder)/empty.pem", a.key, "\(folder)/empty.pem cannot be used for TLS: no such PEM block is in it"),
            ("\(folder)/junk.pem", a.key, "\(folder)/junk.pem cannot be used for TLS: "),
            (a.certificate, a.certificate, "\(a.certificate) cannot be used for TLS: no key that can be read is in it"),
            (
                a.certificate, "\(folder)/locked.key",
                "\(folder)/locked.key cannot be used for TLS: it is protected by a passphrase"
            ),
            (a.certificate, b.key, "the key \(b.key) does not belong to the certificate \(a.certificate)"),
        ]
        for test in cases {
            let error = #expect(throws: TLSError.self) {
                try Self.context(TLSContext.Identity(certificate: test.certificate, key: test.key))
            }
            #expect(error.map { "\($0)".hasPrefix(test.words) } == true, "\(error.map { "\($0)" } ?? "")")
        }
    }

    @Test("no certificate is an error too")
    func none() {
        #expect(throws: TLSError.failed("there is no certificate")) { try Self.context() }
    }

    @Test("a status is stapled for as long as it says")
    func statusEnds() async throws {
        let authority = try await TestAuthority()
        let pair = try await authority.issue("a", for: "DNS:a")
        #expect(try LoadedIdentity(pair.identity).status(at: 0) == nil)
        let status = try Data(contentsOf: URL(filePath: try await authority.sayIsGood(pair)))
        let identity = try LoadedIdentity(pair.identity)
        let now = Int(Date().timeIntervalSince1970)
        #expect(identity.status(at: now) == Array(status))
        #expect(identity.status(at: now + 6 * 86_400) != nil)
        #expect(identity.status(at: now + 8 * 86_400) == nil)
    }

    @Test("a status that is no OCSP answer, or one about another certificate, is refused with its file")
    func statuses() async throws {
        let authority = try await TestAuthority()
        let (a, b) = (try await authority.issue("a", for: "DNS:a"), try await authority.issue("b", for: "DNS:b"))
        let ofB = try await authority.sayIsGood(b)
        _ = try Self.context(b.identity)
        try Data(contentsOf: URL(filePath: ofB)).write(to: URL(filePath: a.identity.statusPath))
        let about = #expect(throws: TLSError.self) { try Self.context(a.identity) }
        #expect(
            about.map { "\($0)" } == "\(a.certificate).ocsp cannot be used for TLS: it is about another certificate")
        try Data("no".utf8).write(to: URL(filePath: a.identity.statusPath))
        let junk = #expect(throws: TLSError.self) { try Self.context(a.identity) }
        #expect(
            junk.map { "\($0)" }
                == "\(a.certificate).ocsp cannot be used for TLS: it is no successful OCSP answer in DER")
    }
}

extension TestAuthority.Pair {
    var identity: TLSContext.Identity { TLSContext.Identity(certificate: certificate, key: key) }
}
