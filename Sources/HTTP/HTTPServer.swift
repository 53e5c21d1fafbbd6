import Reactor

/// A server of HTTP/1.1 and HTTP/2: takes connections from a listener and requests from connections, and hands them to one function.
public final class HTTPServer: Sendable {
    public typealias Handler = @Sendable (Request) async -> Response

    public struct Options: Sendable {
        public var limits = ServerLimits()
        /// Reads parts of files that are not in memory, so that a slow disk stops no loop.
        public var warming: BlockingPool?
        /// Their connections are many people's, so the limit of one network does not hold for them.
        public var trustedProxies = TrustedProxies()
        /// Told about each request that was refused before the handler saw it.
        public var refused: (@Sendable (Response.Status, SocketAddress) -> Void)?

        public init() {}
    }

    public let listener: Listener
    let connections: ConnectionSet
    private let options: Options
    private let handler: Handler
    private let census: ConnectionCensus
    private let states: [ObjectIdentifier: LoopState]

    public var port: Int { listener.port }

    public init(
        listener: Listener, connections: ConnectionSet, options: Options = Options(), handler: @escaping Handler
    ) {
        self.listener = listener
        self.connections = connections
        self.options = options
        self.handler = handler
        census = ConnectionCensus(limits: options.limits)
        states = Dictionary(
            uniqueKeysWithValues: connections.group.loops.map { (ObjectIdentifier($0), LoopState(loop: $0)) })
    }

    /// Serves from now on, on all loops of the group.
    public func start() {
        listener.serve(in: connections) { [self] connection in await serve(connection) }
    }

    /// Accepts no more, lets requests in flight finish, and cuts what is left after `patience`.
    ///
    /// - Returns: how many connections had to be cut.
    @discardableResult
    public func stop(patience: Duration = .seconds(10)) async -> Int {
        listener.stop()
        connections.drain()
        return await connections.waitUntilEmpty(patience: patience)
    }

    private func serve(_ connection: Connection) async {
        guard let state = states[ObjectIdentifier(connection.loop)] else { return }
        let address = connection.remoteAddress
        let network = options.trustedProxies.contains(address) ? nil : address.network
        guard census.enter(network) else {
            options.refused?(.serviceUnavailable, address)
            return await refuse(connection)
        }
        // Clients with prior knowledge speak HTTP/2 at once (RFC 9113 3.3).
        let first = HTTP1Connection(connection, state: state, options: options, handler: handler)
        if let inbound = await first.run() {
            await HTTP2Connection(
                connection, inbound: inbound, state: state, options: options, handler: handler
            ).run()
        }
        census.leave(network)
    }

    private func refuse(_ connection: Connection) async {
        connection.deadline = connection.loop.now + .seconds(2)
        try? await connection.write(Self.full)
        connection.shutdownWrite()
        var rest = ByteBuffer(capacity: 4096)
        while let count = try? await connection.read(into: &rest), count > 0 { rest.removeAll() }
    }

    private static let full = Array(
        ("HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nContent-Length: 101\r\n"
            + "Cache-Control: no-store\r\nRetry-After: 5\r\nConnection: close\r\n\r\n"
            + #"{"type":"about:blank","title":"Service Unavailable","status":503,"code":"busy","retry_after":5}"#
            + "      ").utf8)
}
