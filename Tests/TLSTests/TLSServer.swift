import HTTP
import Reactor
import TLS

@testable import TestSupport

/// An HTTPS server on a port of its own, and `openssl s_client` to talk to it.
struct TLSServer {
    let group: EventLoopGroup
    let server: HTTPServer
    let authority: TestAuthority

    var address: String { "127.0.0.1:\(server.port)" }

    static func run(
        _ authority: TestAuthority, loops: Int = 2, options: HTTPServer.Options = .init(),
        context: @escaping @Sendable () -> TLSContext, handler: @escaping HTTPServer.Handler,
        _ body: (TLSServer) async throws -> Void
    ) async throws {
        let group = try EventLoopGroup(count: loops)
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        var options = options
        options.tls = context
        let server = HTTPServer(
            listener: listener, connections: ConnectionSet(group), options: options, handler: handler)
        server.start()
        let result: Result<Void, any Error>
        do { result = .success(try await body(TLSServer(group: group, server: server, authority: authority))) } catch {
            result = .failure(error)
        }
        await server.stop(patience: .milliseconds(300))
        await group.shutdown()
        try result.get()
    }

    static let request = "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"

    /// What `s_client` tells of the connection, and what the server answered.
    func ask(_ arguments: String..., request: String = TLSServer.request) async throws -> String {
        try await authority.run(
            ["s_client", "-connect", address, "-CAfile", authority.path, "-ign_eof"] + arguments, input: request,
            mayFail: true)
    }

    /// Sends the bytes and reads until the server closes.
    func exchange(_ bytes: [UInt8]) async throws -> [UInt8] {
        try await authority.bytes(
            ["s_client", "-connect", address, "-CAfile", authority.path, "-quiet"], input: bytes)
    }

    /// Runs `script` with a connection that speaks no TLS by itself.
    func connect<T: Sendable>(_ script: @escaping @Sendable (Connection) async throws -> T) async throws -> T {
        let (loop, address) = (group.next(), server.listener.address)
        return try await Task(executorPreference: loop) {
            let connection = try await Connection.connect(to: address, on: loop)
            defer { connection.close() }
            connection.deadline = loop.now + .seconds(120)
            return try await script(connection)
        }.value
    }
}

extension Connection {
    func readToEnd() async throws -> String {
        var buffer = ByteBuffer(capacity: 16 << 10)
        var all: [UInt8] = []
        while try await read(into: &buffer) > 0 {
            all += buffer.readableBytes
            buffer.removeAll()
        }
        return String(decoding: all, as: UTF8.self)
    }
}
