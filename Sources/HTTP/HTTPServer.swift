import Reactor
import TLS

/// Answers requests, on the loops of their connections.
public protocol HTTPResponder: AnyObject, Sendable {
    /// Puts the answer into `response` if that needs no waiting; else gives what must be waited for.
    func answer(to request: consuming Request, _ response: inout Response?) -> HTTPServer.Later?
}

/// Answers as a closure says.
public final class ResponderByClosure: HTTPResponder {
    private let body: HTTPServer.Answer

    public init(_ body: @escaping HTTPServer.Answer) { self.body = body }

    public func answer(to request: consuming Request, _ response: inout Response?) -> HTTPServer.Later? {
        body(request, &response)
    }
}

/// A server of HTTP/1.1 and HTTP/2: takes connections from a listener and requests from connections, and hands them to one function.
public final class HTTPServer: Sendable {
    public typealias Handler = @Sendable (Request) async -> Response

    /// What must be waited for before there is an answer. Called once, in the task that works for the request.
    public typealias Later = () async -> Response

    public typealias Answer = @Sendable (consuming Request, inout Response?) -> Later?

    public struct Options: Sendable {
        public var limits = ServerLimits()
        /// Reads parts of files that are not in memory, so that a slow disk stops no loop.
        public var warming: BlockingPool?
        /// Their connections are many people's, so the limit of one network does not hold for them.
        public var trustedProxies = TrustedProxies()
        /// Trusted proxies begin each connection with a header of the PROXY protocol; nobody else does.
        public var readsProxyHeaders = false
        /// Whose certificates are shown to a new connection; nil serves without TLS.
        public var tls: (@Sendable () -> TLSContext)?
        /// Told about each request that was refused before the handler saw it.
        public var refused: (@Sendable (Response.Status, SocketAddress) -> Void)?
        /// Counts the connections of this server and of others that share its limits; nil lets it count its own.
        public var census: ConnectionCensus?
        /// Where the loops count their connections.
        public var counts: PerLoop<ConnectionCounts>?
        /// Told about each connection that is over.
        public var ended: (@Sendable (EndedConnection) -> Void)?

        public init() {}
    }

    public let listener: Listener
    let connections: ConnectionSet
    private let options: Options
    private let responder: any HTTPResponder
    private let census: ConnectionCensus
    private let handshakes: TokenBuckets<IPNetwork>
    private let states: [ObjectIdentifier: LoopState]

    public var port: Int { listener.port }

    public convenience init(
        listener: Listener, connections: ConnectionSet, options: Options = Options(), handler: @escaping Handler
    ) {
        self.init(
            listener: listener, connections: connections, options: options,
            responder: ResponderByClosure { request, _ in
                let request = request
                return { await handler(request) }
            })
    }

    public init(
        listener: Listener, connections: ConnectionSet, options: Options = Options(),
        responder: any HTTPResponder
    ) {
        self.listener = listener
        self.connections = connections
        self.options = options
        self.responder = responder
        census = options.census ?? ConnectionCensus(limits: options.limits)
        handshakes = TokenBuckets(burst: options.limits.handshakeBurst, interval: options.limits.handshakeInterval)
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
        guard var network = await enter(connection) else { return }
        if options.readsProxyHeaders, options.trustedProxies.contains(connection.remoteAddress) {
            do { try await connection.takeProxyHeader(within: options.limits.headTimeout) } catch {
                options.refused?(.badRequest, connection.remoteAddress)
                return census.leave(network.value)
            }
            census.leave(network.value)
            // From here on it counts as the client's.
            guard let own = await enter(connection) else { return }
            network = own
        }
        guard await startTLS(connection, from: network.value) else { return census.leave(network.value) }
        let address = connection.remoteAddress
        options.counts?.update { $0.begin(.http1) }
        let start = connection.loop.now
        let requestCount = await converse(connection, state)
        census.leave(network.value)
        options.ended?(
            EndedConnection(
                address: address, requestCount: requestCount, receivedByteCount: connection.receivedByteCount,
                sentByteCount: connection.sentByteCount, duration: connection.loop.now - start))
    }

    /// Speaks what the peer speaks until the end.
    ///
    /// - Returns: how many requests came.
    private func converse(_ connection: Connection, _ state: LoopState) async -> Int {
        let first = HTTP1Connection(connection, state: state, options: options, responder: responder)
        let outcome = await first.run()
        let requestCount = first.requestCount
        // What it holds goes on, so that no buffer stays behind for as long as the other protocol is spoken.
        switch consume outcome {
        case .nobody:
            options.counts?.update { $0.end(.http1) }
            return requestCount
        // Whoever agreed on HTTP/2 (RFC 7301) begins with its preface, as whoever has prior knowledge does (RFC 9113 3.3).
        case .http2(let inbound):
            options.counts?.update { $0.change(from: .http1, to: .http2) }
            let second = HTTP2Connection(
                connection, inbound: consume inbound, state: state, options: options, responder: responder)
            await second.run()
            options.counts?.update { $0.end(.http2) }
            return second.requestCount
        case .webSocket(let socket, let handler):
            options.counts?.update { $0.change(from: .http1, to: .webSocket) }
            if await socket.run(handler) { await connection.linger(options.limits, state) }
            options.counts?.update { $0.end(.webSocket) }
            return requestCount
        }
    }

    /// What a connection is counted under: one of a trusted proxy under nothing but all.
    private struct CountedNetwork { let value: IPNetwork? }

    /// Finds a place for a connection. Nil where there was none, which the peer is told.
    private func enter(_ connection: Connection) async -> CountedNetwork? {
        let address = connection.remoteAddress
        let network = options.trustedProxies.contains(address) ? nil : address.network
        let hasEntered = census.enter(network)
        if let crowd = census.crowd(at: connection.loop.now) {
            connections.endWaiting(crowd.count, of: crowd.networks, longerThan: .milliseconds(100))
        }
        if hasEntered { return CountedNetwork(value: network) }
        options.counts?.update { $0.refuse(.full) }
        options.refused?(.serviceUnavailable, address)
        await refuse(connection)
        return nil
    }

    /// False where no TLS came about.
    ///
    /// - Parameter network: nil for a peer whose handshakes are not counted.
    private func startTLS(_ connection: Connection, from network: IPNetwork?) async -> Bool {
        guard let tls = options.tls else { return true }
        if let network {
            do { try handshakes.take(network) } catch {
                options.counts?.update { $0.refuse(.handshakes) }
                options.refused?(.tooManyRequests, connection.remoteAddress)
                return false
            }
        }
        connection.deadline = connection.loop.now + options.limits.handshakeTimeout
        // A server that stops waits for no handshake.
        connection.isIdle = true
        connection.waitingSince = connection.loop.now
        do {
            _ = try await connection.startTLS(tls())
        } catch ConnectionError.tls(.plainHTTP) {
            connection.isIdle = false
            await say(Self.needsTLS, connection)
            return false
        } catch {
            return false
        }
        connection.isIdle = false
        connection.waitingSince = .distantFuture
        connection.deadline = .distantFuture
        return true
    }

    private func refuse(_ connection: Connection) async {
        // Who expects TLS could not read it.
        if options.tls == nil { await say(Self.full, connection) }
    }

    private func say(_ bytes: [UInt8], _ connection: Connection) async {
        connection.deadline = connection.loop.now + .seconds(2)
        try? await connection.write(bytes)
        connection.shutdownWrite()
        var rest = ByteBuffer(capacity: 4096)
        while let count = try? await connection.read(into: &rest), count > 0 { rest.removeAll() }
    }

    /// For who speaks HTTP where TLS is spoken.
    private static let needsTLS = Array(
        ("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 43\r\n"
            + "Cache-Control: no-store\r\nConnection: close\r\n\r\nThis port speaks https: begin with https://").utf8)

    private static let full = Array(
        ("HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nContent-Length: 101\r\n"
            + "Cache-Control: no-store\r\nRetry-After: 5\r\nConnection: close\r\n\r\n"
            + #"{"type":"about:blank","title":"Service Unavailable","status":503,"code":"busy","retry_after":5}"#
            + "      ").utf8)
}
