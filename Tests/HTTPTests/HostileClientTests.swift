import Reactor
import Synchronization
import Testing

@testable import HTTP
@testable import TestSupport

@Suite("Hostile clients")
struct HostileClientTests {
    /// Limits small enough to be reached in a test.
    static func options(_ change: (inout ServerLimits) -> Void = { _ in }) -> HTTPServer.Options {
        var options = HTTPServer.Options()
        options.limits.lingering = .milliseconds(300)
        change(&options.limits)
        return options
    }

    @Test(
        "a request that is none gets its status and the end of the connection",
        arguments: [
            ("GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", "400 Bad Request"),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400 Bad Request"),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", "400 Bad Request"),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /b HTTP/1.1\r\n",
                "400 Bad Request"
            ),
            ("GET /" + String(repeating: "a", count: 9000) + " HTTP/1.1\r\nHost: a\r\n\r\n", "414 URI Too Long"),
            (
                "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "a", count: 20_000) + "\r\n\r\n",
                "431 Request Header Fields Too Large"
            ),
            (
                "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: a\r\n", count: 101) + "\r\n",
                "431 Request Header Fields Too Large"
            ),
            ("GET / HTTP/3.0\r\nHost: a\r\n\r\n", "505 HTTP Version Not Supported"),
        ])
    func refused(text: String, status: String) async throws {
        let count = Mutex(0)
        let handler: HTTPServer.Handler = { _ in
            count.withLock { $0 += 1 }
            return .text("ok")
        }
        try await TestServer.run(options: Self.options(), handler: handler) { server in
            let answer = try await server.exchange(text)
            #expect(answer.hasPrefix("HTTP/1.1 \(status)\r\n"))
            #expect(answer.contains("Connection: close\r\n"))
            #expect(answer.contains("application/problem+json"))
            #expect(count.withLock { $0 } == 0)
        }
    }

    @Test("what follows a broken body is never taken for a request")
    func smuggledBehindBrokenChunk() async throws {
        let targets = Mutex<[String]>([])
        let handler: HTTPServer.Handler = { request in
            targets.withLock { $0.append(request.target) }
            do { return .text("\(try await request.body.collect().count)") } catch {
                return Response(status: (error as? RequestBodyError)?.status ?? .internalServerError)
            }
        }
        try await TestServer.run(options: Self.options(), handler: handler) { server in
            let answer = try await server.exchange(
                "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n"
                    + "GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 400 "))
            #expect(targets.withLock { $0 } == ["/a"])
        }
    }

    @Test("a head that is not complete in time is answered with 408")
    func slowHead() async throws {
        try await TestServer.run(
            options: Self.options { $0.headTimeout = .milliseconds(200) }, handler: { _ in .noContent }
        ) {
            let answer = try await $0.exchange("GET / HTTP/1.1\r\nHos")
            #expect(answer.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        }
    }

    @Test("a connection that asks nothing ends without a word")
    func idle() async throws {
        try await TestServer.run(
            options: Self.options { $0.idleTimeout = .milliseconds(200) }, handler: { _ in .noContent }
        ) {
            #expect(try await $0.exchange("") == "")
            let answer = try await $0.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 204 No Content\r\n"))
            #expect(answer.hasSuffix("\r\n\r\n"))
        }
    }

    @Test("a body that stands still is cut with 408")
    func slowBody() async throws {
        let options = Self.options {
            $0.bodyGrace = .milliseconds(200)
            $0.bodyBytesPerSecond = 1000
        }
        let handler: HTTPServer.Handler = { request in
            do { return .text("\(try await request.body.collect().count)") } catch {
                return Response(status: (error as? RequestBodyError)?.status ?? .internalServerError)
            }
        }
        try await TestServer.run(options: options, handler: handler) { server in
            let answer = try await server.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
            #expect(answer.hasPrefix("HTTP/1.1 408 "))
            #expect(answer.contains("Connection: close\r\n"))
        }
    }

    @Test("a body over the limit is cut where the limit is, announced or not")
    func bodyLimit() async throws {
        let handler: HTTPServer.Handler = { request in
            var body = request.body
            body.limit = 10
            do { return .text("\(try await body.collect().count)") } catch {
                return Response(status: (error as? RequestBodyError)?.status ?? .internalServerError)
            }
        }
        try await TestServer.run(options: Self.options(), handler: handler) { server in
            let head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            let exact = try await server.exchange(head + "Content-Length: 10\r\n\r\n0123456789")
            #expect(exact.hasSuffix("\r\n10"))
            let announced = try await server.exchange(head + "Content-Length: 11\r\n\r\n01234567890")
            #expect(announced.hasPrefix("HTTP/1.1 413 "))
            let chunked = try await server.exchange(
                head + "Transfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n")
            #expect(chunked.hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test("a peer that leaves in the middle of a body leaves an error, not a short body")
    func truncatedBody() async throws {
        let outcomes = Mutex<[String]>([])
        let handler: HTTPServer.Handler = { request in
            do { outcomes.withLock { [count = try await request.body.collect().count] in $0.append("\(count)") } } catch
            {
                outcomes.withLock { $0.append("\(error)") }
            }
            return .noContent
        }
        try await TestServer.run(options: Self.options(), handler: handler) { server in
            _ = try await server.connect { peer in
                try await peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
                peer.connection.shutdownWrite()
                return try await peer.readToEnd()
            }
            #expect(outcomes.withLock { $0 } == ["disconnected"])
        }
    }

    @Test("connections over the limit of an address get 503")
    func connectionLimit() async throws {
        let options = Self.options { $0.connectionsPerAddress = 2 }
        try await TestServer.run(options: options, handler: { _ in .text("ok") }) { server in
            let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
            try await server.connect { first in
                try await first.send(request)
                _ = try await first.read(until: "ok")
                try await server.connect { second in
                    try await second.send(request)
                    _ = try await second.read(until: "ok")
                    let third = try await server.exchange("")
                    #expect(third.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
                }
            }
        }
    }

    @Test("the addresses of one /64 are one peer; IPv4 hosts are each their own")
    func connectionsOfOneNetwork() {
        var limits = ServerLimits()
        limits.connectionsPerAddress = 2
        let census = ConnectionCensus(limits: limits)
        func enter(_ host: String) -> Bool { census.enter(SocketAddress(host: host, port: 1).network) }
        #expect(enter("2001:db8::1") && enter("2001:db8::2") && !enter("2001:db8::3"))
        #expect(enter("2001:db8:0:1::1") && enter("192.0.2.1") && enter("192.0.2.2"))
        census.leave(SocketAddress(host: "2001:db8::9", port: 1).network)
        #expect(enter("2001:db8::3"))
    }

    @Test("where places are short, whoever asks for nothing makes room, first those with the most connections")
    func crowd() {
        var limits = ServerLimits()
        limits.connections = 64
        let census = ConnectionCensus(limits: limits)
        func network(_ host: String) -> IPNetwork { SocketAddress(host: host, port: 1).network }
        let (start, many, some, few) = (
            MonotonicTime.now, network("192.0.2.1"), network("192.0.2.2"), network("192.0.2.3")
        )
        for _ in 0..<36 { #expect(census.enter(many)) }
        for _ in 0..<20 { #expect(census.enter(some)) }
        for _ in 0..<3 { #expect(census.enter(few)) }
        #expect(census.crowd(at: start) == nil)
        #expect(census.enter(nil))
        let crowd = census.crowd(at: start)
        #expect(crowd?.networks == [many, some] && crowd?.count == 4)
        // Those who are asked to leave need a moment.
        #expect(census.crowd(at: start + .milliseconds(9)) == nil)
        #expect(census.crowd(at: start + .milliseconds(10)) != nil)
        census.leave(many)
        #expect(census.crowd(at: start + .seconds(1)) == nil)
    }

    @Test("until room is made, the last places are for others than those who take the most")
    func lastPlaces() {
        var limits = ServerLimits()
        limits.connections = 64
        let census = ConnectionCensus(limits: limits)
        func network(_ host: String) -> IPNetwork { SocketAddress(host: host, port: 1).network }
        let (many, some, few) = (network("192.0.2.1"), network("192.0.2.2"), network("192.0.2.3"))
        for _ in 0..<40 { #expect(census.enter(many)) }
        for _ in 0..<20 { #expect(census.enter(some)) }
        #expect(census.crowd(at: .now) != nil)
        // Half of what is kept free.
        #expect(census.enter(many) && census.enter(some))
        #expect(!census.enter(many) && !census.enter(some))
        #expect(census.enter(few) && census.enter(nil))
        #expect(!census.enter(few) && !census.enter(nil))
        for _ in 0..<2 { census.leave(many) }
        #expect(!census.enter(many) && census.enter(few))
        for _ in 0..<2 { census.leave(some) }
        #expect(census.enter(many))
    }

    @Test("a newcomer finds a place where others wait, and who is being served keeps theirs")
    func room() async throws {
        let options = Self.options {
            $0.connections = 4
            ($0.idleTimeout, $0.headTimeout) = (.seconds(600), .seconds(600))
        }
        let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
        let (orders, leave) = AsyncStream.makeStream(of: Void.self)
        let handler: HTTPServer.Handler = { request in
            guard request.target == "/long" else { return .text("ok") }
            arrived.yield()
            for await _ in orders { break }
            return .text("long")
        }
        let request = "GET / HTTP/1.1\r\nHost: a\r\n"
        /// Takes so many places: each asks once and then nothing more, or nothing whole.
        @Sendable func hold(
            _ count: Int, at server: TestServer, _ body: @escaping @Sendable () async throws -> Void
        ) async throws {
            guard count > 0 else { return try await body() }
            try await server.connect { peer in
                try await peer.send(request + "\r\n")
                _ = try await peer.read(until: "ok")
                if count == 2 { try await peer.send(request) }
                try await hold(count - 1, at: server, body)
            }
        }
        try await TestServer.run(options: options, handler: handler) { server in
            let busy = Task {
                try await server.exchange("GET /long HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            }
            for await _ in arrivals { break }
            try await hold(3, at: server) {
                try await eventually("there is room") {
                    try await server.exchange(request + "Connection: close\r\n\r\n").hasSuffix("\r\n\r\nok")
                }
            }
            leave.yield()
            let answer = try await busy.value
            #expect(answer.hasSuffix("long"))
        }
    }

    @Test("connections of a trusted proxy are many people's, and counted among all only")
    func proxyConnections() async throws {
        var options = Self.options {
            $0.connectionsPerAddress = 1
            $0.connections = 2
        }
        options.trustedProxies = TrustedProxies(["127.0.0.0/8"].compactMap(IPNetwork.init))
        try await TestServer.run(options: options, handler: { _ in .text("ok") }) { server in
            let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
            try await server.connect { first in
                try await first.send(request)
                _ = try await first.read(until: "ok")
                try await server.connect { second in
                    try await second.send(request)
                    #expect(try await second.read(until: "ok").hasSuffix("ok"))
                    let third = try await server.exchange("")
                    #expect(third.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
                }
            }
        }
    }

    @Test("what a stopping server cuts is cancelled and waited for", arguments: [false, true])
    func cut(speaksHTTP2: Bool) async throws {
        let begun = AsyncStream<Void>.makeStream()
        let isTidy = Mutex(false)
        try await TestServer.run(handler: { _ in
            begun.continuation.yield()
            for await _ in AsyncStream<Void>.makeStream().stream {}
            // To tidy up takes some turns of the loop.
            for _ in 0..<100 { await Task.yield() }
            isTidy.withLock { $0 = Task.isCancelled }
            return .noContent
        }) { server in
            let talk = Task {
                if speaksHTTP2 {
                    try await server.speakHTTP2 { peer in
                        try await peer.send(HTTP2Frame.headers(1, HTTP2Frame.request()))
                        try await peer.reads("end")
                    }
                } else {
                    _ = try await server.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                }
            }
            for await _ in begun.stream { break }
            #expect(await server.server.stop(patience: .zero) == 1)
            #expect(isTidy.withLock { $0 })
            #expect(await server.server.connections.count() == 0)
            _ = await talk.result
        }
    }

    @Test("stopping lets a request finish and ends idle connections")
    func gracefulStop() async throws {
        let group = try EventLoopGroup(count: 1)
        let started = AsyncStream<Void>.makeStream()
        let finish = AsyncStream<Void>.makeStream()
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        let server = HTTPServer(listener: listener, connections: ConnectionSet(group)) { _ in
            started.continuation.yield()
            for await _ in finish.stream { break }
            return .text("finished")
        }
        server.start()
        let peers = try EventLoopGroup(count: 1)
        let test = TestServer(group: peers, server: server)
        async let idle = test.exchange("")
        async let busy = test.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        for await _ in started.stream { break }
        async let cut = server.stop(patience: .seconds(120))
        let quiet = try await idle
        #expect(quiet == "")
        finish.continuation.yield()
        let answer = try await busy
        #expect(answer.contains("Connection: close\r\n"))
        #expect(answer.hasSuffix("finished"))
        let left = await cut
        #expect(left == 0)
        await group.shutdown()
        await peers.shutdown()
    }
}
