import HTTP
import Reactor
import Telemetry

/// What a handler knows beside the request. Rooms declare their own contexts, for example one that holds a user, so that
/// a handler that takes it cannot be reached without one.
public protocol RequestContext: Sendable {
    var base: BaseContext { get }
}

extension RequestContext {
    public var requestID: RequestID { base.requestID }
    public var trace: TraceContext { base.trace }
    public var route: Route { base.route }
    public var parameters: PathParameters { base.parameters }
    public var remoteAddress: SocketAddress { base.remoteAddress }
    /// The server's log with this request's id in each line.
    public var log: Log { base.makeLog() }
}

/// A context that is made from another one for each request.
public protocol ChildContext: RequestContext {
    associatedtype Parent: RequestContext = BaseContext

    /// - Throws: a `Problem` to refuse the request, for example 401 when nobody is signed in.
    init(_ parent: Parent, request: Request) async throws
}

/// What the router knows of every request.
public struct BaseContext: RequestContext {
    let head: Request.Head
    let endpoint: Endpoint
    private let places: PathPlaces
    /// What access checks and middleware found, by type.
    public var values = ContextValues()

    init(_ request: borrowing Request, _ endpoint: Endpoint, _ places: PathPlaces = PathPlaces()) {
        head = request.head
        self.endpoint = endpoint
        self.places = places
    }

    public var requestID: RequestID { head.requestID }
    /// As the client says, or a trace that begins with this request.
    public var trace: TraceContext {
        head.value(of: .traceparent).flatMap(TraceContext.init) ?? TraceContext(startedBy: requestID)
    }
    public var route: Route { endpoint.route }
    public var parameters: PathParameters { PathParameters(endpoint.parameterNames, in: head.target, at: places) }
    public var remoteAddress: SocketAddress { head.remoteAddress }

    public var base: BaseContext { self }

    func makeLog() -> Log {
        endpoint.log.with(["request_id": .string(requestID.description), "trace_id": .string(trace.traceID)])
    }

    /// Since the request came.
    var nanoseconds: Int64 { MonotonicTime.now.nanoseconds &- head.receivedAt.nanoseconds }
}

/// Values by type: one of each.
public struct ContextValues: Sendable {
    /// Nil until something is found, so that a context without any counts no reference to it.
    private var values: [ObjectIdentifier: any Sendable]?

    public init() {}

    public subscript<Value: Sendable>(_ type: Value.Type) -> Value? {
        get { values?[ObjectIdentifier(type)] as? Value }
        set { values = with(newValue, at: ObjectIdentifier(type)) }
    }

    private func with(_ value: (any Sendable)?, at key: ObjectIdentifier) -> [ObjectIdentifier: any Sendable] {
        var changed = values ?? [:]
        changed[key] = value
        return changed
    }
}
