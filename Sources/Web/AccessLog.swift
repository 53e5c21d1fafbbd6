import HTTP
import Reactor
import Telemetry

/// One line for each request, when its response has left. Never the query: it may carry tokens.
struct AccessLog {
    let log: Log
    let id: RequestID
    let trace: TraceContext
    let method: Request.Method
    let target: String
    let route: Route
    let address: SocketAddress

    func write(_ completion: Response.Completion, nanoseconds: Int64) {
        log.info("request") { line in
            line.add("request_id", characters: RequestID.length, id.write(to:))
            line.add("trace_id", characters: TraceContext.traceLength, trace.writeTraceID(to:))
            line.add("method", method.rawValue)
            line.add("path", target, upTo: UInt8(ascii: "?"))
            line.add("route", route.path)
            line.add("status", completion.status.code)
            line.add("bytes", completion.byteCount)
            line.add("duration_us", Int(nanoseconds / 1000))
            line.add("address", address.host)
            if let parent = trace.parentID { line.add("parent_id", parent) }
            if !completion.isWhole { line.add("cut", true) }
        }
    }
}
