import Reactor

/// The proxies whose word about the client is taken.
///
/// Anyone can send `Forwarded` and `X-Forwarded-For`, so they are read only where the other end of the connection is one
/// of these, and only as far back as each step was told by one of these.
public struct TrustedProxies: Sendable {
    private let networks: [IPNetwork]
    private let includesUnixSockets: Bool

    /// - Parameter includesUnixSockets: whoever comes by a Unix socket is such a proxy, too.
    public init(_ networks: [IPNetwork] = [], includesUnixSockets: Bool = false) {
        self.networks = networks
        self.includesUnixSockets = includesUnixSockets
    }

    public var isEmpty: Bool { networks.isEmpty && !includesUnixSockets }

    public func contains(_ address: SocketAddress) -> Bool {
        if address == .unixSocket { return includesUnixSockets }
        guard !networks.isEmpty, let ip = address.ip else { return false }
        return networks.contains { $0.contains(ip) }
    }

    /// Puts the client in the place of the proxy that the request came through.
    public func apply(to request: inout Request) {
        guard !isEmpty, request.isForwarded, contains(request.remoteAddress) else { return }
        let origin = origin(of: request)
        request.isForwarded(for: origin.address, securely: origin.scheme == "https", host: origin.host)
    }

    private struct Origin {
        var address: SocketAddress
        var scheme: String?
        var host: String?
    }

    private func origin(of request: Request) -> Origin {
        let peer = request.remoteAddress
        let told = ForwardedHop.forwarded(request.headers).map { walk($0, from: peer) }
        let toldByX = ForwardedHop.xForwarded(request.headers).map { walk($0, from: peer) }
        // A proxy that writes one of the fields passes the other on as the client sent it. Which is which cannot be
        // told, so where they differ neither is believed.
        if let told, let toldByX, told.address.host != toldByX.address.host { return Origin(address: peer) }
        let scheme = request.headers[.xForwardedProto]?.lowercased()
        return told ?? toldByX ?? Origin(address: peer, scheme: scheme)
    }

    /// From the nearest step to the first one that no trusted proxy told.
    private func walk(_ hops: [ForwardedHop], from peer: SocketAddress) -> Origin {
        var origin = Origin(address: peer)
        for hop in hops {
            origin.scheme = hop.scheme
            origin.host = hop.host
            guard let client = hop.client else { break }
            origin.address = client
            guard contains(client) else { break }
        }
        return origin
    }
}
