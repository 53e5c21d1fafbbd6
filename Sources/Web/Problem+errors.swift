import HTTP
import Reactor

extension Problem {
    /// The one mapping of thrown errors to answers. Nil means: unexpected, answer 500 and log the error.
    init?(_ error: any Error) {
        switch error {
        case let error as any ProblemConvertible: self = error.problem
        case let error as RequestBodyError: self = Problem(error)
        case is JSONInputError: self = Problem.badRequest(code: "malformed_json", "\(error)")
        case let error as MultipartError: self = error.problem
        // The peer left, so nobody reads it: it tells the log why the request has no answer.
        case is CancellationError where Task.isCancelled:
            self = Problem(.clientClosedRequest, code: "client_closed_request")
        case BlockingPoolError.full:
            self = Problem(
                .serviceUnavailable, code: "busy", detail: "The server is busy; try again in a moment.",
                retryAfter: .seconds(2))
        default: return nil
        }
    }

    private init(_ error: RequestBodyError) {
        switch error {
        case .tooLarge(let limit): self = .bodyTooLarge(limit: limit)
        case .malformed: self = .badRequest(code: "malformed_body", "The body's framing is broken.")
        case .tooSlow: self = Problem(.requestTimeout, code: "body_too_slow", detail: "The body came too slowly.")
        case .disconnected: self = .badRequest(code: "disconnected", "The connection ended before the body did.")
        case .interrupted:
            self = Problem(.conflict, code: "interrupted", detail: "A newer request took this one's place.")
        }
    }
}
