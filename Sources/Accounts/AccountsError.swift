import FoundationEssentials
import Reactor
import Web

/// Why an account's use was refused, as the one who asks may know it.
public enum AccountsError: Error, Sendable, Equatable {
    /// No such account or another password: the answer does not tell which.
    case badCredentials
    case otpRequired
    /// The code is wrong, was used before, or is too old. Only who knows the password is told so.
    case otpWrong
    /// One-time codes are on already.
    case otpEnabled
    /// One-time codes are not on, or no secret was made before.
    case otpNotSetUp
    /// The password, or a new sign-in, is needed for this.
    case recentSignInRequired
    /// Something else must be done first.
    case dutyFirst(Duty)
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
    case noSuchSession
    case noSuchPerson
    case noSuchGroup
    case groupNameTaken
    case noSuchProvider
    case noSuchIdentity
    /// Without it nobody could sign in to the account.
    case lastWayIn
    /// No token of the provider's, or one that was obeyed already.
    case badLogoutToken
    /// A trusted proxy names somebody who has no account.
    case unknownProxyUser
    /// Nobody would be left to administer the house.
    case lastAdministrator
    /// People remove their own accounts nowhere but where the operator allows it.
    case removalClosed
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
        case .otpWrong:
            .unauthorized(code: "otp_wrong", "This code is wrong, was used before, or is too old. Enter the next one.")
        case .otpEnabled:
            .conflict(code: "otp_enabled", "One-time codes are on. Disable them first, for a new authenticator.")
        case .otpNotSetUp: .conflict(code: "otp_not_set_up", "One-time codes are not on.")
        case .recentSignInRequired:
            .forbidden(
                code: "recent_sign_in_required", "Your sign-in is some time ago: send your password, or sign in again.")
        case .dutyFirst(.setUpOTP):
            .forbidden(code: "otp_setup_required", "Your role must have one-time codes: set them up first.")
        case .dutyFirst(.changePassword):
            .forbidden(code: "password_change_required", "Your password is too old: change it first.")
        case .accountLocked(let retryAfter):
            Problem(
                .locked, code: "account_locked",
                detail: "Too many wrong passwords or codes: from where you are, this account is locked for a while.",
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
        case .noSuchSession: .notFound(code: "session_not_found", "You have no such sign-in; it may be over.")
        case .noSuchPerson: .notFound(code: "user_not_found", "There is no such person.")
        case .noSuchGroup: .notFound(code: "group_not_found", "There is no such group.")
        case .groupNameTaken: .conflict(code: "group_name_taken", "There is a group with this name.")
        case .noSuchProvider: .notFound(code: "provider_not_found", "There is no such way to sign in here.")
        case .noSuchIdentity: .notFound(code: "identity_not_found", "Your account has no such link.")
        case .lastWayIn:
            .conflict(code: "last_way_in", "This is the only way to sign in to your account. Choose a password first.")
        case .badLogoutToken: .badRequest(code: "bad_logout_token", "This is no logout token that is obeyed here.")
        case .unknownProxyUser:
            .unauthorized(
                code: "unknown_proxy_user", "The proxy before this server names nobody who has an account here.")
        case .lastAdministrator:
            .conflict(
                code: "last_administrator",
                "This is the last administrator who may sign in. Make somebody else an administrator first.")
        case .removalClosed:
            .forbidden(code: "removal_closed", "Accounts are removed by administrators here: ask one of them.")
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
