import Reactor

/// One request. Confined to the task that handles it, because its body comes from the connection.
public struct Request {
    /// Copied before it is changed, so that a request is a value.
    public private(set) var head: Head
    public var body: RequestBody

    public init(
        method: Method = .get, target: String, headers: HeaderFields = HeaderFields(),
        body: RequestBody = RequestBody(), remoteAddress: SocketAddress = SocketAddress(host: "127.0.0.1", port: 0),
        proxyAddress: SocketAddress? = nil, isSecure: Bool = false, receivedAt: MonotonicTime = .now
    ) {
        head = Head(
            Head.Fields(
                method: method, target: target, headers: headers, remoteAddress: remoteAddress,
                proxyAddress: proxyAddress, isSecure: isSecure, receivedAt: receivedAt))
        self.body = body
    }

    init(head: Head, body: RequestBody) {
        self.head = head
        self.body = body
    }

    /// This request's own head, for changing it.
    private var own: Head {
        mutating get {
            if !isKnownUniquelyReferenced(&head) { head = Head(head.fields) }
            return head
        }
    }

    public var method: Method {
        get { head.fields.method }
        set { own.fields.method = newValue }
    }

    /// The request target as sent: percent-encoded path, and the query behind `?`.
    public var target: String {
        get { head.fields.target }
        set { own.fields.target = newValue }
    }

    public var headers: HeaderFields {
        _read { yield head.fields.headers }
        _modify { yield &own.fields.headers }
    }

    /// Who sent it: the other end of the connection, or the client that a trusted proxy speaks for.
    public var remoteAddress: SocketAddress { head.fields.remoteAddress }

    /// The trusted proxy at the other end of the connection, if there is one.
    public var proxyAddress: SocketAddress? { head.fields.proxyAddress }

    /// The client speaks https, to us or to a trusted proxy.
    public var isSecure: Bool {
        get { head.fields.isSecure }
        set { if newValue != head.fields.isSecure { own.fields.isSecure = newValue } }
    }

    /// When the loop woke to what completed the head.
    public var receivedAt: MonotonicTime { head.fields.receivedAt }

    /// The name and the port that the client asked for: what a trusted proxy says, else the field `Host`.
    public var host: String? { head.fields.forwardedHost ?? headers[.host] }

    /// The other end of the connection is a trusted proxy that speaks for `client`.
    ///
    /// - Parameter host: the name under which the proxy was asked; nil where it does not say.
    mutating func isForwarded(for client: SocketAddress, securely: Bool, host: String?) {
        let head = own
        head.fields.proxyAddress = head.fields.remoteAddress
        head.fields.remoteAddress = client
        head.fields.isSecure = securely
        head.fields.forwardedHost = host
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
