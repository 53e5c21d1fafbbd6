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
    public let requestID: RequestID
    public let trace: TraceContext
    public let route: Route
    public let parameters: PathParameters
    public let remoteAddress: SocketAddress
    /// What access checks and middleware found, by type.
    public var values = ContextValues()
    private let serverLog: Log

    public init(
        requestID: RequestID = RequestID(), trace: TraceContext? = nil, route: Route,
        parameters: PathParameters = PathParameters(), remoteAddress: SocketAddress, log: Log = .silent
    ) {
        self.requestID = requestID
        self.trace = trace ?? TraceContext(startedBy: requestID)
        self.route = route
        self.parameters = parameters
        self.remoteAddress = remoteAddress
        serverLog = log
    }

    public var base: BaseContext { self }

    func makeLog() -> Log {
        serverLog.with(["request_id": .string(requestID.description), "trace_id": .string(trace.traceID)])
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
