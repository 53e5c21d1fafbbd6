/// The name of a header field: compared without regard to ASCII case, sent as written.
public struct FieldName: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// Nearly all names stand in the program: comparing with them counts no references.
    private enum Storage: Sendable {
        case literal(StaticString)
        case text(String)
    }

    private let storage: Storage

    public init(_ name: String) { storage = .text(name) }
    public init(stringLiteral name: StaticString) { storage = .literal(name) }

    @inline(__always)
    var byteCount: Int {
        switch storage {
        case .literal(let name): name.utf8CodeUnitCount
        case .text(let name): name.utf8.count
        }
    }

    @inline(__always)
    func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        switch storage {
        case .literal(let name): return body(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        case .text(var name): return name.withUTF8(body)
        }
    }

    public static func == (a: FieldName, b: FieldName) -> Bool {
        a.withBytes { a in b.withBytes { b in ASCII.areEqualIgnoringCase(a, b) } }
    }

    public func hash(into hasher: inout Hasher) {
        withBytes { for byte in $0 { hasher.combine(ASCII.lowercase(byte)) } }
    }

    public var description: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}

extension FieldName {
    public static var accept: FieldName { "Accept" }
    public static var acceptEncoding: FieldName { "Accept-Encoding" }
    public static var acceptLanguage: FieldName { "Accept-Language" }
    public static var acceptRanges: FieldName { "Accept-Ranges" }
    public static var accessControlAllowHeaders: FieldName { "Access-Control-Allow-Headers" }
    public static var accessControlAllowMethods: FieldName { "Access-Control-Allow-Methods" }
    public static var accessControlAllowOrigin: FieldName { "Access-Control-Allow-Origin" }
    public static var accessControlExposeHeaders: FieldName { "Access-Control-Expose-Headers" }
    public static var accessControlMaxAge: FieldName { "Access-Control-Max-Age" }
    public static var accessControlRequestMethod: FieldName { "Access-Control-Request-Method" }
    public static var allow: FieldName { "Allow" }
    public static var authorization: FieldName { "Authorization" }
    public static var cacheControl: FieldName { "Cache-Control" }
    public static var connection: FieldName { "Connection" }
    public static var contentDisposition: FieldName { "Content-Disposition" }
    public static var contentEncoding: FieldName { "Content-Encoding" }
    public static var contentLength: FieldName { "Content-Length" }
    public static var contentRange: FieldName { "Content-Range" }
    public static var contentSecurityPolicy: FieldName { "Content-Security-Policy" }
    public static var contentType: FieldName { "Content-Type" }
    public static var cookie: FieldName { "Cookie" }
    public static var date: FieldName { "Date" }
    public static var etag: FieldName { "ETag" }
    public static var expect: FieldName { "Expect" }
    public static var forwarded: FieldName { "Forwarded" }
    public static var host: FieldName { "Host" }
    public static var ifMatch: FieldName { "If-Match" }
    public static var ifModifiedSince: FieldName { "If-Modified-Since" }
    public static var ifNoneMatch: FieldName { "If-None-Match" }
    public static var ifRange: FieldName { "If-Range" }
    public static var lastModified: FieldName { "Last-Modified" }
    public static var location: FieldName { "Location" }
    public static var origin: FieldName { "Origin" }
    public static var range: FieldName { "Range" }
    public static var rateLimitLimit: FieldName { "RateLimit-Limit" }
    public static var rateLimitRemaining: FieldName { "RateLimit-Remaining" }
    public static var rateLimitReset: FieldName { "RateLimit-Reset" }
    public static var retryAfter: FieldName { "Retry-After" }
    public static var secWebSocketAccept: FieldName { "Sec-WebSocket-Accept" }
    public static var secWebSocketExtensions: FieldName { "Sec-WebSocket-Extensions" }
    public static var secWebSocketKey: FieldName { "Sec-WebSocket-Key" }
    public static var secWebSocketProtocol: FieldName { "Sec-WebSocket-Protocol" }
    public static var secWebSocketVersion: FieldName { "Sec-WebSocket-Version" }
    public static var setCookie: FieldName { "Set-Cookie" }
    public static var traceparent: FieldName { "traceparent" }
    public static var strictTransportSecurity: FieldName { "Strict-Transport-Security" }
    public static var transferEncoding: FieldName { "Transfer-Encoding" }
    public static var upgrade: FieldName { "Upgrade" }
    public static var userAgent: FieldName { "User-Agent" }
    public static var vary: FieldName { "Vary" }
    public static var wwwAuthenticate: FieldName { "WWW-Authenticate" }
    public static var via: FieldName { "Via" }
    public static var xForwardedFor: FieldName { "X-Forwarded-For" }
    public static var xForwardedHost: FieldName { "X-Forwarded-Host" }
    public static var xForwardedProto: FieldName { "X-Forwarded-Proto" }
    public static var xRequestID: FieldName { "X-Request-Id" }
}
