import HTTP
import Reactor

/// What the plain listener answers where TLS is spoken beside it: the same address with `https`.
struct SecureRedirect: Sendable {
    /// Where the plain listener and the one for TLS listen.
    let plainPort: Int
    let securePort: Int
    let proxies: TrustedProxies

    /// Nil for a request that the application answers without TLS too.
    func answer(to request: Request) -> Response? {
        if isAnsweredPlainly(request) { return nil }
        guard let location = location(of: request) else {
            return .text("This server speaks https only.\n", status: .badRequest)
        }
        // 308 keeps the method and the body. It is not to be stored: the operator may give TLS up again.
        return Response(status: .permanentRedirect, headers: [.location: location, .cacheControl: "no-store"])
    }

    private func isAnsweredPlainly(_ request: Request) -> Bool {
        // Whoever certifies a name asks without TLS (RFC 8555 8.3), and programs that look whether the server lives ask
        // from near.
        if request.target.hasPrefix("/.well-known/acme-challenge/") { return true }
        if ["/healthz", "/readyz"].contains(request.path) { return true }
        if request.path == "/metrics", request.remoteAddress.ip?.isLoopback == true { return true }
        var told = request
        proxies.apply(to: &told)
        return told.isSecure
    }

    private func location(of request: Request) -> String? {
        guard request.target.hasPrefix("/"), let (name, port) = Self.host(of: request) else { return nil }
        // Who came by the standard port, though this server listens on another, came through a mapping of ports, which
        // maps the standard port of https as well.
        let isMapped = (port ?? 80) == 80 && plainPort != 80
        let suffix = isMapped || securePort == 443 ? "" : ":\(securePort)"
        return "https://\(name)\(suffix)\(request.target)"
    }

    /// The name or address of the field `Host`, and the port that it names, if nothing else is in it.
    private static func host(of request: Request) -> (name: Substring, port: Int?)? {
        guard let host = request.headers[.host] else { return nil }
        let end = (host.hasPrefix("[") ? host.firstIndex(of: "]").map(host.index(after:)) : host.firstIndex(of: ":"))
        let name = host[..<(end ?? host.endIndex)]
        let isAddress =
            name.hasPrefix("[") && name.hasSuffix("]") && IPAddress(String(name.dropFirst().dropLast())) != nil
        let isName = !name.isEmpty && name.utf8.allSatisfy { isNameByte($0) }
        guard isAddress || isName else { return nil }
        let rest = host[name.endIndex...]
        if rest.isEmpty { return (name, nil) }
        guard rest.hasPrefix(":"), let port = UInt16(rest.dropFirst()) else { return nil }
        return (name, Int(port))
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
