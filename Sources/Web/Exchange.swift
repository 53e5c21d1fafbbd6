import HTTP
import Reactor
import Telemetry

/// What is known of one request before anything works for it: behind one reference, because contexts are handed on often.
final class Exchange: Sendable {
    private let start: MonotonicTime
    let requestID = RequestID()
    let trace: TraceContext
    let method: Request.Method
    let target: String
    let remoteAddress: SocketAddress
    let route: Route
    let parameters: PathParameters
    let log: Log

    init(
        _ request: borrowing Request, _ route: Route = .none, _ parameters: PathParameters = PathParameters(), log: Log
    ) {
        trace = request.headers[.traceparent].flatMap(TraceContext.init) ?? TraceContext(startedBy: requestID)
        start = request.receivedAt
        method = request.method
        target = request.target
        remoteAddress = request.remoteAddress
        self.route = route
        self.parameters = parameters
        self.log = log
    }

    /// Since the request came.
    var nanoseconds: Int64 { MonotonicTime.now.nanoseconds &- start.nanoseconds }
}
