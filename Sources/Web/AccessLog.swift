import HTTP
import Telemetry

/// One line for each request, when its response has left. Never the query, nor a path that holds a token.
enum AccessLog {
    static func write(_ context: BaseContext, _ completion: Response.Completion, nanoseconds: Int64) {
        context.endpoint.log.info("request") { line in
            let trace = context.trace
            line.add("request_id", characters: RequestID.length, context.requestID.write(to:))
            line.add("trace_id", characters: TraceContext.traceLength, trace.writeTraceID(to:))
            line.add("method", context.head.method.rawValue)
            if !context.route.hidesPath { line.add("path", context.head.target, upTo: UInt8(ascii: "?")) }
            line.add("route", context.route.path)
            line.add("status", completion.status.code)
            line.add("bytes", completion.byteCount)
            line.add("duration_us", Int(nanoseconds / 1000))
            line.add("address", context.remoteAddress.host)
            if let parent = trace.parentID { line.add("parent_id", parent) }
            if !completion.isWhole { line.add("cut", true) }
        }
    }
}
