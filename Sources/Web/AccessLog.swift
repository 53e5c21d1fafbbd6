import HTTP
import Reactor
import Telemetry

/// One line for each request, when its response has left. Never the query: it may carry tokens.
struct AccessLog {
    let log: Log
    let id: RequestID
    let trace: TraceContext
    let method: Request.Method
    let path: String
    let route: Route
    let address: SocketAddress

    func write(_ completion: Response.Completion, nanoseconds: Int64) {
        var fields: LogFields = [
            "request_id": .string(id.description),
            "trace_id": .string(trace.traceID),
            "method": .string(method.rawValue),
            "path": .string(path),
            "route": .string(route.path),
            "status": .integer(Int64(completion.status.code)),
            "bytes": .integer(Int64(completion.byteCount)),
            "duration_us": .integer(nanoseconds / 1000),
            "address": .string(address.host),
        ]
        if let parent = trace.parentID { fields["parent_id"] = .string(parent) }
        if !completion.isWhole { fields["cut"] = .bool(true) }
        log.info("request", fields)
    }
}
