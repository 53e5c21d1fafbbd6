import HTTP

/// Something that routes can be added to: the builder, or a group with a prefix and a context of its own.
public protocol RouteCollector<Context> {
    associatedtype Context: RequestContext

    func on(
        _ method: Request.Method, _ path: String, access: AccessRule?, limit: RateLimit?, bodyLimit: Int?, logged: Bool,
        _ handler: RouteHandler<Context>)

    var root: RouterGroup<Context> { get }
}

extension RouteCollector {
    public func get(
        _ path: String, access: AccessRule? = nil, limit: RateLimit? = nil, bodyLimit: Int? = 0, logged: Bool = true,
        _ handler: @escaping Next<Context>
    ) {
        on(
            .get, path, access: access, limit: limit, bodyLimit: bodyLimit, logged: logged, RouteHandler(handler))
    }

    /// A route without a body that can mostly answer without waiting.
    ///
    /// - Parameters:
    ///   - atOnce: asked first; nil leaves the request to `handler`. Not asked where the route has a limit or middleware, or
    ///     the router's access check has to wait.
    ///   - handler: what else has to be done; nil where everything can be said at once.
    public func get(
        _ path: String, access: AccessRule? = nil, logged: Bool = true, atOnce: @escaping AtOnce<Context>,
        _ handler: Next<Context>? = nil
    ) {
        let waiting: Next<Context> =
            handler ?? { request, context in
                guard let response = try atOnce(request, context) else { throw Problem.notFound() }
                return response
            }
        on(
            .get, path, access: access, limit: nil, bodyLimit: 0, logged: logged,
            RouteHandler(atOnce: atOnce, waiting))
    }

    public func post(
        _ path: String, access: AccessRule? = nil, limit: RateLimit? = nil, bodyLimit: Int? = nil, logged: Bool = true,
        _ handler: @escaping Next<Context>
    ) {
        on(
            .post, path, access: access, limit: limit, bodyLimit: bodyLimit, logged: logged, RouteHandler(handler))
    }

    public func put(
        _ path: String, access: AccessRule? = nil, limit: RateLimit? = nil, bodyLimit: Int? = nil, logged: Bool = true,
        _ handler: @escaping Next<Context>
    ) {
        on(
            .put, path, access: access, limit: limit, bodyLimit: bodyLimit, logged: logged, RouteHandler(handler))
    }

    public func patch(
        _ path: String, access: AccessRule? = nil, limit: RateLimit? = nil, bodyLimit: Int? = nil, logged: Bool = true,
        _ handler: @escaping Next<Context>
    ) {
        on(
            .patch, path, access: access, limit: limit, bodyLimit: bodyLimit, logged: logged, RouteHandler(handler))
    }

    public func delete(
        _ path: String, access: AccessRule? = nil, limit: RateLimit? = nil, bodyLimit: Int? = nil, logged: Bool = true,
        _ handler: @escaping Next<Context>
    ) {
        on(
            .delete, path, access: access, limit: limit, bodyLimit: bodyLimit, logged: logged, RouteHandler(handler))
    }

    public func head(
        _ path: String, access: AccessRule? = nil, limit: RateLimit? = nil, bodyLimit: Int? = 0, logged: Bool = true,
        _ handler: @escaping Next<Context>
    ) {
        on(
            .head, path, access: access, limit: limit, bodyLimit: bodyLimit, logged: logged, RouteHandler(handler))
    }

    public func options(
        _ path: String, access: AccessRule? = nil, limit: RateLimit? = nil, bodyLimit: Int? = 0, logged: Bool = true,
        _ handler: @escaping Next<Context>
    ) {
        on(
            .options, path, access: access, limit: limit, bodyLimit: bodyLimit, logged: logged, RouteHandler(handler))
    }

    /// Routes below a prefix. `access` and `limit` are for those that name no other rule and no other limit.
    public func group(
        _ prefix: String = "", access: AccessRule? = nil, limit: RateLimit? = nil, bodyLimit: Int? = nil
    ) -> RouterGroup<Context> {
        root.narrowed(prefix, access: access, limit: limit, bodyLimit: bodyLimit)
    }

    /// Routes whose handlers take a context of their own, made for each request from this group's context.
    ///
    /// - Parameter provesAccess: making the context refuses whoever does not meet the routes' rules, so the router's
    ///   access check is not asked.
    /// - Parameter atOnce: makes the context without waiting, for answers that need none, and hands it to what it is given;
    ///   nil where that cannot be done now.
    public func group<Child: RequestContext>(
        _ prefix: String = "", access: AccessRule? = nil, limit: RateLimit? = nil, bodyLimit: Int? = nil,
        provesAccess: Bool = false,
        atOnce: (@Sendable (Request, Context, (Child) throws -> Response?) throws -> Response?)? = nil,
        context make: @escaping @Sendable (Request, Context) async throws -> Child
    ) -> RouterGroup<Child> {
        root.narrowed(prefix, access: access, limit: limit, bodyLimit: bodyLimit).mapped(
            provesAccess: provesAccess, atOnce, make)
    }

    public func group<Child: ChildContext>(
        _ prefix: String = "", access: AccessRule? = nil, limit: RateLimit? = nil, bodyLimit: Int? = nil,
        provesAccess: Bool = false,
        context: Child.Type
    ) -> RouterGroup<Child> where Child.Parent == Context {
        group(prefix, access: access, limit: limit, bodyLimit: bodyLimit, provesAccess: provesAccess) {
            request, parent in
            try await Child(parent, request: request)
        }
    }
}

/// Routes that share a prefix, defaults, a context type and middleware. A value: narrowing makes another one.
public struct RouterGroup<Context: RequestContext>: RouteCollector {
    let builder: RouterBuilder
    private var prefix = ""
    private var access: AccessRule?
    private var limit: RateLimit?
    private var bodyLimit: Int?
    private var provesAccess = false
    /// Turns a handler of this group into one of the router.
    private let lower: @Sendable (RouteHandler<Context>) -> RouteHandler<BaseContext>

    public var root: RouterGroup<Context> { self }

    public func on(
        _ method: Request.Method, _ path: String, access: AccessRule?, limit: RateLimit?, bodyLimit: Int?, logged: Bool,
        _ handler: RouteHandler<Context>
    ) {
        builder.register(
            method, prefix + path, access: access ?? self.access, limit: limit ?? self.limit,
            bodyLimit: bodyLimit ?? self.bodyLimit, logged: logged, provesAccess: provesAccess, lower(handler))
    }

    /// The same group with `middleware` around its handlers, inside what is already there.
    public func with(_ middleware: @escaping Middleware<Context>) -> RouterGroup {
        let lower = lower
        return RouterGroup(copying: self) { handler in
            lower(RouteHandler { request, context in try await middleware(request, context, handler.waiting) })
        }
    }

    func narrowed(_ prefix: String, access: AccessRule?, limit: RateLimit?, bodyLimit: Int?) -> RouterGroup {
        var group = self
        group.prefix += prefix
        group.access = access ?? self.access
        group.limit = limit ?? self.limit
        group.bodyLimit = bodyLimit ?? self.bodyLimit
        return group
    }

    func mapped<Child: RequestContext>(
        provesAccess: Bool,
        _ makeAtOnce: (@Sendable (Request, Context, (Child) throws -> Response?) throws -> Response?)?,
        _ make: @escaping @Sendable (Request, Context) async throws -> Child
    ) -> RouterGroup<Child> {
        let lower = lower
        var group = RouterGroup<Child>(copying: self) { handler in
            var atOnce: AtOnce<Context>?
            if let makeAtOnce, let next = handler.atOnce {
                atOnce = { request, context in try makeAtOnce(request, context) { try next(request, $0) } }
            }
            return lower(
                RouteHandler(atOnce: atOnce) { request, context in
                    try await handler.waiting(request, try await make(request, context))
                })
        }
        group.provesAccess = provesAccess || self.provesAccess
        return group
    }

    private init<Other>(
        copying other: RouterGroup<Other>,
        lower: @escaping @Sendable (RouteHandler<Context>) -> RouteHandler<BaseContext>
    ) {
        builder = other.builder
        prefix = other.prefix
        access = other.access
        limit = other.limit
        bodyLimit = other.bodyLimit
        provesAccess = other.provesAccess
        self.lower = lower
    }
}

extension RouterGroup where Context == BaseContext {
    init(builder: RouterBuilder) {
        self.builder = builder
        lower = { $0 }
    }
}
