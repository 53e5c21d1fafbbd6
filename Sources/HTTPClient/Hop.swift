import HTTP

/// One request of a chain of redirects.
struct Hop: Sendable {
    var method: Request.Method
    var url: TargetURL
    var headers: HeaderFields
    var body: ClientRequest.Body
    var offersWebSocket: Bool
    var reusesConnections: Bool

    /// What the connection and the framing of the body say for themselves.
    private static let reserved: [FieldName] = [
        .host, .connection, .contentLength, .transferEncoding, .expect, "TE", "Trailer", "Upgrade", "Keep-Alive",
        "Proxy-Connection", "Proxy-Authorization", "HTTP2-Settings",
    ]

    /// - Throws: `HTTPClientError` with `invalidRequest` or `invalidURL`.
    init(_ request: ClientRequest) throws(HTTPClientError) {
        let method = request.method
        let isToken = !method.rawValue.isEmpty && method.rawValue.utf8.allSatisfy(ResponseHeadReader.isTokenByte)
        guard isToken, method != .connect, method != .trace else {
            throw HTTPClientError(.invalidRequest, "the method cannot be sent")
        }
        for (name, _) in request.headers {
            let isToken = !name.isEmpty && name.utf8.allSatisfy(ResponseHeadReader.isTokenByte)
            guard isToken, !Self.reserved.contains(FieldName(name)) else {
                throw HTTPClientError(.invalidRequest, "the field \(name) cannot be set")
            }
        }
        let hasBody = if case .none = request.body { false } else { true }
        if hasBody, method == .get || method == .head {
            throw HTTPClientError(.invalidRequest, "\(method) has no body")
        }
        self.method = method
        url = try TargetURL(request.url)
        headers = request.headers
        body = request.body
        offersWebSocket = request.offersWebSocket
        reusesConnections = request.reusesConnections
    }

    /// The request that follows the redirect `head`; nil when it is no redirect (RFC 9110 15.4).
    ///
    /// - Throws: `HTTPClientError` with `invalidURL` or `forbiddenRedirect`.
    func following(_ head: ResponseHeadReader.Head) throws(HTTPClientError) -> Hop? {
        let locations = head.headers.values(of: .location)
        guard [301, 302, 303, 307, 308].contains(head.status.code), let location = locations.first else { return nil }
        guard locations.allSatisfy({ $0 == location }) else {
            throw HTTPClientError(.malformedResponse, "the redirect leads to several addresses")
        }
        var next = self
        next.url = try url.resolve(location)
        if url.scheme == "https", next.url.scheme == "http" {
            throw HTTPClientError(.forbiddenRedirect, "\(url.host) redirects from https to http")
        }
        let becomesGet =
            head.status == .seeOther ? method != .head : method == .post && head.status.code < 303
        if becomesGet {
            next.method = .get
            next.body = .none
            for (name, _) in headers where name.lowercased().hasPrefix("content-") {
                next.headers.remove(FieldName(name))
            }
        }
        if !next.url.hasSameOrigin(as: url) {
            for name: FieldName in [.authorization, .cookie, .origin, "Referer"] { next.headers.remove(name) }
        }
        if case .stream = next.body {
            throw HTTPClientError(.forbiddenRedirect, "\(url.host) wants the body at another address, and it is spent")
        }
        return next
    }
}
