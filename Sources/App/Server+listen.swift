import HTTP
import Reactor
import TLS
import Telemetry

extension Server {
    /// Where a server listens.
    public struct Ports: Sendable {
        public let plain: Int
        /// Of https; nil without TLS.
        public let secure: Int?
    }

    /// Takes the ports. With certificates there are two servers: the one for https, and the plain one that leads there. A
    /// socket of this machine is for a proxy, which is served in any case.
    func listen() throws -> (servers: [HTTPServer], ports: Ports) {
        let application = application
        let options = options()
        let plain = try Listener.bind(host: settings.host, port: settings.port)
        let local = try settings.socketPath.map { path in
            [
                HTTPServer(
                    listener: try Listener.bind(path: path), connections: services.connections, options: options,
                    responder: application)
            ]
        }
        guard let certificates = services.certificates else {
            let server = HTTPServer(
                listener: plain, connections: services.connections, options: options,
                responder: application)
            return ([server] + (local ?? []), Ports(plain: plain.port, secure: nil))
        }
        let secure = try Listener.bind(host: settings.host, port: settings.tlsPort)
        let redirect = SecureRedirect(plainPort: plain.port, securePort: secure.port, proxies: settings.proxies)
        let requests = services.requests
        let board = services.renewal?.board
        let redirecting = HTTPServer(
            listener: plain, connections: services.connections, options: options,
            responder: ResponderByClosure { request, response in
                if let challenge = board?.answer(to: request) {
                    response = challenge
                } else if let refusal = redirect.answer(to: request) {
                    requests.countRefusal(refusal.status)
                    response = refusal
                } else {
                    return application.answer(to: request, &response)
                }
                return nil
            })
        var secureOptions = options
        secureOptions.tls = { certificates.context }
        let serving = HTTPServer(
            listener: secure, connections: services.connections, options: secureOptions,
            responder: application)
        return ([serving, redirecting] + (local ?? []), Ports(plain: plain.port, secure: secure.port))
    }

    private func options() -> HTTPServer.Options {
        var options = HTTPServer.Options()
        options.limits.connections = placesForConnections()
        options.limits.connectionsPerAddress = settings.maxConnectionsPerAddress
        options.limits.handshakeBurst = settings.maxConnectionsPerAddress
        options.census = ConnectionCensus(limits: options.limits)
        options.trustedProxies = settings.proxies
        options.readsProxyHeaders = settings.readsProxyHeaders
        options.warming = services.pools.warming
        options.refused = { [requests = services.requests] status, _ in requests.countRefusal(status) }
        options.counts = services.connectionCounts
        if log.level <= .debug { options.ended = { [log] connection in log.debug("connection", connection.fields) } }
        return options
    }

    /// As many as the operator wants and the system allows, which must leave some descriptors for files: where they run out,
    /// nobody is served any more, not even those who have a connection.
    private func placesForConnections() -> Int {
        let most = Self.openFileLimit
        let places = most - most / 8
        guard places < settings.maxConnections else { return settings.maxConnections }
        log.warning(
            "fewer connections than set: the system allows this process too few open files",
            ["connections": .init(places), "open_files": .init(most)])
        return places
    }

    /// Loads the certificates anew from their files, now.
    func reloadCertificates() async { await services.certificates?.reload() }
}

extension EndedConnection {
    var fields: LogFields {
        [
            "address": .string(address.host), "requests": .init(requestCount), "received": .init(receivedByteCount),
            "sent": .init(sentByteCount), "duration": .seconds(duration),
        ]
    }
}
