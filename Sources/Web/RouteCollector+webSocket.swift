import HTTP

extension RouteCollector {
    /// A WebSocket at `path` (RFC 6455). As for every route an access rule is compulsory, and it is checked before the
    /// handshake; so is the page that a browser asks from, because a browser sends its cookies along for any page.
    ///
    /// - Parameter handler: holds the conversation in the connection's task. An error that it throws is logged and ends
    ///   the conversation with 1011.
    public func webSocket(
        _ path: String, access: AccessRule? = nil, limit: RateLimit? = nil,
        options: WebSocketOptions = WebSocketOptions(), logged: Bool = true,
        _ handler: @escaping @Sendable (WebSocket, Context) async throws -> Void
    ) {
        let origins = root.builder.options.cors
        get(path, access: access, limit: limit, logged: logged) { request, context in
            guard origins.allowsWebSocket(request) else {
                throw Problem.forbidden(code: "origin_not_allowed", "This page may not connect here.")
            }
            do throws(WebSocketHandshake.Refusal) {
                return try Response.webSocket(request, options: options) { socket in
                    do { try await handler(socket, context) } catch {
                        context.log.error("WebSocket failed", ["error": .string(String(describing: error))])
                        throw error
                    }
                }
            } catch {
                throw error.problem
            }
        }
    }
}

extension CORSPolicy {
    /// Whether the request comes from a page of this server, from one of an allowed origin, or from no page at all: only
    /// browsers say `Origin`, and they always do (RFC 6455 10.2).
    func allowsWebSocket(_ request: Request) -> Bool {
        guard let origin = request.headers[.origin] else { return true }
        if allowedOrigin(of: request) != nil { return true }
        guard let end = origin.firstRange(of: "://"), let host = request.host else { return false }
        let scheme = origin[..<end.lowerBound].lowercased()
        guard scheme == "https" || scheme == "http" && !request.isSecure else { return false }
        let port = scheme == "https" ? ":443" : ":80"
        func withoutStandardPort(_ name: String) -> String {
            name.hasSuffix(port) ? String(name.dropLast(port.count)) : name
        }
        return withoutStandardPort(origin[end.upperBound...].lowercased()) == withoutStandardPort(host.lowercased())
    }
}

extension WebSocketHandshake.Refusal {
    var problem: Problem {
        switch self {
        case .malformed: return .badRequest(code: "bad_handshake", "This is not how a WebSocket begins.")
        case .notAsked, .unsupportedVersion:
            var problem = Problem(
                .upgradeRequired, code: "upgrade_required", detail: "Only WebSockets of version 13 begin here.")
            // What the client should have asked for (RFC 9110 15.5.22, RFC 6455 4.2.2).
            problem.headers.append(.upgrade, "websocket")
            problem.headers.append(.secWebSocketVersion, "13")
            return problem
        }
    }
}
