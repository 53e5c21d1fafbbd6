import HTTP

/// Which other origins' pages may call this server. None unless listed; `*` is never sent, because answers depend on
/// who is signed in.
public struct CORSPolicy: Sendable {
    public var allowedOrigins: Set<String>

    /// No other origin is listed: nearly always.
    var isClosed: Bool { allowedOrigins.isEmpty }

    private static let methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
    /// What such pages may send and read; rooms add theirs (`RouterBuilder.openToOtherOrigins`).
    private var requestFields = "Authorization, Content-Type, Range, If-None-Match"
    private var responseFields =
        "Location, Content-Range, ETag, Retry-After, X-Request-Id, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset"

    public init(allowedOrigins: Set<String> = []) { self.allowedOrigins = allowedOrigins }

    mutating func add(sent: [FieldName], read: [FieldName]) {
        for field in sent { requestFields += ", \(field)" }
        for field in read { responseFields += ", \(field)" }
    }

    /// The answer to a preflight from an allowed origin; other OPTIONS requests go to the routes.
    func preflight(for request: Request) -> Response? {
        guard !isClosed, request.method == .options,
            request.headers.contains(.accessControlRequestMethod), allowedOrigin(of: request) != nil
        else { return nil }
        return Response(
            status: .noContent,
            headers: [
                .accessControlAllowMethods: Self.methods, .accessControlAllowHeaders: requestFields,
                .accessControlMaxAge: "600",
            ])
    }

    func apply(to response: inout Response, for request: Request) {
        guard !isClosed else { return }
        response.headers.append(.vary, "Origin")
        guard let origin = allowedOrigin(of: request) else { return }
        response.headers.append(.accessControlAllowOrigin, origin)
        response.headers.append(.accessControlExposeHeaders, responseFields)
        response.gatherFields()
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    }

    func allowedOrigin(of request: Request) -> String? {
        request.headers[.origin].flatMap { allowedOrigins.contains($0) ? $0 : nil }
    }
}
