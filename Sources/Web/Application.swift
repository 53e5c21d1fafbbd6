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
        let start = MonotonicTime.now
        let request = originOfRequest.applied(to: request)
        let id = RequestID()
        let trace = request.headers[.traceparent].flatMap(TraceContext.init) ?? TraceContext(startedBy: id)
        var route = Route.none
        var response: Response
        if let preflight = options.cors.preflight(for: request) {
            response = preflight
        } else {
            do {
                switch table.match(request.method, request.target) {
                case .found(let endpoint, let parameters):
                    route = endpoint.route
                    response = try await run(endpoint, request, parameters, id, trace)
                case .methodNotAllowed(let methods): response = refused(request.method, allowed: methods)
                case .notFound: throw Problem.notFound()
                }
            } catch {
                response = answer(to: error, request: request, route: route, id: id, trace: trace)
            }
        }
        CacheRule.complete(&response, of: route)
        finish(&response, for: request, id: id)
        if route.isLogged {
            let line = AccessLog(
                log: log, id: id, trace: trace, method: request.method, path: request.pathText, route: route,
                address: request.remoteAddress)
            add(line, to: &response, start: start)
        } else {
            // Answers that nobody reads about are small: what they took is known before they leave.
            options.metrics?.count(
                route, response.status, byteCount: response.body.byteCount ?? 0,
                nanoseconds: (MonotonicTime.now - start).wholeNanoseconds)
        }
        return response
    }

    private func run(
        _ endpoint: Endpoint, _ request: Request, _ parameters: PathParameters, _ id: RequestID, _ trace: TraceContext
    ) async throws -> Response {
        let limit = endpoint.route.bodyLimit
        var request = request
        request.body.limit = limit
        if let expected = request.body.expectedByteCount, expected > limit { throw Problem.bodyTooLarge(limit: limit) }
        let context = BaseContext(
            requestID: id, trace: trace, route: endpoint.route, parameters: parameters,
            remoteAddress: request.remoteAddress, log: log)
        return try await endpoint.handler(request, context)
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

    private func answer(
        to error: any Error, request: Request, route: Route, id: RequestID, trace: TraceContext
    ) -> Response {
        var problem = Problem(error) ?? Problem(.internalServerError, code: "internal_error")
        if problem.status.code >= 500, problem.status != .serviceUnavailable, problem.status != .insufficientStorage {
            problem.errorID = id.description
            log.error(
                "request failed",
                [
                    "request_id": .string(id.description), "error_id": .string(id.description),
                    "trace_id": .string(trace.traceID), "route": .string(route.description),
                    "error": .string(String(describing: error)),
                ])
        }
        if problem.status == .insufficientStorage {
            log.error("no space left", ["request_id": .string(id.description), "route": .string(route.description)])
        }
        return options.errorPage?(problem, request) ?? problem.response
    }

    private func finish(_ response: inout Response, for request: Request, id: RequestID) {
        response.compressIfUseful(for: request)
        response.applyConditions(of: request)
        options.security.apply(to: &response)
        options.cors.apply(to: &response, for: request)
        if options.strictTransport, SecurityHeaders.maySendStrictTransport(to: request) {
            response.headers.append(.strictTransportSecurity, SecurityHeaders.strictTransport)
        }
        response.headers.append(.xRequestID, id.description)
    }

    /// Writes and counts once the response has left.
    private func add(_ line: AccessLog, to response: inout Response, start: MonotonicTime) {
        let (earlier, metrics) = (response.completion, options.metrics)
        response.completion = { completion in
            earlier?(completion)
            let duration = (MonotonicTime.now - start).wholeNanoseconds
            line.write(completion, nanoseconds: duration)
            metrics?.count(line.route, completion.status, byteCount: completion.byteCount, nanoseconds: duration)
        }
    }
}
