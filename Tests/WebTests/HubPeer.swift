import HTTP
import Reactor
import Testing

@testable import TestSupport
@testable import Web

/// A server with a hub whose only route is a WebSocket that joins a topic.
struct HubServer {
    let group: EventLoopGroup
    let server: HTTPServer
    let hub: Hub<String, WebSocketBroadcast>

    /// - Parameter ended: how each conversation ended.
    static func run(
        _ rule: HubRule, _ options: WebSocketOptions = .init(),
        ended: @escaping @Sendable (WebSocketCloseCode?) -> Void = { _ in },
        _ body: (HubServer) async throws -> Void
    ) async throws {
        let group = try EventLoopGroup(count: 2)
        let hub = Hub<String, WebSocketBroadcast>(group, rule: rule)
        var options = options
        // The clients answer nothing, however busy the machine is.
        options.pingInterval = .seconds(600)
        let router = RouterBuilder()
        router.webSocket("/topics/{name}", access: .public, options: options) { socket, context in
            let feed = socket.join(context.parameters["name"] ?? "", of: hub)
            socket.send("joined")
            while let message = await socket.receive() {
                if message == .text("leave") { feed.leave() }
                socket.send(message)
            }
            ended(socket.closeCode)
        }
        let application = try router.build()
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        let server = HTTPServer(listener: listener, connections: ConnectionSet(group)) { request in
            await application.respond(to: request)
        }
        server.start()
        let result: Result<Void, any Error>
        do { result = .success(try await body(HubServer(group: group, server: server, hub: hub))) } catch {
            result = .failure(error)
        }
        await server.stop(patience: .milliseconds(300))
        await group.shutdown()
        try result.get()
    }

    /// Runs `script` with a socket that has joined.
    func join<T: Sendable>(
        _ topic: String = "all", _ script: @escaping @Sendable (HubPeer) async throws -> T
    ) -> Task<T, any Error> {
        let (loop, address) = (group.next(), server.listener.address)
        return Task(executorPreference: loop) {
            let connection = try await Connection.connect(to: address, on: loop)
            defer { connection.close() }
            connection.deadline = loop.now + .seconds(120)
            let peer = HubPeer(connection)
            try await peer.shakeHands(topic)
            return try await script(peer)
        }
    }

    func waitForMembers(_ count: Int, of topic: String = "all") async throws {
        let hub = hub
        try await eventually("\(count) members") { hub.memberCount(of: topic) == count }
    }
}

/// A client that reads frames as they are.
final class HubPeer {
    private let connection: Connection
    private var inbound = ByteBuffer(capacity: 64 << 10)

    init(_ connection: Connection) { self.connection = connection }

    func shakeHands(_ topic: String) async throws {
        try await connection.write(
            Array(
                ("GET /topics/\(topic) HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").utf8))
        var head = ""
        while !head.hasSuffix("\r\n\r\n") { head += String(decoding: try await take(1), as: UTF8.self) }
        #expect(head.hasPrefix("HTTP/1.1 101"))
        #expect(try await next() == "joined")
    }

    /// Masked with zeros.
    func send(_ text: String) async throws {
        try await connection.write([0x81, 0x80 | UInt8(text.utf8.count), 0, 0, 0, 0] + Array(text.utf8))
    }

    /// The payload of a frame, with the code of a Close before its reason.
    func next() async throws -> String {
        let head = try await take(2)
        let extra = head[1] < 126 ? 0 : head[1] == 126 ? 2 : 8
        let count = extra == 0 ? Int(head[1]) : try await take(extra).reduce(0) { $0 << 8 | Int($1) }
        let payload = try await take(count)
        switch head[0] {
        case 0x81: return String(decoding: payload, as: UTF8.self)
        case 0x88:
            let code = payload.prefix(2).reduce(0) { $0 << 8 | Int($1) }
            return "close \(code) \(String(decoding: payload.dropFirst(2), as: UTF8.self))"
        default: throw Broken()
        }
    }

    /// The connection ended, or what came is no frame.
    struct Broken: Error {}

    private func take(_ count: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            if inbound.isEmpty { guard try await connection.read(into: &inbound) > 0 else { throw Broken() } }
            let part = inbound.readableBytes.prefix(count - bytes.count)
            bytes += part
            inbound.consume(part.count)
        }
        return bytes
    }
}
