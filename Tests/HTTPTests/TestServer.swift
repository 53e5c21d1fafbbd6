import Reactor

@testable import HTTP

/// A server on a port of its own and peers that speak raw bytes to it.
struct TestServer {
    let group: EventLoopGroup
    let server: HTTPServer

    static func run(
        loops: Int = 2, options: HTTPServer.Options = .init(), handler: @escaping HTTPServer.Handler,
        _ body: (TestServer) async throws -> Void
    ) async throws {
        try await run(
            loops: loops, options: options, answer: { request, _ in { [request] in await handler(request) } }, body)
    }

    static func run(
        loops: Int = 2, options: HTTPServer.Options = .init(),
        answer: @escaping HTTPServer.Answer, _ body: (TestServer) async throws -> Void
    ) async throws {
        let group = try EventLoopGroup(count: loops)
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        let server = HTTPServer(
            listener: listener, connections: ConnectionSet(group), options: options,
            responder: ResponderByClosure(answer))
        server.start()
        let result: Result<Void, any Error>
        do { result = .success(try await body(TestServer(group: group, server: server))) } catch {
            result = .failure(error)
        }
        await server.stop(patience: .milliseconds(300))
        await group.shutdown()
        try result.get()
    }

    /// Runs `script` with a fresh connection, on a loop.
    func connect<T: Sendable>(_ script: @escaping @Sendable (Peer) async throws -> T) async throws -> T {
        let loop = group.next()
        let address = server.listener.address
        return try await Task(executorPreference: loop) {
            let connection = try await Connection.connect(to: address, on: loop)
            defer { connection.close() }
            connection.deadline = loop.now + .seconds(120)
            return try await script(Peer(connection))
        }.value
    }

    /// Sends the text and reads until the server closes.
    func exchange(_ text: String) async throws -> String {
        try await connect { peer in
            try await peer.send(text)
            return try await peer.readToEnd()
        }
    }
}

/// The other end of a connection under test.
final class Peer {
    let connection: Connection
    private var buffer = ByteBuffer(capacity: 256 << 10)

    init(_ connection: Connection) { self.connection = connection }

    func send(_ text: String) async throws { try await connection.write(Array(text.utf8)) }

    func readToEnd() async throws -> String {
        var all: [UInt8] = []
        while try await connection.read(into: &buffer) > 0 {
            all += buffer.readableBytes
            buffer.removeAll()
        }
        return String(decoding: all, as: UTF8.self)
    }

    /// Reads until what came ends with `ending`.
    func read(until ending: String) async throws -> String {
        var all: [UInt8] = []
        while !all.reversed().starts(with: ending.utf8.reversed()) {
            buffer.removeAll()
            guard try await connection.read(into: &buffer) > 0 else { break }
            all += buffer.readableBytes
        }
        return String(decoding: all, as: UTF8.self)
    }
}
