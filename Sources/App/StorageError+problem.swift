import Storage
import Web

// The storage and the web do not know each other; how its errors look from outside is told here.
extension StorageError: ProblemConvertible {
    public var problem: Problem {
        switch self {
        case .noSpace:
            Problem(
                .insufficientStorage, code: "insufficient_storage", title: "Not enough space",
                detail: "The server's disk is full. Nothing was changed; tell the administrator.")
        case .unavailable:
            Problem(
                .serviceUnavailable, code: "busy",
                detail: "The server's storage cannot be reached. Try again in a moment.", retryAfter: .seconds(5))
        default: Problem(.internalServerError, code: "internal_error")
        }
    }
}
