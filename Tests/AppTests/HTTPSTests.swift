import FoundationEssentials
import HTTP
import Reactor
import Testing
import Web

@testable import App
@testable import TLS
@testable import TestSupport

@Suite("https beside http")
struct HTTPSTests {
    @Test("Certificates and keys are named in pairs")
    func settings() throws {
        let settings = try SettingsReader.read(
            environment: ["PALCO_TLS_CERT": "a.pem, b.pem", "PALCO_TLS_KEY": "a.key,b.key", "PALCO_TLS_PORT": "443"],
            file: nil)
        #expect(settings.tlsIdentities.map(\.certificate) == ["a.pem", "b.pem"])
        #expect(settings.tlsIdentities.map(\.key) == ["a.key", "b.key"])
        #expect(settings.tlsPort == 443)
        #expect(Server.signals(for: settings).contains(.hangUp))
        #expect(!Server.signals(for: Settings()).contains(.hangUp))
        for wrong in [
            ["PALCO_TLS_CERT": "a.pem"], ["PALCO_TLS_KEY": "a.key"],
            ["PALCO_TLS_CERT": "a.pem,b.pem", "PALCO_TLS_KEY": "a.key"],
            ["PALCO_TLS_CERT": "a.pem,", "PALCO_TLS_KEY": "a.key,"], ["PALCO_TLS_PORT": "https"],
        ] {
            #expect(throws: SettingError.self) { try SettingsReader.read(environment: wrong, file: nil) }
        }
    }

    struct Plain: Sendable, CustomTestStringConvertible {
        var host: String? = "video.example:8080"
        var target = "/"
        var from = "203.0.113.1"
        var fields: [(String, String)] = []
        var ports = (plain: 8080, secure: 8443)
        /// `Location`; `-`: the application answers; nil: refused.
        var leadsTo: String?
        var testDescription: String { "\(host ?? "") \(target) \(fields) \(ports)" }
    }

    @Test(
        "The plain listener leads to the same address with https",
        arguments: [
            Plain(leadsTo: "https://video.example:8443/"),
            Plain(target: "/watch/1?t=5&x=%20", leadsTo: "https://video.example:8443/watch/1?t=5&x=%20"),
            Plain(target: "//other.example/", leadsTo: "https://video.example:8443//other.example/"),
            // Through a mapping of ports: 80 to 8080, so 443 to 8443.
            Plain(host: "video.example", leadsTo: "https://video.example/"),
            Plain(host: "video.example", ports: (80, 8443), leadsTo: "https://video.example:8443/"),
            Plain(host: "video.example:80", ports: (80, 443), leadsTo: "https://video.example/"),
            Plain(host: "[2001:db8::1]:8080", leadsTo: "https://[2001:db8::1]:8443/"),
            Plain(host: "[2001:db8::1]", ports: (80, 443), leadsTo: "https://[2001:db8::1]/"),
            Plain(host: nil), Plain(host: ""), Plain(host: "a b"), Plain(host: "a@b"), Plain(host: "a:b"),
            Plain(host: "[::1"), Plain(host: "a/b"), Plain(host: "video.example:99999"), Plain(target: "*"),
            Plain(target: "/healthz", leadsTo: "-"), Plain(target: "/readyz", leadsTo: "-"),
            Plain(target: "/.well-known/acme-challenge/x", leadsTo: "-"),
            Plain(target: "/.well-known/other", leadsTo: "https://video.example:8443/.well-known/other"),
            Plain(target: "/metrics", from: "127.0.0.1", leadsTo: "-"),
            Plain(target: "/metrics", leadsTo: "https://video.example:8443/metrics"),
            // A proxy that is trusted spoke https with the client; one that is not can say what it likes.
            Plain(from: "10.0.0.1", fields: [("X-Forwarded-Proto", "https")], leadsTo: "-"),
            Plain(from: "10.0.0.1", fields: [("X-Forwarded-Proto", "http")], leadsTo: "https://video.example:8443/"),
            Plain(fields: [("X-Forwarded-Proto", "https")], leadsTo: "https://video.example:8443/"),
        ])
    func redirect(plain: Plain) {
        let redirect = SecureRedirect(
            plainPort: plain.ports.plain, securePort: plain.ports.secure,
            proxies: TrustedProxies(["10.0.0.0/8"].compactMap(IPNetwork.init)))
        let fields = (plain.host.map { [("Host", $0)] } ?? []) + plain.fields
        let request = Request(
            method: .post, target: plain.target, headers: HeaderFields(fields.map { (FieldName($0.0), $0.1) }),
            remoteAddress: SocketAddress(host: plain.from, port: 1))
        let answer = redirect.answer(to: request)
        switch plain.leadsTo {
        case "-": #expect(answer == nil)
        case let location?:
            #expect(answer?.status == .permanentRedirect)
            #expect(answer?.headers[.location] == location)
        case nil: #expect(answer?.status == .badRequest)
        }
    }

    @Test("Who came by https at the standard port is told to come by nothing else")
    func strictTransport() async throws {
        let authority = try await TestAuthority()
        let pair = try await authority.issue("a", for: "DNS:video.example")
        let house = try await AppHouse(in: try TemporaryFolder()) { settings in
            (settings.tlsCertificates, settings.tlsKeys) = ([pair.certificate], [pair.key])
        }
        for (host, secure, isTold) in [
            ("video.example", true, true), ("video.example:443", true, true), ("video.example:8443", true, false),
            ("[::1]", true, true), ("[::1]:8443", true, false), ("video.example", false, false),
        ] {
            var request = Request(target: "/healthz", headers: [.host: host])
            request.isSecure = secure
            let answer = await house.application.respond(to: request)
            #expect(answer.headers.contains(.strictTransportSecurity) == isTold, "\(host) \(secure)")
            if isTold { #expect(answer.headers[.strictTransportSecurity] == "max-age=63072000") }
        }
        let plain = try await AppHouse(in: try TemporaryFolder())
        var request = Request(target: "/healthz", headers: [.host: "video.example"])
        request.isSecure = true
        let answer = await plain.application.respond(to: request)
        #expect(!answer.headers.contains(.strictTransportSecurity))
        await plain.server.stop()
        await house.server.stop()
    }

    @Test("Both listeners work and stop together")
    func listeners() async throws {
        let authority = try await TestAuthority()
        let pair = try await authority.issue("a", for: "DNS:localhost")
        let house = try await AppHouse(in: try TemporaryFolder()) { settings in
            (settings.tlsCertificates, settings.tlsKeys) = ([pair.certificate], [pair.key])
            settings.tlsPort = 0
        }
        try await house.servingBoth { ports in
            let secure = try #require(ports.secure)
            let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            let text = try await authority.run(
                [
                    "s_client", "-connect", "127.0.0.1:\(secure)", "-CAfile", authority.path, "-verify_return_error",
                    "-verify_hostname", "localhost", "-ign_eof",
                ], input: request, mayFail: true)
            #expect(text.contains("HTTP/1.1 200 OK"))
            #expect(text.contains("Strict-Transport-Security: max-age="))
            let client = WireClient(ring: .socket, server: house.server, port: ports.plain)
            let plain = try await client.exchange(.get, "/api/v1/videos?q=1", [], [])
            #expect(plain.status == 308)
            #expect(plain.headers["location"] == "https://localhost/api/v1/videos?q=1")
            #expect(try await client.exchange(.get, "/healthz", [], []).status == 200)
            let numbers = try await client.exchange(.get, "/metrics", [], []).text
            let end = try #require(house.server.services.certificates?.context.certificates.first?.expiresAt)
            let name = "palco_tls_certificate_not_after_timestamp_seconds"
            #expect(numbers.contains("\(name){file=\"\(pair.certificate)\"} \(end)\n"))
        }
    }

    @Test("A start with a certificate that cannot be used names the file and the cause")
    func badStart() async throws {
        let folder = try TemporaryFolder()
        let error = await #expect(throws: TLSError.self) {
            _ = try await AppHouse(in: folder) { settings in
                (settings.tlsCertificates, settings.tlsKeys) = (
                    ["\(folder.path)/none.pem"], ["\(folder.path)/none.key"]
                )
            }
        }
        #expect(error?.description == "\(folder.path)/none.pem cannot be used for TLS: No such file or directory")
    }

    @Test("The doctor tells the names and the days left, and what is wrong with each file")
    func doctor() async throws {
        let authority = try await TestAuthority()
        let good = try await authority.issue("good", for: "DNS:a.example", "DNS:b.example", days: 60)
        let soon = try await authority.issue("soon", for: "DNS:a.example", days: 5)
        var settings = Settings()
        #expect(Doctor(settings: settings, migrations: []).certificateFindings().isEmpty)
        settings.tlsCertificates = [good.certificate, soon.certificate, "/nowhere.pem"]
        settings.tlsKeys = [good.key, soon.key, good.key]
        let findings = Doctor(settings: settings, migrations: []).certificateFindings()
        #expect(findings.map(\.state) == [.good, .weak, .bad])
        #expect(findings[0].detail == "\(good.certificate) for a.example, b.example, 59 days left")
        #expect(findings[1].detail.hasSuffix("4 days left"))
        #expect(findings[2].detail.hasPrefix("/nowhere.pem cannot be used for TLS: "))
        let over = TLSContext.Certificate(
            path: "a.pem", names: [], expiresAt: Int64(Date().timeIntervalSince1970) - 200_000)
        let finding = Doctor(settings: settings, migrations: []).finding(of: over)
        #expect(finding.state == .bad && finding.detail == "a.pem for no host, ended 3 days ago")
    }
}
