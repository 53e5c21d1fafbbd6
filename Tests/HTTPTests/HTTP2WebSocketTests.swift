import Reactor
import Synchronization
import Testing

@testable import HTTP

@Suite("WebSockets over HTTP/2 (RFC 8441)")
struct HTTP2WebSocketTests {
    typealias F = ClientFrame

    private static func connect(_ stream: Int = 1, protocol name: String = "websocket") -> [UInt8] {
        HTTP2Frame.headers(
            stream,
            HTTP2Frame.fields([
                (":method", "CONNECT"), (":protocol", name), (":scheme", "http"), (":path", "/socket"),
                (":authority", "a"), ("sec-websocket-version", "13"),
            ]), ends: false)
    }

    /// Reads until so many bytes have come on the stream.
    private static func bytes(_ count: Int, from peer: HTTP2Peer, on stream: Int = 1) async throws -> [UInt8] {
        while peer.bodies[stream, default: []].count < count {
            let next = try await peer.next()
            if next == "end" || next.hasPrefix("RST_STREAM \(stream) ") {
                Issue.record("\(next) after \(peer.bodies[stream, default: []].count) bytes")
                break
            }
        }
        return peer.bodies[stream, default: []]
    }

    @Test("a stream becomes a socket beside other requests, and its Close ends it")
    func conversation() async throws {
        try await TestServer.webSockets { server in
            try await server.speakHTTP2 { peer in
                try await peer.send(Self.connect())
                try await peer.reads("HEADERS 1 200")
                #expect(peer.settings[8] == 1)
                try await peer.send(
                    HTTP2Frame.data(1, F.text("Hel", isFinal: false)), HTTP2Frame.data(1, F.more("lo", isFinal: true)))
                #expect(try await Self.bytes(7, from: peer) == [0x81, 5] + Array("Hello".utf8))
                try await peer.send(HTTP2Frame.headers(3, HTTP2Frame.request()))
                #expect(try await peer.answer(3).0 == "426")
                try await peer.send(HTTP2Frame.data(1, F.close(1000)))
                #expect(try await Self.bytes(11, from: peer).suffix(4) == [0x88, 2, 0x03, 0xE8])
                try await peer.send(HTTP2Frame.ping())
                let before = try await peer.reads("PING ack 12345678")
                #expect(before.allSatisfy { !$0.contains("CANCEL") })
            }
        }
    }

    @Test("large messages go both ways within the windows")
    func large() async throws {
        let message = [UInt8](repeating: 7, count: 700_000)
        try await TestServer.webSockets { server in
            try await server.speakHTTP2 { peer in
                peer.givesWindow = true
                try await peer.send(Self.connect())
                try await peer.reads("HEADERS 1 200")
                try await peer.upload(F.frame(2, message), on: 1, ends: false)
                let answer = try await Self.bytes(message.count + 10, from: peer)
                #expect(answer.count == message.count + 10)
                #expect(Array(answer.dropFirst(10)) == message)
            }
        }
    }

    @Test("a reset stream and a lost connection end the conversation", arguments: ["reset", "closed"])
    func lost(_ how: String) async throws {
        let ended = AsyncStream<WebSocketCloseCode?>.makeStream()
        try await TestServer.webSockets(handler: { socket in
            socket.send("here")
            while await socket.receive() != nil {}
            ended.continuation.yield(socket.closeCode)
        }) { server in
            try await server.speakHTTP2 { peer in
                try await peer.send(Self.connect())
                _ = try await Self.bytes(6, from: peer)
                if how == "reset" {
                    try await peer.send(HTTP2Frame.reset(1), HTTP2Frame.ping())
                    try await peer.reads("PING ack 12345678")
                }
            }
            for await code in ended.stream {
                #expect(code == .abnormal)
                break
            }
        }
    }

    @Test("a server that stops says goodbye in the socket's words")
    func stopping() async throws {
        try await TestServer.webSockets { server in
            try await server.speakHTTP2 { peer in
                try await peer.send(Self.connect())
                try await peer.reads("HEADERS 1 200")
                async let cut = server.server.stop(patience: .seconds(30))
                #expect(try await Self.bytes(4, from: peer).prefix(4) == [0x88, 2, 0x03, 0xE9])
                try await peer.send(HTTP2Frame.data(1, F.close(1001)))
                try await peer.reads("end")
                #expect(await cut == 0)
            }
        }
    }

    @Test("a silent peer is asked and given up, on its stream only")
    func silent() async throws {
        let options = WebSocketServerTests.options {
            $0.pingInterval = .milliseconds(300)
            $0.pingTimeout = .milliseconds(300)
        }
        try await TestServer.webSockets(options) { server in
            try await server.speakHTTP2 { peer in
                try await peer.send(Self.connect())
                #expect(try await Self.bytes(2, from: peer) == [0x89, 0])
                try await peer.reads("RST_STREAM 1 CANCEL")
                try await peer.send(HTTP2Frame.headers(3, HTTP2Frame.request()))
                #expect(try await peer.answer(3).0 == "426")
            }
        }
    }

    @Test("another protocol is not known, and a route may refuse")
    func refused() async throws {
        try await TestServer.run(handler: { _ in .text("no", status: .forbidden) }) { server in
            try await server.speakHTTP2 { peer in
                try await peer.send(Self.connect(protocol: "connect-udp"))
                #expect(try await peer.answer(1).0 == "501")
                try await peer.send(Self.connect(3))
                #expect(try await peer.answer(3).0 == "403")
            }
        }
    }
}
