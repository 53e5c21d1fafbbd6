import HTTP

/// Header fields that tell browsers to trust nothing but this server.
public struct SecurityHeaders: Sendable {
    /// The same for pages whose media comes from another origin as well.
    public static func pagePolicy(mediaFrom origin: String) -> String {
        pagePolicy.replacing("media-src 'self'", with: "media-src 'self' \(origin)")
            .replacing("connect-src 'self'", with: "connect-src 'self' \(origin)")
    }

    /// For pages: no inline script or style, nothing from elsewhere; media and workers may come from blobs, because the
    /// player makes them.
    public static let pagePolicy = [
        "default-src 'self'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:",
        "media-src 'self' blob:", "worker-src 'self' blob:", "connect-src 'self'", "font-src 'self'",
        "object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
    ].joined(separator: "; ")

    /// For everything that is no page.
    public static let dataPolicy = "default-src 'none'; frame-ancestors 'none'"

    private static let shared: [(FieldName, String)] = [
        ("X-Content-Type-Options", "nosniff"), ("Cross-Origin-Resource-Policy", "same-origin"),
    ]

    private let pagePolicy: String
    private let forPages: Response.SharedFields
    private let forData: Response.SharedFields

    public init(pagePolicy: String = SecurityHeaders.pagePolicy) {
        // What is no page asks for nothing else, so there is no referrer to tell.
        let ofPages: [(FieldName, String)] = [("Referrer-Policy", "same-origin"), ("X-Frame-Options", "DENY")]
        self.pagePolicy = pagePolicy
        forPages = Response.SharedFields(
            HeaderFields([(.contentSecurityPolicy, pagePolicy)] + Self.shared + ofPages + Self.ofEveryPage))
        forData = Response.SharedFields(HeaderFields([(.contentSecurityPolicy, Self.dataPolicy)] + Self.shared))
    }

    /// All fields of answers that are no pages and always have the same: with those that each answer gets.
    public static func constant(_ fields: HeaderFields) -> Response.SharedFields {
        var all = fields
        if !all.contains(.cacheControl) { all.append(.cacheControl, CacheRule.standard) }
        all.append(contentsOf: HeaderFields([(.contentSecurityPolicy, dataPolicy)] + shared))
        return Response.SharedFields(all)
    }

    private static let ofEveryPage: [(FieldName, String)] = [
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    ]

    /// For a page whose address holds a secret, which no other site is told of; pages of these origins may show it in a frame.
    ///
    /// - Parameter origins: what a source expression of the policy may be (CSP 2.3.1), and nothing else.
    public func secretPage(framedBy origins: [String] = []) -> HeaderFields {
        let policy =
            origins.isEmpty
            ? pagePolicy
            : pagePolicy.replacing(
                "frame-ancestors 'none'", with: "frame-ancestors \(origins.joined(separator: " "))")
        var fields = HeaderFields([(.contentSecurityPolicy, policy)] + Self.shared + Self.ofEveryPage)
        fields.append("Referrer-Policy", "no-referrer")
        fields.append("X-Robots-Tag", "noindex")
        // An older field than the policy, which knows no list.
        if origins.isEmpty { fields.append("X-Frame-Options", "DENY") }
        return fields
    }

    /// A policy that the handler set itself stays. A 304 carries none: browsers would put it over that of the page
    /// they have stored (RFC 9111 3.2).
    func apply(to response: inout Response) {
        guard response.status != .notModified else { return }
        guard response.shared == nil, !response.headers.contains(.contentSecurityPolicy) else { return }
        response.shared = isPage(response) ? forPages : forData
    }

    /// For two years (RFC 6797 6.1), and for this name only: names below it belong to others.
    static let strictTransport = "max-age=63072000"

    /// Only who came by the standard port is told: a browser would otherwise come to the port of the plain listener with TLS
    /// (RFC 6797 8.3).
    static func maySendStrictTransport(to request: Request) -> Bool {
        guard request.isSecure, let host = request.headers.bytes(of: .host) else { return false }
        let name = host.first == UInt8(ascii: "[") ? host.drop { $0 != UInt8(ascii: "]") } : host
        return !name.contains(UInt8(ascii: ":")) || name.suffix(4).elementsEqual(":443".utf8)
    }

    private func isPage(_ response: Response) -> Bool {
        response.headers.value(of: .contentType, startsWith: "text/html")
    }
}
