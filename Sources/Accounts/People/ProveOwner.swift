import FoundationEssentials
import SQL
import Web

/// Has a signed-in person show once more that the account is theirs, before something that cannot be undone: by the password, or
/// where there is none by a sign-in of the last minutes, and by a one-time code where those are on.
struct ProveOwner: Sendable {
    struct Proof: Decodable, Sendable {
        var password: String?
        var otp: String?
    }

    let database: Database
    let checkPassword: CheckPassword
    let checkOTP: CheckOTP
    let attempts: SignInAttempts
    /// Seconds.
    let recentSignIn: TimeInterval
    let now: @Sendable () -> Date
    private let users = UserStore()
    private let sessions = SessionStore()

    init(
        database: Database, checkPassword: CheckPassword, checkOTP: CheckOTP, attempts: SignInAttempts,
        recentSignIn: TimeInterval, now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.checkPassword = checkPassword
        self.checkOTP = checkOTP
        self.attempts = attempts
        self.recentSignIn = recentSignIn
        self.now = now
    }

    /// - Returns: the person.
    /// - Throws: problems with the fields `password` and `otp`; `AccountsError.recentSignInRequired`, `accountLocked`, `busy`,
    ///   `tooManyAttempts`.
    func callAsFunction(_ proof: Proof, of caller: Caller) async throws -> User {
        let moment = now()
        let (user, session) = try await database.read { access in
            (
                try users.find(caller.userID, in: access),
                try sessions.find(caller.sessionID, at: moment, in: access)
            )
        }
        guard let user, let session else { throw AccountsError.notSignedIn }
        if user.isOTPEnabled, proof.otp == nil {
            throw Problem.invalid(field: "otp", code: "required", "Enter the code of your authenticator.")
        }
        if user.passwordHash != nil {
            try await check(proof, of: user, caller)
        } else {
            guard moment.timeIntervalSince(session.createdAt) < recentSignIn else {
                throw AccountsError.recentSignInRequired
            }
            guard user.isOTPEnabled else { return user }
            do {
                try await checkOTP(proof.otp ?? "", of: caller) { _, _, _ in }
            } catch let problem as Problem where problem.code == CheckOTP.wrong.code {
                throw Self.wrongCode
            }
        }
        return user
    }

    /// Wrong ones are counted, or a stolen session could guess on.
    private func check(_ proof: Proof, of user: User, _ caller: Caller) async throws {
        guard let password = proof.password else {
            throw Problem.invalid(field: "password", code: "required", "Send your password.")
        }
        let attempt = PasswordAttempt(
            account: user.email.description, password: password, source: .session(caller.sessionID),
            asker: .person(user.id.description), secondStep: .code(proof.otp))
        switch try await checkPassword(attempt) {
        case .right:
            try await database.write { try attempts.forgive(attempt.account, from: attempt.source, in: $0) }
        case .wrongPassword:
            throw Problem.invalid(field: "password", code: "wrong_password", "This is not your password.")
        case .wrongCode: throw Self.wrongCode
        }
    }

    private static let wrongCode = Problem.invalid(
        field: "otp", code: "otp_wrong", "This code is wrong, was used before, or is too old. Enter the next one.")
}
