import Reactor
import Synchronization
import TLS
import Testing

@testable import HTTP
@testable import TestSupport

@Suite("TLS to a real client")
struct HandshakeTests {
    static let secure: HTTPServer.Handler = { request in
        .text("secure=\(request.isSecure) path=\(request.path)\n")
    }

    static func context(_ pairs: TestAuthority.Pair...) throws -> TLSContext {
        try TLSContext(pairs.map(\.identity), protocols: ["http/1.1"], tickets: TicketKeys(now: { 0 }))
    }

    @Test("a client that trusts the authority gets its answer", arguments: ["-tls1_3", "-tls1_2"])
    func answer(version: String) async throws {
        let authority = try await TestAuthority()
        let context = try Self.context(try await authority.issue("a", for: "DNS:a.example"))
        try await TLSServer.run(authority, context: { context }, handler: Self.secure) { server in
            let text = try await server.ask(version, "-verify_return_error", "-verify_hostname", "a.example")
            #expect(text.contains("Verification: OK"))
            #expect(text.contains("HTTP/1.1 200 OK"))
            #expect(text.contains("secure=true path=/"))
        }
    }

    @Test("the name that a client asks for chooses the certificate; the first is for all others")
    func serverNames() async throws {
        let authority = try await TestAuthority()
        let context = try Self.context(
            try await authority.issue("first", for: "DNS:a.example"),
            try await authority.issue("second", for: "DNS:b.example", "DNS:*.c.example"))
        try await TLSServer.run(authority, context: { context }, handler: Self.secure) { server in
            for (name, subject) in [
                ("a.example", "first"), ("b.example", "second"), ("x.c.example", "second"), ("x.y.c.example", "first"),
                ("other.example", "first"),
            ] {
                let text = try await server.ask("-servername", name)
                #expect(text.contains("subject=CN = \(subject)"), "\(name)")
            }
            #expect(try await server.ask("-noservername").contains("subject=CN = first"))
        }
    }

    @Test("http/1.1 is agreed on by ALPN; who speaks none of our protocols is refused")
    func alpn() async throws {
        let authority = try await TestAuthority()
        let context = try Self.context(try await authority.issue("a", for: "DNS:a.example"))
        try await TLSServer.run(authority, context: { context }, handler: Self.secure) { server in
            #expect(try await server.ask("-alpn", "spdy/3,http/1.1").contains("ALPN protocol: http/1.1"))
            #expect(try await server.ask().contains("No ALPN negotiated"))
            let refused = try await server.ask("-alpn", "spdy/3")
            #expect(refused.contains("alert no application protocol"))
            #expect(!refused.contains("200 OK"))
        }
    }

    @Test(
        "an authority that looks whether a name is ours sees its certificate, and nobody else",
        arguments: ["-tls1_3", "-tls1_2"])
    func challenge(version: String) async throws {
        let authority = try await TestAuthority()
        let challenges = TLSChallenges()
        let context = try TLSContext(
            [try await authority.issue("first", for: "DNS:a.example", "DNS:b.example").identity],
            protocols: ["http/1.1"], tickets: TicketKeys(now: { 0 }), challenges: challenges)
        try challenges.put((0..<32).map { UInt8($0) }, for: "b.example")
        try await TLSServer.run(authority, context: { context }, handler: Self.secure) { server in
            let seen = try await server.ask(version, "-alpn", "acme-tls/1", "-servername", "B.example")
            #expect(seen.contains("ALPN protocol: acme-tls/1"))
            #expect(!seen.contains("200 OK"))
            let certificate = try await authority.run(["x509", "-noout", "-text"], input: seen)
            #expect(certificate.contains("DNS:b.example"))
            #expect(certificate.contains("1.3.6.1.5.5.7.1.31: critical"))
            let refused = try await server.ask(version, "-servername", "a.example", "-alpn", "acme-tls/1")
            #expect(refused.contains("alert no application protocol"))
            let other = try await server.ask(version, "-servername", "b.example", "-alpn", "acme-tls/1,http/1.1")
            #expect(other.contains("subject=CN = first") && other.contains("200 OK"))
            challenges.remove("b.example")
            let gone = try await server.ask(version, "-servername", "b.example", "-alpn", "acme-tls/1")
            #expect(gone.contains("alert no application protocol"))
        }
    }

    @Test("old versions and weak ciphers are refused", arguments: [["-tls1_1"], ["-tls1_2", "-cipher", "AES128-SHA"]])
    func old(arguments: [String]) async throws {
        let authority = try await TestAuthority()
        let context = try Self.context(try await authority.issue("a", for: "DNS:a.example"))
        try await TLSServer.run(authority, context: { context }, handler: Self.secure) { server in
            let text = try await authority.run(
                ["s_client", "-connect", server.address] + arguments
                    + ["-cipher", "ALL:@SECLEVEL=0"].prefix(
                        arguments.count == 1 ? 2 : 0), input: TLSServer.request, mayFail: true)
            #expect(text.contains("alert protocol version") || text.contains("alert handshake failure"), "\(text)")
            #expect(!text.contains("200 OK"))
        }
    }

    @Test("a session goes on with its ticket, on whatever loop, and after the certificates were loaded anew")
    func resumption() async throws {
        let authority = try await TestAuthority()
        let pair = try await authority.issue("a", for: "DNS:a.example")
        let keys = TicketKeys(now: { 0 })
        let contexts = Mutex([TLSContext]())
        let next: @Sendable () -> TLSContext = { contexts.withLock { $0[$0.count - 1] } }
        let load = {
            let context = try TLSContext([pair.identity], protocols: ["http/1.1"], tickets: keys)
            contexts.withLock { $0.append(context) }
        }
        try load()
        try await TLSServer.run(authority, loops: 3, context: next, handler: Self.secure) { server in
            for version in ["-tls1_2", "-tls1_3"] {
                let session = authority.folder.path + "/session\(version)"
                #expect(try await server.ask(version, "-sess_out", session).contains("New, TLSv1"))
                for _ in 0..<3 {
                    #expect(try await server.ask(version, "-sess_in", session).contains("Reused, TLSv1"))
                }
                try load()
                #expect(try await server.ask(version, "-sess_in", session).contains("Reused, TLSv1"))
            }
        }
    }

    @Test("a status beside the certificate is stapled; without one nothing is")
    func stapling() async throws {
        let authority = try await TestAuthority()
        let pair = try await authority.issue("a", for: "DNS:a.example")
        let without = try Self.context(pair)
        _ = try await authority.sayIsGood(pair)
        let with = try Self.context(pair)
        try await TLSServer.run(authority, context: { without }, handler: Self.secure) { server in
            let text = try await server.ask("-status")
            #expect(text.contains("OCSP response: no response sent"))
        }
        try await TLSServer.run(authority, context: { with }, handler: Self.secure) { server in
            let text = try await server.ask("-status")
            #expect(text.contains("OCSP Response Status: successful"))
            #expect(text.contains("Cert Status: good"))
        }
    }

    @Test("who speaks HTTP without TLS is told so")
    func plain() async throws {
        let authority = try await TestAuthority()
        let context = try Self.context(try await authority.issue("a", for: "DNS:a.example"))
        try await TLSServer.run(authority, context: { context }, handler: Self.secure) { server in
            let text = try await server.connect { connection in
                try await connection.write(Array(TLSServer.request.utf8))
                return try await connection.readToEnd()
            }
            #expect(text.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
            #expect(text.hasSuffix("\r\n\r\nThis port speaks https: begin with https://"))
            let length = text.firstRange(of: "\r\n\r\n").map { text[$0.upperBound...].utf8.count }
            #expect(text.contains("Content-Length: \(length ?? -1)\r\n"))
        }
    }

    @Test("a handshake that does not come to its end is cut")
    func slowHandshake() async throws {
        let authority = try await TestAuthority()
        let context = try Self.context(try await authority.issue("a", for: "DNS:a.example"))
        var options = HTTPServer.Options()
        options.limits.handshakeTimeout = .milliseconds(100)
        try await TLSServer.run(authority, options: options, context: { context }, handler: Self.secure) { server in
            for start in ["", "\u{16}\u{3}\u{1}"] {
                let text = try await server.connect { connection in
                    try await connection.write(Array(start.utf8))
                    return (try? await connection.readToEnd()) ?? ""
                }
                #expect(text.isEmpty)
            }
            #expect(try await server.ask().contains("200 OK"))
        }
    }

    @Test("one address may not begin handshakes without end, and its neighbours do not notice")
    func budget() async throws {
        let authority = try await TestAuthority()
        let context = try Self.context(try await authority.issue("a", for: "DNS:a.example"))
        let refusals = Atomic(0)
        var options = HTTPServer.Options()
        options.limits.handshakeBurst = 3
        options.limits.handshakeInterval = .seconds(100_000)
        options.refused = { status, _ in
            if status == .tooManyRequests { refusals.add(1, ordering: .relaxed) }
        }
        try await TLSServer.run(authority, options: options, context: { context }, handler: Self.secure) { server in
            for number in 0..<6 {
                let text = try await server.ask()
                #expect(text.contains("200 OK") == (number < 3))
                #expect(text.contains("Server certificate") == (number < 3))
            }
            #expect(refusals.load(ordering: .relaxed) == 3)
            let neighbour = try await server.ask("-bind", "127.0.0.2")
            #expect(neighbour.contains("200 OK"))
        }
    }

    @Test("a server that stops does not wait for handshakes")
    func stopping() async throws {
        let authority = try await TestAuthority()
        let context = try Self.context(try await authority.issue("a", for: "DNS:a.example"))
        var options = HTTPServer.Options()
        options.limits.handshakeTimeout = .seconds(1000)
        try await TLSServer.run(authority, options: options, context: { context }, handler: Self.secure) { server in
            let cut = try await server.connect { connection in
                try await connection.write([0x16, 3, 1])
                try await eventually("the connection is served") { await server.server.connections.count() == 1 }
                return await server.server.stop(patience: .seconds(5))
            }
            #expect(cut == 0)
        }
    }
}
