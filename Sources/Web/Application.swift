import HTTP
import Reactor
import Telemetry

/// All routes, frozen: takes a request, always gives a response. Works without any socket.
public final class Application: Sendable {
    public let routes: [Route]
    private let table: RouteTable
    private let options: RouterBuilder.Options
    private let log: Log
    private let originOfRequest: RequestOrigin

    init(table: RouteTable, routes: [Route], options: RouterBuilder.Options, log: Log) {
        self.table = table
        self.routes = routes
        self.options = options
        self.log = log
        originOfRequest = RequestOrigin(options, log: log)
    }

    /// The answer with all its fields in one list.
    public func respond(to request: Request) async -> Response {
        var response =
            switch answer(to: request) {
            case .now(let response): response
            case .later(let work): await work()
            }
        response.gatherFields()
        return response
    }

    /// What needs no waiting is answered at once.
    public func answer(to request: consuming Request) -> HTTPServer.Answer {
        originOfRequest.apply(to: &request)
        if let preflight = options.cors.preflight(for: request) {
            return .now(finished(preflight, request, Exchange(request, log: log)))
        }
        switch table.match(request.method, request.target) {
        case .found(let endpoint, let parameters):
            request.body.limit = endpoint.route.bodyLimit
            return answer(request, Exchange(request, endpoint.route, parameters, log: log), at: endpoint)
        case .methodNotAllowed(let methods):
            return .now(
                finished(refused(request.method, allowed: methods), request, Exchange(request, log: log)))
        case .notFound:
            let exchange = Exchange(request, log: log)
            return .now(finished(response(to: Problem.notFound(), request, exchange), request, exchange))
        }
    }

    private func answer(
        _ request: consuming Request, _ exchange: Exchange, at endpoint: Endpoint
    ) -> HTTPServer.Answer {
        let context = BaseContext(exchange)
        let limit = exchange.route.bodyLimit
        do {
            if let expected = request.body.expectedByteCount, expected > limit {
                throw Problem.bodyTooLarge(limit: limit)
            }
            if let response = try endpoint.atOnce?(request, context) {
                return .now(finished(response, request, exchange))
            }
        } catch { return .now(finished(response(to: error, request, exchange), request, exchange)) }
        return .later { [request] in
            let response: Response
            do { response = try await endpoint.handler(request, context) } catch {
                response = self.response(to: error, request, exchange)
            }
            return self.finished(response, request, exchange)
        }
    }

    /// OPTIONS is answered for every path that exists.
    private func refused(_ method: Request.Method, allowed: [Request.Method]) -> Response {
        var names = allowed.map(\.rawValue)
        if allowed.contains(.get), !allowed.contains(.head) { names.append("HEAD") }
        names.append("OPTIONS")
        let list = names.sorted().joined(separator: ", ")
        if method == .options { return Response(status: .noContent, headers: [.allow: list]) }
        var problem = Problem(.methodNotAllowed, code: "method_not_allowed", detail: "Here one may \(list).")
        problem.headers.append(.allow, list)
        return problem.response
    }

    private func response(to error: any Error, _ request: Request, _ exchange: Exchange) -> Response {
        var problem = Problem(error) ?? Problem(.internalServerError, code: "internal_error")
        let id = exchange.requestID.description
        let route = exchange.route.description
        if problem.status.code >= 500, problem.status != .serviceUnavailable, problem.status != .insufficientStorage {
            problem.errorID = id
            log.error(
                "request failed",
                [
                    "request_id": .string(id), "error_id": .string(id), "trace_id": .string(exchange.trace.traceID),
                    "route": .string(route), "error": .string(String(describing: error)),
                ])
        }
        if problem.status == .insufficientStorage {
            log.error("no space left", ["request_id": .string(id), "route": .string(route)])
        }
        return options.errorPage?(problem, request) ?? problem.response
    }

    private func finished(
        _ response: consuming Response, _ request: borrowing Request, _ exchange: Exchange
    ) -> Response {
        CacheRule.complete(&response, of: exchange.route)
        response.compressIfUseful(for: request)
        response.applyConditions(of: request)
        options.security.apply(to: &response)
        options.cors.apply(to: &response, for: request)
        if options.strictTransport, SecurityHeaders.maySendStrictTransport(to: request) {
            response.headers.append(.strictTransportSecurity, SecurityHeaders.strictTransport)
        }
        response.requestID = exchange.requestID
        if exchange.route.isLogged {
            addLine(to: &response, exchange)
        } else {
            // Answers that nobody reads about are small: what they took is known before they leave.
            options.metrics?.count(
                exchange.route, response.status, byteCount: response.body.byteCount ?? 0,
                nanoseconds: exchange.nanoseconds)
        }
        return consume response
    }

    /// Writes and counts once the response has left.
    private func addLine(to response: inout Response, _ exchange: Exchange) {
        let (earlier, metrics) = (response.completion, options.metrics)
        response.completion = { completion in
            earlier?(completion)
            let nanoseconds = exchange.nanoseconds
            AccessLog.write(exchange, completion, nanoseconds: nanoseconds)
            metrics?.count(
                exchange.route, completion.status, byteCount: completion.byteCount, nanoseconds: nanoseconds)
        }
    }
}
