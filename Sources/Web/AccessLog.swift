import HTTP
import Telemetry

/// One line for each request, when its response has left. Never the query: it may carry tokens.
enum AccessLog {
    static func write(_ exchange: Exchange, _ completion: Response.Completion, nanoseconds: Int64) {
        exchange.log.info("request") { line in
            line.add("request_id", characters: RequestID.length, exchange.requestID.write(to:))
            line.add("trace_id", characters: TraceContext.traceLength, exchange.trace.writeTraceID(to:))
            line.add("method", exchange.method.rawValue)
            line.add("path", exchange.target, upTo: UInt8(ascii: "?"))
            line.add("route", exchange.route.path)
            line.add("status", completion.status.code)
            line.add("bytes", completion.byteCount)
            line.add("duration_us", Int(nanoseconds / 1000))
            line.add("address", exchange.remoteAddress.host)
            if let parent = exchange.trace.parentID { line.add("parent_id", parent) }
            if !completion.isWhole { line.add("cut", true) }
        }
    }
}
