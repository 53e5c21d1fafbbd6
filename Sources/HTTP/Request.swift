import Reactor

/// One request. Confined to the task that handles it, because its body comes from the connection.
public struct Request {
    public var method: Method
    /// The request target as sent: percent-encoded path, and the query behind `?`.
    public var target: String
    public var headers: HeaderFields
    public var body: RequestBody
    public var remoteAddress: SocketAddress

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

    /// The path as sent, percent-encoded, without the query.
    public var path: Substring {
        guard let end = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return target[...] }
        return target[..<end]
    }

    /// The path as a string of its own; copies only when there is a query.
    public var pathText: String {
        let path = path
        return path.endIndex == target.endIndex ? target : String(path)
    }

    /// The parameters behind `?`, parsed at each call.
    public var query: QueryParameters {
        guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return QueryParameters() }
        return QueryParameters(parsing: target[target.utf8.index(after: mark)...])
    }
}
