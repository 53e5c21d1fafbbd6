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
        case .disconnected:
            Problem(
                .serviceUnavailable, code: "busy",
                detail: "The server's database cannot be reached; nothing was changed. Try again in a moment.",
                retryAfter: .seconds(5))
        case .unknownOutcome:
            Problem(
                .serviceUnavailable, code: "busy",
                detail:
                    "The server's database went away in the middle: look whether the change was made, then try again.",
                retryAfter: .seconds(5))
        case .invalidText:
            Problem(.badRequest, code: "invalid_text", detail: "A text holds the character NUL, which is kept nowhere.")
        default: Problem(.internalServerError, code: "internal_error")
        }
    }
}
