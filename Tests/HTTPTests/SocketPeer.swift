import Reactor
import Testing

@testable import HTTP

extension WebSocket {
    /// Says everything again.
    static func echo(_ socket: WebSocket) async {
        while let message = await socket.receive() { socket.send(message) }
    }
}

extension TestServer {
    /// However slow the machine is, no ping comes between what a test expects.
    static var quiet: WebSocketOptions {
        var options = WebSocketOptions()
        options.pingInterval = .seconds(600)
        return options
    }

    /// A server whose every path is a WebSocket.
    static func webSockets(
        _ options: WebSocketOptions = quiet, server: HTTPServer.Options = .init(),
        handler: @escaping @Sendable (WebSocket) async throws -> Void = WebSocket.echo,
        _ body: (TestServer) async throws -> Void
    ) async throws {
        let respond: HTTPServer.Handler = { request in
            do { return try Response.webSocket(request, options: options, handler) } catch {
                return Response(status: .upgradeRequired)
            }
        }
        try await run(options: server, handler: respond, body)
    }

    /// Shakes hands and runs `script` with the open socket.
    func open<T: Sendable>(
        offering offer: String? = nil, sending early: [UInt8] = [],
        _ script: @escaping @Sendable (SocketPeer) async throws -> T
    ) async throws -> T {
        try await connect { peer in
            let offer = offer.map { "Sec-WebSocket-Extensions: \($0)\r\n" } ?? ""
            let head = SocketPeer.handshake.dropLast() + offer + "\r\n"
            try await peer.connection.write(Array(head.utf8) + early)
            let socket = SocketPeer(peer.connection)
            try await socket.readHead()
            return try await script(socket)
        }
    }
}

/// A client of a WebSocket that can also say what no client should.
final class SocketPeer {
    static let handshake =
        "GET /socket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

    let connection: Connection
    private(set) var head = ""
    private var inbound = ByteBuffer(capacity: 64 << 10)

    init(_ connection: Connection) { self.connection = connection }

    func send(_ frames: [UInt8]...) async throws { try await connection.write(frames.flatMap { $0 }) }

    /// Of the answer `101 Switching Protocols`.
    func readHead() async throws {
        while !head.hasSuffix("\r\n\r\n") { head += String(decoding: try await take(1), as: UTF8.self) }
    }

    /// The next frame in words: `text Hello`, `binary #5`, `ping`, `close 1000`; `end` when the server has closed.
    func next() async throws -> String {
        let (first, payload): (UInt8, [UInt8])
        do { (first, payload) = try await frame() } catch is End { return "end" }
        let text = String(decoding: payload, as: UTF8.self)
        switch first {
        case 0x81: return payload.count > 60 ? "text #\(payload.count)" : "text \(text)"
        case 0xC1: return "compressed"
        case 0x82: return "binary #\(payload.count)"
        case 0x88 where payload.count >= 2:
            let code = Int(payload[0]) << 8 | Int(payload[1])
            return payload.count == 2 ? "close \(code)" : "close \(code) \(text.dropFirst(2))"
        case 0x88: return "close"
        case 0x89: return "ping"
        case 0x8A: return "pong \(text)"
        default: return "frame \(first)"
        }
    }

    /// The next frame is this one.
    func expects(_ words: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let next = try await next()
        #expect(next == words, sourceLocation: sourceLocation)
    }

    func frame() async throws -> (first: UInt8, payload: [UInt8]) {
        let head = try await take(2)
        var count = Int(head[1])
        if count == 126 { count = try await take(2).reduce(0) { $0 << 8 | Int($1) } }
        if count == 127 { count = try await take(8).reduce(0) { $0 << 8 | Int($1) } }
        return (head[0], try await take(count))
    }

    struct End: Error {}

    private func take(_ count: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            if inbound.isEmpty {
                do { guard try await connection.read(into: &inbound) > 0 else { throw End() } } catch is ConnectionError
                { throw End() }
            }
            let part = inbound.readableBytes.prefix(count - bytes.count)
            bytes += part
            inbound.consume(part.count)
        }
        return bytes
    }
}
