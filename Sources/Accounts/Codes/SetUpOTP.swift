import FoundationEssentials
import SQL
import Security
import Web

/// Makes the secret of an authenticator and shows it, once. It counts for nothing until it is confirmed.
struct SetUpOTP: Sendable {
    /// What authenticators show beside the address.
    private static let issuer = "Palco"

    /// What an authenticator needs, as text and as a picture.
    struct Proposal: Sendable {
        var secret: String
        var uri: String
        var qrSVG: String
    }

    let database: Database
    let keys: OneTimeCodeKeys
    let checkPassword: CheckPassword
    let attempts: SignInAttempts
    /// Seconds.
    let recentSignIn: TimeInterval
    let now: @Sendable () -> Date
    private let store = OneTimeCodeStore()
    private let users = UserStore()
    private let sessions = SessionStore()

    init(
        database: Database, keys: OneTimeCodeKeys, checkPassword: CheckPassword, attempts: SignInAttempts,
        recentSignIn: TimeInterval, now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.keys = keys
        self.checkPassword = checkPassword
        self.attempts = attempts
        self.recentSignIn = recentSignIn
        self.now = now
    }

    /// - Parameter password: not needed shortly after the sign-in.
    /// - Throws: a problem with the field `password` for a wrong one; `AccountsError.recentSignInRequired`, `otpEnabled`,
    ///   `accountLocked`, `busy`, `tooManyAttempts`.
    func callAsFunction(for caller: Caller, password: String?) async throws -> Proposal {
        let moment = now()
        let (user, session) = try await database.read { access in
            (
                try users.find(caller.userID, in: access),
                try sessions.find(caller.sessionID, at: moment, in: access)
            )
        }
        guard let user, let session else { throw AccountsError.notSignedIn }
        guard !user.isOTPEnabled else { throw AccountsError.otpEnabled }
        if let password {
            try await check(password, of: user, caller)
        } else if moment.timeIntervalSince(session.createdAt) >= recentSignIn {
            throw AccountsError.recentSignInRequired
        }
        let code = OneTimeCode()
        let sealed = try keys.seal(code, of: user.id)
        let isKept = try await database.write { try store.propose(sealed, for: user.id, in: $0) }
        guard isKept else { throw AccountsError.otpEnabled }
        let uri = code.uri(account: user.email.description, issuer: Self.issuer)
        return Proposal(secret: code.text, uri: uri, qrSVG: try QRCode(uri).svg)
    }

    private func check(_ password: String, of user: User, _ caller: Caller) async throws {
        // Wrong ones are counted, or a stolen session could guess on.
        let attempt = PasswordAttempt(
            account: user.email.description, password: password, source: .session(caller.sessionID),
            asker: .person(user.id.description))
        guard case .right = try await checkPassword(attempt) else {
            throw Problem.invalid(field: "password", code: "wrong_password", "This is not your password.")
        }
        try await database.write { try attempts.forgive(attempt.account, from: attempt.source, in: $0) }
    }
}
