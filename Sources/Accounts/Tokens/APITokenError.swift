import Web

/// Why something with an API token was refused.
enum APITokenError: Error, Sendable, Equatable {
    case notFound
    case tooMany
    /// The token has not this scope.
    case scopeMissing(TokenScope)
    /// Only a person who signed in may do it.
    case personNeeded
}

extension APITokenError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .notFound: .notFound(code: "token_not_found", "There is no such token.")
        case .tooMany:
            .conflict(
                code: "too_many_tokens",
                "There are \(CreateAPIToken.mostPerPerson) tokens, and a person has no more. Remove one that nobody needs."
            )
        case .scopeMissing(let scope): Self.problem(of: scope)
        case .personNeeded:
            .forbidden(code: "session_required", "An API token may not do this. Sign in with your password.")
        }
    }

    /// RFC 6750 3.1.
    private static func problem(of scope: TokenScope) -> Problem {
        var problem = Problem.forbidden(
            code: "insufficient_scope", "This API token has not the scope \(scope.rawValue), which this needs.")
        problem.headers[.wwwAuthenticate] = #"Bearer error="insufficient_scope", scope="\#(scope.rawValue)""#
        return problem
    }
}
