import Reactor
import Synchronization
import Testing

@testable import HTTP
@testable import TestSupport

@Suite("PROXY protocol")
struct ProxyHeaderTests {
    static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

    static func binary(_ family: UInt8, _ body: [UInt8], length: Int? = nil, command: UInt8 = 0x21) -> [UInt8] {
        let length = length ?? body.count
        return signature + [command, family, UInt8(length >> 8), UInt8(length & 0xFF)] + body
    }

    static let version4: [UInt8] = [203, 0, 113, 1, 10, 0, 0, 1, 0xB7, 0xA3, 0x01, 0xBB]
    static let version6: [UInt8] =
        [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [7] + [UInt8](repeating: 0, count: 15) + [1]
        + [0, 80, 0, 90]

    /// Reads as a connection does: never more than was asked for.
    static func read(_ bytes: [UInt8], piece: Int = .max) throws -> (header: ProxyHeader, used: Int)? {
        var taken: [UInt8] = []
        while true {
            switch try ProxyHeader.decode(taken) {
            case .complete(let header): return (header, taken.count)
            case .needs(let count):
                #expect(count > 0)
                let next = bytes[taken.count...].prefix(min(count, piece))
                if next.isEmpty { return nil }
                taken += next
            }
        }
    }

    struct Good: Sendable, CustomTestStringConvertible {
        var bytes: [UInt8]
        var client: SocketAddress?
        var isSecure = false
        init(_ bytes: [UInt8], _ host: String?, _ port: Int = 0, isSecure: Bool = false) {
            (self.bytes, self.isSecure) = (bytes, isSecure)
            client = host.map { SocketAddress(host: $0, port: port) }
        }
        init(_ line: String, _ host: String?, _ port: Int = 0) { self.init(Array("\(line)\r\n".utf8), host, port) }
        var testDescription: String { String(decoding: bytes, as: UTF8.self) }
    }

    static let good: [Good] = [
        Good("PROXY TCP4 203.0.113.1 10.0.0.1 47011 443", "203.0.113.1", 47011),
        Good("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535", "255.255.255.255", 65535),
        Good("PROXY TCP6 2001:db8::7 ::1 1 0", "2001:db8::7", 1),
        Good(
            "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535),
        Good("PROXY UNKNOWN", nil), Good("PROXY UNKNOWN ffff::1 whatever 65535", nil),
        Good(binary(0x11, version4), "203.0.113.1", 47011), Good(binary(0x21, version6), "2001:db8::7", 80),
        // The proxy looks whether somebody is there; without an address; a Unix socket.
        Good(binary(0x11, version4, command: 0x20), nil), Good(binary(0x00, [], command: 0x20), nil),
        Good(binary(0x00, [1, 2]), nil),
        Good(binary(0x31, [UInt8](repeating: 0, count: 216)), nil),
        // What is added: nothing of interest, TLS spoken, TLS not spoken, the last of several.
        Good(binary(0x11, version4 + [0x04, 0, 1, 9]), "203.0.113.1", 47011),
        Good(binary(0x11, version4 + [0x20, 0, 5, 1, 0, 0, 0, 0]), "203.0.113.1", 47011, isSecure: true),
        Good(binary(0x11, version4 + [0x20, 0, 5, 6, 0, 0, 0, 0]), "203.0.113.1", 47011),
        Good(
            binary(0x11, version4 + [0x01, 0, 2, 104, 50, 0x20, 0, 5, 7, 0, 0, 0, 0]), "203.0.113.1", 47011,
            isSecure: true),
    ]

    @Test("Both versions are read, and not a byte of what follows", arguments: good, [1, 3, Int.max])
    func reads(good: Good, piece: Int) throws {
        let found = try #require(try Self.read(good.bytes + Array("GET / HTTP/1.1".utf8), piece: piece))
        #expect(found.used == good.bytes.count)
        #expect(found.header == ProxyHeader(client: good.client, isSecure: good.isSecure))
    }

    @Test("A header that is cut anywhere is not whole", arguments: good)
    func cut(good: Good) throws {
        for count in 0..<good.bytes.count { #expect(try Self.read(Array(good.bytes.prefix(count))) == nil) }
    }

    static let bad: [[UInt8]] =
        [
            "GET / HTTP/1.1\r\n\r\n", "PROXY\r\n                 ", "PROXY \r\n                ",
            "PROXYTCP4 1.1.1.1 1.1.1.1 1 1\r\n",
            "PROXY TCP4 203.0.113.1 10.0.0.1 47011\r\n", "PROXY TCP4 203.0.113.1 10.0.0.1 47011 443 9\r\n",
            "PROXY TCP4 203.0.113.1  10.0.0.1 47011 443\r\n", "PROXY TCP4 203.0.113.1 10.0.0.1 47011 443\n",
            "PROXY TCP4 ::1 10.0.0.1 47011 443\r\n", "PROXY TCP6 203.0.113.1 ::1 47011 443\r\n",
            "PROXY TCP4 203.0.113.256 10.0.0.1 47011 443\r\n", "PROXY TCP4 203.0.113.1 10.0.0.1 65536 443\r\n",
            "PROXY TCP4 203.0.113.1 10.0.0.1 047 443\r\n", "PROXY TCP4 203.0.113.1 10.0.0.1 +47 443\r\n",
            "PROXY UDP4 203.0.113.1 10.0.0.1 47011 443\r\n", "proxy TCP4 203.0.113.1 10.0.0.1 47011 443\r\n",
            "PROXY UNKNOWN" + String(repeating: "x", count: 100) + "\r\n",
        ].map { Array($0.utf8) } + [
            binary(0x11, version4, command: 0x11), binary(0x11, version4, command: 0x31),
            binary(0x11, version4, command: 0x22),
            binary(0x12, version4), binary(0x22, version6), binary(0x41, version4),
            binary(0x11, Array(version4.dropLast())),
            binary(0x21, version4), binary(0x11, [], length: 4097), binary(0x11, version4 + [0x20, 0, 5, 1]),
            binary(0x11, version4 + [0x20, 0]), binary(0x11, version4 + [0x20, 0, 1, 1]),
        ]

    @Test("Anything else is refused, within the longest header", arguments: bad)
    func refuses(bytes: [UInt8]) {
        #expect(throws: ProxyHeader.Malformed.self) {
            _ = try Self.read(bytes + [UInt8](repeating: 0x20, count: 200))
        }
    }

    private static func options(proxies: [String], perAddress: Int = 1000) -> HTTPServer.Options {
        var options = HTTPServer.Options()
        options.trustedProxies = TrustedProxies(proxies.compactMap(IPNetwork.init))
        options.readsProxyHeaders = true
        options.limits.connectionsPerAddress = perAddress
        return options
    }

    private static func who(_ request: Request) -> Response {
        .text("\(request.remoteAddress.host) \(request.proxyAddress?.host ?? "-") \(request.isSecure)")
    }

    private static let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    @Test("The client stands in the place of a trusted proxy for all requests of the connection")
    func served() async throws {
        try await TestServer.run(options: Self.options(proxies: ["127.0.0.1"]), handler: { Self.who($0) }) { server in
            let first = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
            let text = try await server.exchange("PROXY TCP4 203.0.113.1 10.0.0.1 9 80\r\n" + first + Self.request)
            #expect(text.split(separator: "203.0.113.1 127.0.0.1 false").count == 2)
            let secure = Self.binary(0x21, Self.version6 + [0x20, 0, 5, 1, 0, 0, 0, 0])
            let answer = try await server.connect { peer in
                try await peer.connection.write(secure + Array(Self.request.utf8))
                return try await peer.readToEnd()
            }
            #expect(answer.hasSuffix("2001:db8::7 127.0.0.1 true"))
            #expect(try await server.exchange("PROXY UNKNOWN\r\n" + Self.request).hasSuffix("127.0.0.1 - false"))
        }
    }

    @Test("A proxy without the header, and one that stops in it, is not served")
    func without() async throws {
        let refused = Mutex(0)
        var options = Self.options(proxies: ["127.0.0.1"])
        options.refused = { _, _ in refused.withLock { $0 += 1 } }
        try await TestServer.run(options: options, handler: { Self.who($0) }) { server in
            // Closed with bytes in it that nobody read, the connection is reset.
            await #expect(throws: ConnectionError.self) { try await server.exchange(Self.request) }
            try await server.connect { peer in
                try await peer.send("PROXY TCP4 1.1.1.1")
                peer.connection.shutdownWrite()
                #expect(try await peer.readToEnd().isEmpty)
            }
            #expect(refused.withLock { $0 } == 2)
        }
    }

    @Test("A server that stops does not wait for headers")
    func stopping() async throws {
        try await TestServer.run(options: Self.options(proxies: ["127.0.0.1"]), handler: { Self.who($0) }) { server in
            try await server.connect { peer in
                try await peer.send("PROXY ")
                try await eventually("the connection is there") { await server.server.connections.count() == 1 }
                #expect(await server.server.stop(patience: .seconds(100)) == 0)
            }
        }
    }

    @Test("From anybody else the header is no header, but a malformed request")
    func untrusted() async throws {
        try await TestServer.run(options: Self.options(proxies: ["10.0.0.1"]), handler: { Self.who($0) }) { server in
            let text = try await server.exchange("PROXY TCP4 203.0.113.1 10.0.0.1 9 80\r\n" + Self.request)
            #expect(text.hasPrefix("HTTP/1.1 400"))
            #expect(try await server.exchange(Self.request).hasSuffix("127.0.0.1 - false"))
        }
    }

    @Test("Connections behind the proxy count as their clients'")
    func counted() async throws {
        let options = Self.options(proxies: ["127.0.0.1"], perAddress: 1)
        try await TestServer.run(options: options, handler: { Self.who($0) }) { server in
            try await server.connect { peer in
                try await peer.send("PROXY TCP4 203.0.113.1 10.0.0.1 9 80\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await peer.read(until: "false").contains("203.0.113.1"))
                let same = try await server.exchange("PROXY TCP4 203.0.113.1 10.0.0.1 9 80\r\n" + Self.request)
                #expect(same.hasPrefix("HTTP/1.1 503"))
                let other = try await server.exchange("PROXY TCP4 203.0.113.2 10.0.0.1 9 80\r\n" + Self.request)
                #expect(other.hasPrefix("HTTP/1.1 200"))
            }
        }
    }
}
