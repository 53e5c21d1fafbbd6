import HTTP
import Reactor
import Telemetry

/// One line for each request, when its response has left. Never the query: it may carry tokens.
struct AccessLog {
    let log: Log
    let id: RequestID
    let method: Request.Method
    let path: String
    let route: Route
    let address: SocketAddress
    let start: MonotonicTime

    func write(_ completion: Response.Completion) {
        var fields: LogFields = [
            "request_id": .string(id.description),
            "method": .string(method.rawValue),
            "path": .string(path),
            "route": .string(route.path),
            "status": .integer(Int64(completion.status.code)),
            "bytes": .integer(Int64(completion.byteCount)),
            "duration_us": .integer((MonotonicTime.now - start).wholeNanoseconds / 1000),
            "address": .string(address.host),
        ]
        if !completion.isWhole { fields["cut"] = .bool(true) }
        log.info("request", fields)
    }
}
