import Reactor
import Synchronization
import TestSupport
import Testing

@testable import HTTP
@testable import TestSupport

@Suite("WebSocket server")
struct WebSocketServerTests {
    typealias F = ClientFrame

    /// Limits small enough to be reached in a test.
    static func options(_ change: (inout WebSocketOptions) -> Void) -> WebSocketOptions {
        var options = WebSocketOptions()
        change(&options)
        return options
    }

    @Test("a connection is switched over, messages come back, and the peer's Close is answered and ends it")
    func conversation() async throws {
        try await TestServer.webSockets { server in
            try await server.open { peer in
                #expect(peer.head.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
                #expect(
                    peer.head.contains("\r\nConnection: Upgrade\r\n")
                        && peer.head.contains("\r\nUpgrade: websocket\r\n"))
                #expect(peer.head.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
                #expect(!peer.head.contains("Content-Length") && !peer.head.contains("Transfer-Encoding"))
                try await peer.send(F.text("Hello"), F.frame(2, [1, 2, 3]), F.ping("x"), F.close(1000, "done"))
                try await peer.expects("text Hello")
                try await peer.expects("binary #3")
                try await peer.expects("pong x")
                try await peer.expects("close 1000")
                try await peer.expects("end")
            }
        }
    }

    @Test("frames that came with the handshake are not lost")
    func early() async throws {
        try await TestServer.webSockets { server in
            try await server.open(sending: F.text("early") + F.text("bird")) { peer in
                try await peer.expects("text early")
                try await peer.expects("text bird")
            }
        }
    }

    @Test("HTTP/1.0 knows no upgrade, and what asks for none is answered as a request")
    func noUpgrade() async throws {
        try await TestServer.webSockets { server in
            let old = try await server.exchange(SocketPeer.handshake.replacing("HTTP/1.1", with: "HTTP/1.0"))
            #expect(old.hasPrefix("HTTP/1.1 426 Upgrade Required\r\n"))
            let plain = try await server.exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(plain.hasPrefix("HTTP/1.1 426 Upgrade Required\r\n"))
        }
    }

    @Test(
        "a peer that breaks the rules gets the code of its fault and the end",
        arguments: [
            (F.frame(3), "close 1002"), (F.frame(1, [0xFF]), "close 1007"), (F.text("a", reserved: 4), "close 1002"),
            (F.frame(8, [0]), "close 1002"), (F.frame(2, [UInt8](repeating: 0, count: 1001)), "close 1009"),
            (F.frame(1, [65], isMasked: false), "close 1002"),
        ])
    func failing(bytes: [UInt8], answer: String) async throws {
        let code = Mutex<WebSocketCloseCode?>(nil)
        try await TestServer.webSockets(Self.options { $0.messageByteCount = 1000 }) { socket in
            await WebSocket.echo(socket)
            code.withLock { $0 = socket.closeCode }
        } _: { server in
            try await server.open { peer in
                try await peer.send(F.text("before"), bytes, F.text("after"))
                try await peer.expects("text before")
                try await peer.expects(answer)
                try await peer.expects("end")
            }
            #expect(code.withLock { $0.map { "close \($0.rawValue)" } } == answer)
        }
    }

    @Test("7.1: nothing that follows a Close is heard")
    func afterClose() async throws {
        try await TestServer.webSockets { server in
            for rest in [F.close(1000), F.ping("late"), F.text("late"), F.frame(3)] {
                try await server.open { peer in
                    try await peer.send(F.close(1000), rest)
                    try await peer.expects("close 1000")
                    try await peer.expects("end")
                }
            }
        }
    }

    @Test("a handler that returns says 1000, one that fails 1011, one that closes what it wants")
    func handlers() async throws {
        struct Fault: Error {}
        let answers: [(@Sendable (WebSocket) async throws -> Void, String)] = [
            ({ _ in }, "close 1000"), ({ _ in throw Fault() }, "close 1011"),
            ({ $0.close(4001, reason: "event closed") }, "close 4001 event closed"),
        ]
        for (handler, answer) in answers {
            try await TestServer.webSockets(handler: handler) { server in
                try await server.open { peer in
                    try await peer.expects(answer)
                    try await peer.send(F.text("not heard any more"), F.close(1000))
                    try await peer.expects("end")
                }
            }
        }
    }

    @Test("a peer that does not answer a Close is let go")
    func noAnswer() async throws {
        var limits = HTTPServer.Options()
        limits.limits.lingering = .milliseconds(10)
        let options = Self.options { $0.closeTimeout = .milliseconds(10) }
        try await TestServer.webSockets(options, server: limits) { _ in
        } _: { server in
            try await server.open { peer in
                try await peer.expects("close 1000")
                try await peer.expects("end")
            }
        }
    }

    @Test("a silent peer is asked whether it is there, again and again as long as it answers")
    func silence() async throws {
        try await TestServer.webSockets(Self.options { $0.pingInterval = .milliseconds(10) }) { server in
            try await server.open { peer in
                for _ in 0..<2 {
                    try await peer.expects("ping")
                    try await peer.send(F.pong())
                }
                try await peer.expects("ping")
                // Whatever it says, it is there.
                try await peer.send(F.text("here"))
                try await peer.expects("text here")
            }
        }
    }

    @Test("a peer that does not answer is let go")
    func noPong() async throws {
        let code = Mutex<WebSocketCloseCode?>(nil)
        let options = Self.options {
            $0.pingInterval = .milliseconds(10)
            $0.pingTimeout = .milliseconds(10)
        }
        try await TestServer.webSockets(options) { socket in
            await WebSocket.echo(socket)
            code.withLock { $0 = socket.closeCode }
        } _: { server in
            try await server.open { peer in
                try await peer.expects("ping")
                try await peer.expects("end")
            }
            #expect(code.withLock { $0 } == .abnormal)
        }
    }

    @Test("a message that takes too long to come ends the conversation")
    func slowMessage() async throws {
        try await TestServer.webSockets(Self.options { $0.messageTime = .milliseconds(10) }) { server in
            try await server.open { peer in
                try await peer.send(F.text("a"), F.text("b", isFinal: false))
                try await peer.expects("text a")
                // Pings give it no more time.
                var word: String
                repeat {
                    try await peer.send(F.ping())
                    word = try await peer.next()
                } while word == "pong "
                #expect(word == "close 1008")
            }
        }
    }

    @Test("a server that stops says 1001 to everybody and waits for the answers")
    func stopping() async throws {
        try await TestServer.webSockets { server in
            try await server.open { peer in
                try await peer.send(F.text("there"))
                try await peer.expects("text there")
                let cut = Task { await server.server.stop(patience: .seconds(60)) }
                try await peer.expects("close 1001")
                try await peer.send(F.close(1001))
                try await peer.expects("end")
                peer.connection.close()
                #expect(await cut.value == 0)
            }
        }
    }

    @Test("a peer that leaves without a word has left")
    func vanishing() async throws {
        let code = Mutex<WebSocketCloseCode?>(nil)
        try await TestServer.webSockets { socket in
            await WebSocket.echo(socket)
            #expect(!socket.send("too late"))
            await socket.flush()
            code.withLock { $0 = socket.closeCode }
        } _: { server in
            try await server.open { peer in
                try await peer.send(F.text("there"))
                try await peer.expects("text there")
            }
            try await eventually("the server noticed") { code.withLock { $0 == .abnormal } }
            #expect(code.withLock { $0 } == .abnormal)
            try await eventually("the connection is gone") { await server.server.connections.count() == 0 }
        }
    }

    @Test("others of the loop send while one task receives, and a handler can wait until everything has left")
    func sendingBeside() async throws {
        try await TestServer.webSockets { socket in
            await withTaskGroup { group in
                group.addTask {
                    for number in 0..<3 {
                        #expect(socket.send("\(number)"))
                        await socket.flush()
                        #expect(socket.queuedByteCount == 0)
                    }
                }
                #expect(await socket.receive() == .text("done"))
            }
            socket.close(.goingAway)
            #expect(!socket.send("after the Close"))
        } _: { server in
            try await server.open { peer in
                for number in 0..<3 { try await peer.expects("text \(number)") }
                try await peer.send(F.text("done"))
                try await peer.expects("close 1001")
            }
        }
    }

    @Test("a peer that does not read is let go when its queue is full; elsewhere the messages are left out")
    func overflow() async throws {
        let refused = Mutex<[Bool]>([])
        let code = Mutex<WebSocketCloseCode?>(nil)
        let piece = WebSocketMessage.binary([UInt8](repeating: 1, count: 256 << 10))
        for overflow in [WebSocketOptions.Overflow.closes, .drops] {
            let options = Self.options { $0.overflow = overflow }
            let isOver = Mutex(false)
            try await TestServer.webSockets(options) { socket in
                // More than the kernel's buffers and the queue hold together.
                for _ in 0..<200 {
                    refused.withLock { $0.append(!socket.send(piece)) }
                    #expect(socket.queuedByteCount <= options.queuedByteCount + 16)
                    await Task.yield()
                }
                code.withLock { $0 = socket.closeCode }
                isOver.withLock { $0 = true }
            } _: { server in
                try await server.open { _ in
                    try await eventually("everything was offered") { isOver.withLock { $0 } }
                }
            }
            #expect(code.withLock { $0 } == (overflow == .closes ? .abnormal : nil))
            #expect(refused.withLock { $0.contains(true) && $0.first == false })
            refused.withLock { $0 = [] }
        }
    }

    @Test("a flood of pings that nobody reads the answers to ends the connection")
    func pingFlood() async throws {
        let code = Mutex<WebSocketCloseCode?>(nil)
        try await TestServer.webSockets(Self.options { $0.queuedByteCount = 10_000 }) { socket in
            await WebSocket.echo(socket)
            code.withLock { $0 = socket.closeCode }
        } _: { server in
            try await server.open { peer in
                let flood = Array(repeatElement(F.frame(9, [UInt8](repeating: 0, count: 125)), count: 1000).joined())
                do {
                    while code.withLock({ $0 == nil }) { try await peer.send(flood) }
                } catch is ConnectionError {}
            }
            try await eventually("the server gave up") { code.withLock { $0 == .abnormal } }
            #expect(code.withLock { $0 } == .abnormal)
        }
    }

    @Test(
        "a large message and many small ones come back whole, compressed where that was agreed on",
        .timeLimit(.minutes(5)))
    func volume() async throws {
        let options = Self.options {
            $0.messageByteCount = 1 << 20
            $0.queuedByteCount = 2 << 20
        }
        try await TestServer.webSockets(options) { server in
            try await server.open { peer in
                try await peer.send(F.message(2, [UInt8](repeating: 7, count: 1 << 20), by: 1 << 14))
                try await peer.expects("binary #\(1 << 20)")
                try await peer.send(Array((0..<1000).map { F.text("\($0)") }.joined()))
                for number in 0..<1000 { try await peer.expects("text \(number)") }
            }
            try await server.open(offering: "permessage-deflate; client_max_window_bits") { peer in
                #expect(peer.head.contains("permessage-deflate; server_no_context_takeover"))
                let text = WebSocketDeflateTests.text(50_000)
                for _ in 0..<3 {
                    try await peer.send(F.frame(1, text))
                    let (first, payload) = try await peer.frame()
                    #expect(first == 0xC1)
                    let inflater = try #require(Inflater())
                    var inflated: [UInt8] = []
                    try inflater.inflate(payload, into: &inflated, limit: 1 << 20)
                    try inflater.finish(into: &inflated, limit: 1 << 20)
                    #expect(inflated == text)
                }
            }
        }
    }
}
