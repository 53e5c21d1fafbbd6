import Reactor
import Testing

@testable import HTTP

@Suite("Who is behind a proxy")
struct TrustedProxiesTests {
    static let proxies = TrustedProxies(["10.0.0.0/8", "::1"].compactMap(IPNetwork.init))

    func request(from peer: String, _ fields: [(FieldName, String)]) -> Request {
        var request = Request(
            target: "/", headers: HeaderFields(fields), remoteAddress: SocketAddress(host: peer, port: 9))
        Self.proxies.apply(to: &request)
        return request
    }

    @Test(
        "X-Forwarded-For is read from the right, past trusted proxies, up to the first other one",
        arguments: [
            ("203.0.113.1", "203.0.113.1"), ("198.51.100.9, 203.0.113.1", "203.0.113.1"),
            ("198.51.100.9, 203.0.113.1, 10.2.2.2", "203.0.113.1"), ("10.3.3.3, 10.2.2.2", "10.3.3.3"),
            ("198.51.100.9,nonsense, 10.2.2.2", "10.2.2.2"), ("nonsense", "10.1.1.1"), ("", "10.1.1.1"),
            ("203.0.113.1,", "10.1.1.1"), ("203.0.113.1:8080", "203.0.113.1"), ("[2001:db8::7]:443", "2001:db8::7"),
            ("2001:db8::7", "2001:db8::7"), ("::ffff:203.0.113.1", "203.0.113.1"), ("[2001:db8::7", "10.1.1.1"),
            ("[203.0.113.1]", "10.1.1.1"), ("203.0.113.1x", "10.1.1.1"),
        ])
    func xForwardedFor(field: String, client: String) {
        let request = request(from: "10.1.1.1", [(.xForwardedFor, field)])
        #expect(request.remoteAddress.host == client)
        #expect(request.proxyAddress?.host == "10.1.1.1")
    }

    @Test(
        "Forwarded is read the same way, with quotes and what else it may hold",
        arguments: [
            ("for=203.0.113.1", "203.0.113.1"), ("For=\"203.0.113.1:47011\";proto=http", "203.0.113.1"),
            ("for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
            ("for=198.51.100.9, for=203.0.113.1", "203.0.113.1"),
            ("for=203.0.113.1, for=10.2.2.2;by=10.1.1.1", "203.0.113.1"), ("for=198.51.100.9, for=_hidden", "10.1.1.1"),
            ("for=unknown", "10.1.1.1"), ("proto=https", "10.1.1.1"), ("for=\"203.0.113.1", "10.1.1.1"),
            ("for=\"198.51.100.9, for=203.0.113.1", "10.1.1.1"), ("for=\"a, b\", for=203.0.113.1", "203.0.113.1"),
            ("by=\"x;for=198.51.100.9\";for=203.0.113.1", "203.0.113.1"), ("for=\"203.0.113.1:_port\"", "203.0.113.1"),
        ])
    func forwarded(field: String, client: String) {
        #expect(request(from: "10.1.1.1", [(.forwarded, field)]).remoteAddress.host == client)
    }

    @Test("Several fields of one name are one list")
    func severalLines() {
        let request = request(
            from: "10.1.1.1", [(.xForwardedFor, "198.51.100.9"), (.xForwardedFor, "203.0.113.1")])
        #expect(request.remoteAddress.host == "203.0.113.1")
    }

    @Test("Where the two fields differ, one is the client's own, and neither is believed")
    func contradiction() {
        let agreed = [(FieldName.forwarded, "for=203.0.113.1"), (.xForwardedFor, "203.0.113.1")]
        #expect(request(from: "10.1.1.1", agreed).remoteAddress.host == "203.0.113.1")
        let differing = [(FieldName.forwarded, "for=198.51.100.9"), (.xForwardedFor, "203.0.113.1")]
        #expect(request(from: "10.1.1.1", differing).remoteAddress.host == "10.1.1.1")
    }

    @Test("Nobody else's word is taken", arguments: ["203.0.113.5", "11.0.0.1", "127.0.0.1", "::2", ""])
    func untrusted(peer: String) {
        let request = request(
            from: peer,
            [
                (.xForwardedFor, "198.51.100.9"), (.forwarded, "for=198.51.100.9;proto=https"),
                (.xForwardedProto, "https"),
            ])
        #expect(request.remoteAddress == SocketAddress(host: peer, port: 9))
        #expect(request.proxyAddress == nil && !request.isSecure)
    }

    @Test(
        "The scheme is that of the step that names the client",
        arguments: [
            ([(FieldName.xForwardedFor, "203.0.113.1"), (.xForwardedProto, "https")], true),
            ([(.xForwardedFor, "203.0.113.1"), (.xForwardedProto, "http")], false),
            ([(.xForwardedFor, "203.0.113.1"), (.xForwardedProto, "https, http")], false),
            ([(.xForwardedFor, "203.0.113.1, 10.2.2.2"), (.xForwardedProto, "https, http")], true),
            ([(.xForwardedFor, "203.0.113.1, 10.2.2.2"), (.xForwardedProto, "HTTPS")], true),
            ([(.xForwardedFor, "203.0.113.1")], false), ([(.xForwardedProto, "https")], true),
            ([(.forwarded, "for=203.0.113.1;proto=https")], true), ([(.forwarded, "for=_x;proto=https")], true),
            ([(.forwarded, "for=203.0.113.1;proto=http, for=10.2.2.2;proto=https")], false),
        ])
    func scheme(fields: [(FieldName, String)], isSecure: Bool) {
        #expect(request(from: "10.1.1.1", fields).isSecure == isSecure)
    }

    @Test(
        "The name that was asked for is that of the step that names the client",
        arguments: [
            (
                [(FieldName.xForwardedFor, "203.0.113.1"), (.xForwardedHost, "video.example:8443")],
                "video.example:8443"
            ),
            ([(.xForwardedFor, "203.0.113.1"), (.xForwardedHost, "evil.example, video.example")], "video.example"),
            ([(.xForwardedFor, "203.0.113.1, 10.2.2.2"), (.xForwardedHost, "video.example, inner")], "video.example"),
            ([(.xForwardedFor, "203.0.113.1, 10.2.2.2"), (.xForwardedHost, "[2001:db8::1]:443")], "[2001:db8::1]:443"),
            ([(.xForwardedFor, "203.0.113.1"), (.xForwardedHost, "video.example/path")], "own"),
            ([(.xForwardedFor, "203.0.113.1"), (.xForwardedHost, "")], "own"),
            ([(.xForwardedFor, "203.0.113.1")], "own"),
            ([(.forwarded, "for=203.0.113.1;host=video.example")], "video.example"),
            ([(.forwarded, "for=203.0.113.1;host=\"video.example:8443\"")], "video.example:8443"),
            ([(.forwarded, "for=203.0.113.1;host=\"a b\"")], "own"), ([(.xForwardedHost, "video.example")], "own"),
        ])
    func host(fields: [(FieldName, String)], host: String) {
        #expect(request(from: "10.1.1.1", fields + [(.host, "own")]).host == host)
        #expect(request(from: "203.0.113.5", fields + [(.host, "own")]).host == "own")
    }

    @Test("Whoever comes by a Unix socket is trusted only where that is said")
    func unixSocket() {
        for (proxies, client) in [
            (TrustedProxies([], includesUnixSockets: true), "203.0.113.1"), (Self.proxies, "unix"),
        ] {
            var request = Request(
                target: "/", headers: [.xForwardedFor: "203.0.113.1"], remoteAddress: .unixSocket)
            proxies.apply(to: &request)
            #expect(request.remoteAddress.host == client)
        }
        #expect(!TrustedProxies([], includesUnixSockets: true).contains(SocketAddress(host: "127.0.0.1", port: 1)))
    }

    @Test("A long list takes no long time and ends somewhere")
    func long() {
        let list = String(repeating: "10.2.2.2,", count: 5_000) + "10.2.2.2"
        #expect(request(from: "10.1.1.1", [(.xForwardedFor, list)]).remoteAddress.host == "10.2.2.2")
        #expect(ForwardedHop.forwarded([.forwarded: String(repeating: "for=,;\"\\\",", count: 999)]) != nil)
    }
}
