import Reactor

/// One request. Confined to the task that handles it, because its body comes from the connection.
public struct Request {
    public var method: Method
    /// The request target as sent: percent-encoded path, and the query behind `?`.
    public var target: String
    public var headers: HeaderFields
    public var body: RequestBody
    /// Who sent it: the other end of the connection, or the client that a trusted proxy speaks for.
    public var remoteAddress: SocketAddress
    /// The trusted proxy at the other end of the connection, if there is one.
    public var proxyAddress: SocketAddress?
    /// The client speaks https, to us or to a trusted proxy.
    public var isSecure = false
    /// The name under which a trusted proxy was asked; nil where none says it.
    var forwardedHost: String?

    public init(
        method: Method = .get, target: String, headers: HeaderFields = HeaderFields(),
        body: RequestBody = RequestBody(), remoteAddress: SocketAddress = SocketAddress(host: "127.0.0.1", port: 0)
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
    }

    /// Some proxy, trusted or not, says that it sent this for somebody else.
    public var isForwarded: Bool {
        headers.contains(.xForwardedFor) || headers.contains(.forwarded) || headers.contains(.xForwardedProto)
    }

    /// The name and the port that the client asked for: what a trusted proxy says, else the field `Host`.
    public var host: String? { forwardedHost ?? headers[.host] }

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
