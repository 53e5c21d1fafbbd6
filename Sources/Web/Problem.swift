import HTTP

/// An error as clients see it (RFC 9457).
public struct Problem: Error, Sendable {
    public var status: Response.Status
    /// Stable, for programs: `video_not_found`.
    public var code: String
    public var title: String
    /// For people: what happened and what to do.
    public var detail: String?
    /// What is wrong with single fields.
    public var errors: [FieldProblem]
    /// When trying again may help.
    public var retryAfter: Duration?
    /// Names the entry of the log that tells the cause; with server errors only.
    public var errorID: String?
    /// Further header fields, for example `WWW-Authenticate`.
    public var headers = HeaderFields()

    public init(
        _ status: Response.Status, code: String, title: String? = nil, detail: String? = nil,
        errors: [FieldProblem] = [], retryAfter: Duration? = nil
    ) {
        self.status = status
        self.code = code
        self.title = title ?? status.reason
        self.detail = detail
        self.errors = errors
        self.retryAfter = retryAfter
    }
}

public struct FieldProblem: Sendable, Hashable {
    public var field: String
    public var code: String
    public var detail: String

    public init(field: String, code: String, detail: String) {
        self.field = field
        self.code = code
        self.detail = detail
    }
}

/// An error of a room that knows how it looks from outside. Other errors answer 500 and are logged.
public protocol ProblemConvertible: Error {
    var problem: Problem { get }
}

extension Problem: ProblemConvertible {
    public var problem: Problem { self }
}

extension Problem {
    public static func badRequest(code: String = "bad_request", _ detail: String? = nil) -> Problem {
        Problem(.badRequest, code: code, detail: detail)
    }

    public static func unauthorized(code: String = "unauthorized", _ detail: String? = nil) -> Problem {
        var problem = Problem(.unauthorized, code: code, detail: detail ?? "Sign in first.")
        problem.headers.append(.wwwAuthenticate, "Bearer")
        return problem
    }

    public static func forbidden(code: String = "forbidden", _ detail: String? = nil) -> Problem {
        Problem(.forbidden, code: code, detail: detail)
    }

    public static func notFound(code: String = "not_found", _ detail: String? = nil) -> Problem {
        Problem(.notFound, code: code, detail: detail)
    }

    public static func conflict(code: String, _ detail: String? = nil) -> Problem {
        Problem(.conflict, code: code, detail: detail)
    }

    public static func invalid(_ errors: [FieldProblem], detail: String? = nil) -> Problem {
        Problem(
            .unprocessableContent, code: "validation_failed", detail: detail ?? errors.first?.detail, errors: errors)
    }

    public static func invalid(field: String, code: String, _ detail: String) -> Problem {
        invalid([FieldProblem(field: field, code: code, detail: detail)])
    }

    /// - Parameter limit: of the bucket that is empty, for the fields `RateLimit-*` (draft-ietf-httpapi-ratelimit-headers).
    public static func tooManyRequests(
        code: String = "too_many_requests", retryAfter: Duration, limit: Int? = nil
    ) -> Problem {
        var problem = Problem(
            .tooManyRequests, code: code, detail: "Too many requests; wait a little and try again.",
            retryAfter: retryAfter)
        if let limit, let seconds = problem.retrySeconds {
            problem.headers[.rateLimitLimit] = "\(limit)"
            problem.headers[.rateLimitRemaining] = "0"
            problem.headers[.rateLimitReset] = "\(seconds)"
        }
        return problem
    }

    public static func bodyTooLarge(limit: Int) -> Problem {
        Problem(
            .contentTooLarge, code: "body_too_large", detail: "The body may have at most \(limit) bytes here.")
    }
}
