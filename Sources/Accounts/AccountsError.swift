import FoundationEssentials
import Reactor
import Web

/// Why an account's use was refused, as the one who asks may know it.
public enum AccountsError: Error, Sendable, Equatable {
    /// No such account or another password: the answer does not tell which.
    case badCredentials
    case otpRequired
    case accountLocked(retryAfter: Duration)
    case accountDisabled
    case tooManyAttempts(TooManyAttempts)
    /// The access token is expired, damaged, or its session is over.
    case invalidToken
    /// The refresh token is unknown, was used before, or its session is over.
    case invalidRefreshToken
    case notSignedIn
    case csrfFailed
    case roleRequired
    case emailTaken
    /// For the command line only: a request is never told so.
    case noSuchAccount
    case invalidEmail
    /// All threads that check passwords are busy and the queue before them is full.
    case busy
}

extension AccountsError: ProblemConvertible {
    public var problem: Problem {
        switch self {
        case .badCredentials: .unauthorized(code: "bad_credentials", "The address or the password is wrong.")
        case .otpRequired: .unauthorized(code: "otp_required", "Enter the code of your authenticator.")
        case .accountLocked(let retryAfter):
            Problem(
                .locked, code: "account_locked",
                detail: "Too many wrong passwords: from where you are, this account is locked for a while.",
                retryAfter: retryAfter)
        case .accountDisabled: .forbidden(code: "account_disabled", "This account is disabled.")
        case .tooManyAttempts(let error):
            .tooManyRequests(code: "too_many_attempts", retryAfter: error.retryAfter, limit: error.limit)
        case .invalidToken: invalidTokenProblem
        case .invalidRefreshToken: .unauthorized(code: "invalid_refresh_token", "Sign in again.")
        case .notSignedIn: .unauthorized()
        case .csrfFailed:
            .forbidden(code: "csrf_failed", "Send the value of the cookie palco_csrf as X-CSRF-Token.")
        case .roleRequired: .forbidden(code: "forbidden", "Your account may not do this.")
        case .emailTaken: .conflict(code: "email_taken", "There is an account with this address.")
        case .noSuchAccount: .notFound(code: "user_not_found", "There is no account with this address.")
        case .invalidEmail: .invalid(field: "email", code: "invalid", "This is no e-mail address.")
        case .busy:
            Problem(
                .serviceUnavailable, code: "busy", detail: "Too many people sign in right now; try again in a moment.",
                retryAfter: .seconds(2))
        }
    }

    private var invalidTokenProblem: Problem {
        var problem = Problem.unauthorized(code: "invalid_token", "The access token is expired or not valid.")
        problem.headers[.wwwAuthenticate] = #"Bearer error="invalid_token""#
        return problem
    }
}
