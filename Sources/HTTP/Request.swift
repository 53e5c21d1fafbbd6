import Reactor

/// One request. Confined to the task that handles it, because its body comes from the connection.
public struct Request {
    /// Behind one reference, since requests are handed on often; copied before it is changed, so that a request is a value.
    private var head: Head
    public var body: RequestBody

    private final class Head {
        @exclusivity(unchecked) var method: Method
        @exclusivity(unchecked) var target: String
        @exclusivity(unchecked) var headers: HeaderFields
        @exclusivity(unchecked) var remoteAddress: SocketAddress
        @exclusivity(unchecked) var proxyAddress: SocketAddress?
        @exclusivity(unchecked) var isSecure: Bool
        let receivedAt: MonotonicTime
        @exclusivity(unchecked) var forwardedHost: String?

        init(
            _ method: Method, _ target: String, _ headers: HeaderFields, _ remoteAddress: SocketAddress,
            _ proxyAddress: SocketAddress?, _ isSecure: Bool, _ receivedAt: MonotonicTime,
            _ forwardedHost: String? = nil
        ) {
            self.method = method
            self.target = target
            self.headers = headers
            self.remoteAddress = remoteAddress
            self.proxyAddress = proxyAddress
            self.isSecure = isSecure
            self.receivedAt = receivedAt
            self.forwardedHost = forwardedHost
        }
    }

    public init(
        method: Method = .get, target: String, headers: HeaderFields = HeaderFields(),
        body: RequestBody = RequestBody(), remoteAddress: SocketAddress = SocketAddress(host: "127.0.0.1", port: 0),
        proxyAddress: SocketAddress? = nil, isSecure: Bool = false, receivedAt: MonotonicTime = .now
    ) {
        head = Head(method, target, headers, remoteAddress, proxyAddress, isSecure, receivedAt)
        self.body = body
    }

    /// This request's own head, for changing it.
    private var own: Head {
        mutating get {
            if !isKnownUniquelyReferenced(&head) {
                head = Head(
                    head.method, head.target, head.headers, head.remoteAddress, head.proxyAddress, head.isSecure,
                    head.receivedAt, head.forwardedHost)
            }
            return head
        }
    }

    public var method: Method {
        get { head.method }
        set { own.method = newValue }
    }

    /// The request target as sent: percent-encoded path, and the query behind `?`.
    public var target: String {
        get { head.target }
        set { own.target = newValue }
    }

    public var headers: HeaderFields {
        _read { yield head.headers }
        _modify { yield &own.headers }
    }

    /// Who sent it: the other end of the connection, or the client that a trusted proxy speaks for.
    public var remoteAddress: SocketAddress { head.remoteAddress }

    /// The trusted proxy at the other end of the connection, if there is one.
    public var proxyAddress: SocketAddress? { head.proxyAddress }

    /// The client speaks https, to us or to a trusted proxy.
    public var isSecure: Bool {
        get { head.isSecure }
        set { own.isSecure = newValue }
    }

    /// When the loop woke to what completed the head.
    public var receivedAt: MonotonicTime { head.receivedAt }

    /// The name and the port that the client asked for: what a trusted proxy says, else the field `Host`.
    public var host: String? { head.forwardedHost ?? headers[.host] }

    /// The other end of the connection is a trusted proxy that speaks for `client`.
    ///
    /// - Parameter host: the name under which the proxy was asked; nil where it does not say.
    mutating func isForwarded(for client: SocketAddress, securely: Bool, host: String?) {
        let head = own
        head.proxyAddress = head.remoteAddress
        head.remoteAddress = client
        head.isSecure = securely
        head.forwardedHost = host
    }

    /// Some proxy, trusted or not, says that it sent this for somebody else.
    public var isForwarded: Bool {
        headers.containForwarding
    }

    /// The path as sent, percent-encoded, without the query.
    public var path: Substring {
        guard let end = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return target[...] }
        return target[..<end]
    }

    /// The parameters behind `?`, parsed at each call.
    public var query: QueryParameters {
        guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return QueryParameters() }
        return QueryParameters(parsing: target[target.utf8.index(after: mark)...])
    }
}
