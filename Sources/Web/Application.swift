import HTTP
import Reactor
import Telemetry

/// All routes, frozen: takes a request, always gives a response. Works without any socket.
public final class Application: HTTPResponder {
    public let routes: [Route]
    private let table: RouteTable
    private let options: RouterBuilder.Options
    private let log: Log
    /// Stands for what no route answers.
    private let nowhere: Endpoint
    private let originOfRequest: RequestOrigin

    init(table: RouteTable, routes: [Route], options: RouterBuilder.Options, log: Log) {
        self.table = table
        self.routes = routes
        self.options = options
        self.log = log
        nowhere = Endpoint(route: .none, log: log) { _, _ in throw Problem.notFound() }
        originOfRequest = RequestOrigin(options, log: log)
    }

    /// The answer with all its fields in one list.
    public func respond(to request: Request) async -> Response {
        var atOnce: Response?
        var response =
            if let later = answer(to: request, &atOnce) { await later() } else {
                atOnce ?? Response(status: .internalServerError)
            }
        response.gatherFields()
        return response
    }

    /// What needs no waiting is answered at once.
    public func answer(to request: consuming Request, _ response: inout Response?) -> HTTPServer.Later? {
        originOfRequest.apply(to: &request)
        var places = PathPlaces()
        let refusal: Response
        if !options.cors.isClosed, let preflight = options.cors.preflight(for: request) {
            refusal = preflight
        } else {
            switch table.match(request, places: &places) {
            case .found(let endpoint):
                request.body.limit = endpoint.route.bodyLimit
                return answer(request, BaseContext(request, endpoint, places), &response)
            case .methodNotAllowed(let methods): refusal = refused(request.method, allowed: methods)
            case .notFound: refusal = self.response(to: Problem.notFound(), request, BaseContext(request, nowhere))
            }
        }
        response = finished(refusal, request, BaseContext(request, nowhere))
        return nil
    }

    private func answer(
        _ request: consuming Request, _ context: BaseContext, _ response: inout Response?
    ) -> HTTPServer.Later? {
        do {
            let limit = context.endpoint.route.bodyLimit
            if let expected = request.body.expectedByteCount, expected > limit {
                throw Problem.bodyTooLarge(limit: limit)
            }
            response = try context.endpoint.atOnce?(request, context)
        } catch { response = self.response(to: error, request, context) }
        if response != nil {
            // Where it stands: it is large.
            finish(&response!, request, context)
            return nil
        }
        return { [request] in
            let response: Response
            do { response = try await context.endpoint.handler(request, context) } catch {
                response = self.response(to: error, request, context)
            }
            return self.finished(response, request, context)
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

    private func response(to error: any Error, _ request: Request, _ context: borrowing BaseContext) -> Response {
        var problem = Problem(error) ?? Problem(.internalServerError, code: "internal_error")
        let id = context.requestID.description
        let route = context.route.description
        if problem.status.code >= 500, problem.status != .serviceUnavailable, problem.status != .insufficientStorage {
            problem.errorID = id
            log.error(
                "request failed",
                [
                    "request_id": .string(id), "error_id": .string(id), "trace_id": .string(context.trace.traceID),
                    "route": .string(route), "error": .string(String(describing: error)),
                ])
        }
        if problem.status == .insufficientStorage {
            log.error("no space left", ["request_id": .string(id), "route": .string(route)])
        }
        return options.errorPage?(problem, request) ?? problem.response
    }

    private func finished(
        _ response: Response, _ request: borrowing Request, _ context: borrowing BaseContext
    ) -> Response {
        var response = response
        finish(&response, request, context)
        return response
    }

    private func finish(
        _ response: inout Response, _ request: borrowing Request, _ context: borrowing BaseContext
    ) {
        CacheRule.complete(&response, of: context.endpoint.route)
        response.compressIfUseful(for: request)
        response.applyConditions(of: request)
        options.security.apply(to: &response)
        options.cors.apply(to: &response, for: request)
        if options.strictTransport, SecurityHeaders.maySendStrictTransport(to: request) {
            response.headers.append(.strictTransportSecurity, SecurityHeaders.strictTransport)
        }
        // It names lines in the log; an answer that leaves none there needs no name.
        let isLogged = context.endpoint.route.isLogged
        if isLogged || response.status.code >= 400 { response.requestID = context.requestID }
        if isLogged {
            addLine(to: &response, context)
        } else {
            // Answers that nobody reads about are small: what they took is known before they leave.
            options.metrics?.count(
                context.endpoint.route, response.status, byteCount: response.body.byteCount ?? 0,
                nanoseconds: context.nanoseconds)
        }
    }

    /// Writes and counts once the response has left.
    private func addLine(to response: inout Response, _ context: BaseContext) {
        let (earlier, metrics) = (response.completion, options.metrics)
        response.completion = { completion in
            earlier?(completion)
            let nanoseconds = context.nanoseconds
            AccessLog.write(context, completion, nanoseconds: nanoseconds)
            metrics?.count(
                context.route, completion.status, byteCount: completion.byteCount, nanoseconds: nanoseconds)
        }
    }
}
