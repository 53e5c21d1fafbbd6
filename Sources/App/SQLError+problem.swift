import SQL
import Web

// The database and the web do not know each other; how its errors look from outside is told here.
extension SQLError: ProblemConvertible {
    public var problem: Problem {
        switch code {
        case .diskFull:
            Problem(
                .insufficientStorage, code: "insufficient_storage", title: "Not enough space",
                detail: "The server's disk is full. Nothing was changed; tell the administrator.")
        case .busy:
            Problem(
                .serviceUnavailable, code: "busy", detail: "The server is busy; try again in a moment.",
                retryAfter: .seconds(2))
        default: Problem(.internalServerError, code: "internal_error")
        }
    }
}
