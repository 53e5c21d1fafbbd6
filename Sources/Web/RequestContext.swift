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
    private let exchange: Exchange
    /// What access checks and middleware found, by type.
    public var values = ContextValues()

    init(_ exchange: Exchange) { self.exchange = exchange }

    public var requestID: RequestID { exchange.requestID }
    public var trace: TraceContext { exchange.trace }
    public var route: Route { exchange.route }
    public var parameters: PathParameters { exchange.parameters }
    public var remoteAddress: SocketAddress { exchange.remoteAddress }

    public var base: BaseContext { self }

    func makeLog() -> Log {
        exchange.log.with(["request_id": .string(requestID.description), "trace_id": .string(trace.traceID)])
    }
}

/// Values by type: one of each.
public struct ContextValues: Sendable {
    private var values: [ObjectIdentifier: any Sendable] = [:]

    public init() {}

    public subscript<Value: Sendable>(_ type: Value.Type) -> Value? {
        get { values[ObjectIdentifier(type)] as? Value }
        set { values[ObjectIdentifier(type)] = newValue }
    }
}
