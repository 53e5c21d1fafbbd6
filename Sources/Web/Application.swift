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

    public func respond(to request: Request) async -> Response {
        switch answer(to: request) {
        case .now(let response): response
        case .later(let work): await work()
        }
    }

    /// What needs no waiting is answered at once.
    public func answer(to request: consuming Request) -> HTTPServer.Answer {
        originOfRequest.apply(to: &request)
        let id = RequestID()
        let trace = request.headers[.traceparent].flatMap(TraceContext.init) ?? TraceContext(startedBy: id)
        var exchange = Exchange(request: request, id: id, trace: trace)
        if let preflight = options.cors.preflight(for: exchange.request) {
            return .now(finished(preflight, exchange, .none))
        }
        switch table.match(exchange.request.method, exchange.request.target) {
        case .found(let endpoint, let parameters):
            exchange.request.body.limit = endpoint.route.bodyLimit
            return answer(exchange, at: endpoint, parameters)
        case .methodNotAllowed(let methods):
            return .now(finished(refused(exchange.request.method, allowed: methods), exchange, .none))
        case .notFound: return .now(finished(response(to: Problem.notFound(), exchange, .none), exchange, .none))
        }
    }

    /// One request and what is known of it.
    private struct Exchange {
        let start = MonotonicTime.now
        var request: Request
        let id: RequestID
        let trace: TraceContext
    }

    private func answer(
        _ exchange: Exchange, at endpoint: Endpoint, _ parameters: PathParameters
    ) -> HTTPServer.Answer {
        let route = endpoint.route
        let context = BaseContext(
            requestID: exchange.id, trace: exchange.trace, route: route, parameters: parameters,
            remoteAddress: exchange.request.remoteAddress, log: log)
        do {
            if let expected = exchange.request.body.expectedByteCount, expected > route.bodyLimit {
                throw Problem.bodyTooLarge(limit: route.bodyLimit)
            }
            if let response = try endpoint.atOnce?(exchange.request, context) {
                return .now(finished(response, exchange, route))
            }
        } catch { return .now(finished(response(to: error, exchange, route), exchange, route)) }
        return .later {
            let response: Response
            do { response = try await endpoint.handler(exchange.request, context) } catch {
                response = self.response(to: error, exchange, route)
            }
            return self.finished(response, exchange, route)
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

    private func response(to error: any Error, _ exchange: Exchange, _ route: Route) -> Response {
        var problem = Problem(error) ?? Problem(.internalServerError, code: "internal_error")
        let id = exchange.id.description
        if problem.status.code >= 500, problem.status != .serviceUnavailable, problem.status != .insufficientStorage {
            problem.errorID = id
            log.error(
                "request failed",
                [
                    "request_id": .string(id), "error_id": .string(id), "trace_id": .string(exchange.trace.traceID),
                    "route": .string(route.description), "error": .string(String(describing: error)),
                ])
        }
        if problem.status == .insufficientStorage {
            log.error("no space left", ["request_id": .string(id), "route": .string(route.description)])
        }
        return options.errorPage?(problem, exchange.request) ?? problem.response
    }

    private func finished(_ response: consuming Response, _ exchange: Exchange, _ route: Route) -> Response {
        CacheRule.complete(&response, of: route)
        response.compressIfUseful(for: exchange.request)
        response.applyConditions(of: exchange.request)
        options.security.apply(to: &response)
        options.cors.apply(to: &response, for: exchange.request)
        if options.strictTransport, SecurityHeaders.maySendStrictTransport(to: exchange.request) {
            response.headers.append(.strictTransportSecurity, SecurityHeaders.strictTransport)
        }
        response.headers.append(.xRequestID, exchange.id.description)
        if route.isLogged {
            addLine(to: &response, exchange, route)
        } else {
            // Answers that nobody reads about are small: what they took is known before they leave.
            options.metrics?.count(
                route, response.status, byteCount: response.body.byteCount ?? 0,
                nanoseconds: (MonotonicTime.now - exchange.start).wholeNanoseconds)
        }
        return response
    }

    /// Writes and counts once the response has left.
    private func addLine(to response: inout Response, _ exchange: Exchange, _ route: Route) {
        let line = AccessLog(
            log: log, id: exchange.id, trace: exchange.trace, method: exchange.request.method,
            target: exchange.request.target, route: route, address: exchange.request.remoteAddress)
        let (earlier, metrics, start) = (response.completion, options.metrics, exchange.start)
        response.completion = { completion in
            earlier?(completion)
            let duration = (MonotonicTime.now - start).wholeNanoseconds
            line.write(completion, nanoseconds: duration)
            metrics?.count(route, completion.status, byteCount: completion.byteCount, nanoseconds: duration)
        }
    }
}
