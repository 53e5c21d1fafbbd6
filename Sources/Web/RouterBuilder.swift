import Bus
import HTTP
import Reactor
import Telemetry

/// What runs around a handler. It may answer itself, or call `next` and change what comes back.
public typealias Middleware<Context: RequestContext> =
    @Sendable (Request, Context, Next<Context>) async throws -> Response
public typealias Next<Context: RequestContext> = @Sendable (Request, Context) async throws -> Response
/// An answer that needs no waiting; nil where there is none.
public typealias AtOnce<Context: RequestContext> = @Sendable (Request, Context) throws -> Response?

/// How a route answers.
public struct RouteHandler<Context: RequestContext>: Sendable {
    /// Asked first, if there is one.
    let atOnce: AtOnce<Context>?
    let waiting: Next<Context>

    public init(atOnce: AtOnce<Context>? = nil, _ waiting: @escaping Next<Context>) {
        self.atOnce = atOnce
        self.waiting = waiting
    }
}

/// Collects routes; `build` checks them and freezes them into an `Application`.
public final class RouterBuilder: RouteCollector {
    public typealias Context = BaseContext

    public struct Options: Sendable {
        public var security = SecurityHeaders()
        public var cors = CORSPolicy()
        /// Whose word about the client's address is taken.
        public var trustedProxies = TrustedProxies()
        /// People reach this server by https only, whatever is between them and it.
        public var isSecureOnly = false
        /// Browsers that came by https are told to come by nothing else from now on (HSTS, RFC 6797).
        public var strictTransport = false
        /// For routes that say nothing else.
        public var bodyLimit = 1 << 20
        /// Counts every answer.
        public var metrics: RequestMetrics?
        /// Whom limits of an account count. Without it they count addresses, as they do for routes whose context proves the rule.
        public var accountOf: AccountOf?
        /// Where limits are counted together with other servers; nil where each counts alone.
        public var redis: RedisLimits?
        /// What limits are counted by; tests bring their own.
        public var clock: @Sendable () -> MonotonicTime = { .now }
        /// Shows an error to a person instead of JSON; nil leaves it as JSON.
        public var errorPage: (@Sendable (Problem, Request) -> Response?)?

        public init() {}
    }

    private struct Registration {
        let method: Request.Method
        let path: String
        let access: AccessRule?
        let limit: RateLimit?
        let bodyLimit: Int
        let isLogged: Bool
        let provesAccess: Bool
        let handler: RouteHandler<BaseContext>
    }

    private(set) var options: Options
    private let log: Log
    private let accessCheck: AccessCheck?
    private var registrations: [Registration] = []
    private var middleware: [Middleware<BaseContext>] = []

    /// - Parameter accessCheck: enforces the rules of all routes but those in a group whose context proves the rule;
    ///   without one only these and public routes can be built.
    public init(log: Log = .silent, options: Options = Options(), accessCheck: AccessCheck? = nil) {
        self.log = log
        self.options = options
        self.accessCheck = accessCheck
    }

    /// Names the fields of a room that pages of the origins which the policy allows may send and read, beside those that
    /// all routes have.
    public func openToOtherOrigins(sent: [FieldName] = [], read: [FieldName] = []) {
        options.cors.add(sent: sent, read: read)
    }

    /// Runs around every route's handler, the first added outermost, after the access check.
    public func add(_ middleware: @escaping Middleware<BaseContext>) { self.middleware.append(middleware) }

    public var root: RouterGroup<BaseContext> { RouterGroup(builder: self) }

    public func on(
        _ method: Request.Method, _ path: String, access: AccessRule?, limit: RateLimit?, bodyLimit: Int?, logged: Bool,
        _ handler: RouteHandler<BaseContext>
    ) {
        root.on(method, path, access: access, limit: limit, bodyLimit: bodyLimit, logged: logged, handler)
    }

    func register(
        _ method: Request.Method, _ path: String, access: AccessRule?, limit: RateLimit?, bodyLimit: Int?, logged: Bool,
        provesAccess: Bool, _ handler: RouteHandler<BaseContext>
    ) {
        registrations.append(
            Registration(
                method: method, path: path, access: access, limit: limit, bodyLimit: bodyLimit ?? options.bodyLimit,
                isLogged: logged, provesAccess: provesAccess, handler: handler))
    }

    /// - Throws: `RouterError` for the first route that must not start.
    public func build() throws -> Application {
        var table = RouteTable()
        var routes: [Route] = []
        var limiters: [RateLimit: RateLimiter] = [:]
        for registration in registrations {
            let label = "\(registration.method) \(registration.path)"
            guard let access = registration.access else { throw RouterError.missingAccessRule(label) }
            if access.kind != .public, accessCheck == nil, !registration.provesAccess {
                throw RouterError.noAccessCheck(label)
            }
            let route = Route(
                method: registration.method, path: registration.path, access: access,
                limit: registration.limit, bodyLimit: registration.bodyLimit, isLogged: registration.isLogged,
                number: routes.count + 1)
            let limiter = registration.limit.map { limit in
                limiters[limit] ?? RateLimiter(limit, redis: options.redis, clock: options.clock)
            }
            if let limiter { limiters[limiter.limit] = limiter }
            let pattern = try PathPattern(registration.path)
            try table.insert(
                pattern,
                Endpoint(
                    route: route, parameterNames: pattern.names, log: log, atOnce: atOnce(registration, by: access),
                    handler: guarded(registration, by: access, limiter)))
            routes.append(route)
        }
        return Application(table: table, routes: routes, options: options, log: log)
    }

    /// Nil where something stands before the handler that may have to wait. The access check may, but seldom has to.
    private func atOnce(_ registration: Registration, by access: AccessRule) -> AtOnce<BaseContext>? {
        guard registration.limit == nil, middleware.isEmpty, let atOnce = registration.handler.atOnce else {
            return nil
        }
        guard access.kind != .public, !registration.provesAccess else { return atOnce }
        guard let accessCheck else { return nil }
        return { request, context in
            var context = context
            guard try accessCheck.atOnce(request, &context, access) else { return nil }
            return try atOnce(request, context)
        }
    }

    /// The access check outermost, then middleware, then the handler. Addresses are counted before the access check, because
    /// it is work as well; accounts behind it, where they are known.
    private func guarded(
        _ registration: Registration, by access: AccessRule, _ limiter: RateLimiter?
    ) -> Next<BaseContext> {
        var handler = registration.handler.waiting
        for middleware in middleware.reversed() {
            let next = handler
            handler = { request, context in try await middleware(request, context, next) }
        }
        if let limiter, limiter.limit.subject == .account { handler = limited(handler, by: limiter) }
        if let accessCheck, access.kind != .public, !registration.provesAccess {
            let inner = handler
            handler = { request, context in
                var context = context
                try await accessCheck.waiting(request, &context, access)
                return try await inner(request, context)
            }
        }
        if let limiter, limiter.limit.subject == .address { handler = limited(handler, by: limiter) }
        return handler
    }

    private func limited(_ next: @escaping Next<BaseContext>, by limiter: RateLimiter) -> Next<BaseContext> {
        let accountOf = limiter.limit.subject == .account ? options.accountOf : nil
        return { request, context in
            try await limiter.take(from: context.remoteAddress, account: accountOf?(context))
            return try await next(request, context)
        }
    }
}
