import Reactor
import Synchronization
import Testing

@testable import HTTP
@testable import TestSupport

@Suite("Connections, counted")
struct ConnectionCountsTests {
    private func sum(_ counts: PerLoop<ConnectionCounts>) async -> ConnectionCounts {
        await counts.values().reduce(into: ConnectionCounts()) { $0 += $1 }
    }

    @Test("By what they speak, while they are open; each is told of once it is over")
    func counted() async throws {
        let group = try EventLoopGroup(count: 2)
        let counts = PerLoop(ConnectionCounts(), in: group)
        let ended = Mutex<[EndedConnection]>([])
        var options = HTTPServer.Options()
        options.counts = counts
        options.ended = { connection in ended.withLock { $0.append(connection) } }
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        let server = HTTPServer(listener: listener, connections: ConnectionSet(group), options: options) { request in
            guard request.path == "/socket" else { return .text("hello") }
            let answer = try? Response.webSocket(request) { socket in while await socket.receive() != nil {} }
            return answer ?? Response(status: .badRequest)
        }
        server.start()
        let test = TestServer(group: group, server: server)
        let plain = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        let text = try await test.exchange(plain + "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        try await eventually("the first is over") { ended.withLock { $0.count == 1 } }
        let first = try #require(ended.withLock { $0.first })
        #expect(first.requestCount == 2 && first.address.host == "127.0.0.1")
        #expect(first.sentByteCount == text.utf8.count && first.receivedByteCount > plain.utf8.count)
        try await test.connect { peer in
            try await peer.send(
                "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            #expect(try await peer.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 101"))
            try await test.connect { other in
                try await other.send(plain)
                _ = try await other.read(until: "hello")
                try await eventually("one of each is open") {
                    let now = await counts.values().reduce(into: ConnectionCounts()) { $0 += $1 }
                    return now.open(.http1) == 1 && now.open(.webSocket) == 1 && now.accepted == 3
                }
            }
        }
        try await eventually("all are over") {
            let now = await sum(counts)
            return now.open(.http1) == 0 && now.open(.webSocket) == 0
        }
        await server.stop(patience: .seconds(60))
        await group.shutdown()
        #expect(ended.withLock { $0.count } == 3)
    }

    @Test("Those that found no place are counted apart")
    func refused() async throws {
        let group = try EventLoopGroup(count: 1)
        let counts = PerLoop(ConnectionCounts(), in: group)
        var options = HTTPServer.Options()
        options.limits.connections = 0
        options.counts = counts
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        let server = HTTPServer(listener: listener, connections: ConnectionSet(group), options: options) { _ in
            .text("hello")
        }
        server.start()
        let text = try await TestServer(group: group, server: server).exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(text.hasPrefix("HTTP/1.1 503"))
        let now = await sum(counts)
        #expect(now.refused(.full) == 1 && now.refused(.handshakes) == 0 && now.accepted == 0)
        await server.stop(patience: .seconds(60))
        await group.shutdown()
    }
}
