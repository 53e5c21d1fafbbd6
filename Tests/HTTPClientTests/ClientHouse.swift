import Reactor
import Synchronization
import Testing

@testable import HTTP
@testable import HTTPClient

/// A client, and servers on ports of their own that it may ask.
struct ClientHouse {
    let group: EventLoopGroup
    /// Of all its servers.
    let connections: ConnectionSet
    let client: HTTPClient

    static func run(
        allowing networks: [String] = ["127.0.0.1"], resolving names: [String] = [], authorities: String? = nil,
        proxy: String? = nil, connectionsPerHost: Int? = nil, _ body: (ClientHouse) async throws -> Void
    ) async throws {
        let group = try EventLoopGroup(count: 2)
        var configuration = HTTPClient.Configuration()
        configuration.allowedNetworks = try networks.map { try #require(IPNetwork($0)) }
        configuration.resolved = names
        configuration.certificateAuthorities = authorities
        configuration.proxy = proxy
        if let connectionsPerHost { configuration.connectionsPerHost = connectionsPerHost }
        let connections = ConnectionSet(group)
        let client = try HTTPClient(group: group, configuration: configuration)
        let result: Result<Void, any Error>
        do {
            let house = ClientHouse(group: group, connections: connections, client: client)
            result = .success(try await body(house))
        } catch {
            result = .failure(error)
        }
        await client.shutdown()
        connections.drain()
        _ = await connections.waitUntilEmpty(patience: .milliseconds(300))
        await group.shutdown()
        try result.get()
    }

    /// The house's own server; returns where it is.
    func serve(_ handler: @escaping HTTPServer.Handler) throws -> String {
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        HTTPServer(listener: listener, connections: connections, handler: handler).start()
        return "http://127.0.0.1:\(listener.port)"
    }

    /// A server that does just what the script says with each connection.
    func listen(_ script: @escaping @Sendable (Connection) async throws -> Void) throws -> String {
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        listener.serve(in: connections) { connection in try? await script(connection) }
        return "http://127.0.0.1:\(listener.port)"
    }

    /// The whole answer.
    func fetch(_ request: ClientRequest) async throws -> (status: Int, headers: HeaderFields, text: String) {
        try await client.withResponse(to: request) { response in
            (response.status.code, response.headers, String(decoding: try await response.body.collect(), as: UTF8.self))
        }
    }

    /// Why a request fails; nil when it does not.
    func failure(of request: ClientRequest) async throws -> HTTPClientError.Code? {
        do {
            _ = try await fetch(request)
            return nil
        } catch let error as HTTPClientError {
            return error.code
        }
    }
}

/// A number that a server counts and a test reads.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .sequentiallyConsistent) }
    @discardableResult
    func add(_ more: Int = 1) -> Int { count.wrappingAdd(more, ordering: .sequentiallyConsistent).newValue }
}

extension Connection {
    /// The head of a request, or what came of it.
    func readHead() async throws -> String {
        var text = ""
        var buffer = ByteBuffer(capacity: 16 << 10)
        while !text.contains("\r\n\r\n"), try await read(into: &buffer) > 0 {
            text += String(decoding: buffer.readableBytes, as: UTF8.self)
            buffer.removeAll()
        }
        return text
    }

    /// Waits for the peer to go.
    func readToEnd() async -> Int {
        var count = 0
        var buffer = ByteBuffer(capacity: 64 << 10)
        while let read = try? await read(into: &buffer), read > 0 {
            count += read
            buffer.removeAll()
        }
        return count
    }

    func write(_ text: String) async throws { try await write(Array(text.utf8)) }
}
