import Bus
import FoundationEssentials
import SQL
import Security
import Telemetry

/// One attempt to give the password of an account.
struct PasswordAttempt: Sendable {
    /// What the address that was typed is counted under.
    let account: String
    let password: String
    let source: SignInSource
    /// In whose name the password is hashed.
    let asker: PasswordHasher.Asker
    var secondStep = SecondStep.none

    /// Whether a one-time code belongs to the attempt, where the account has them.
    enum SecondStep: Sendable {
        /// Not where a session gives the password once more.
        case none
        /// Nil for who sent none.
        case code(String?)
    }
}

/// Checks the password of an account, and then the one-time code. Wrong ones of both are counted together, and so many in a
/// row lock their source out.
///
/// What is known of the account shows neither in the answer nor in the work done before it. The attempts of one source
/// go one after the other, so that no guess is looked at before the one ahead of it was counted, and several right
/// ones at once are no guesses.
struct CheckPassword: Sendable {
    enum Verdict: Sendable {
        /// - Parameter factor: nil where no code was asked for.
        case right(User, factor: SecondFactor?)
        case wrongPassword
        /// The password is right. Only who knows it learns that the account has codes.
        case wrongCode
    }

    let database: Database
    let passwords: AccountPasswords
    let attempts: SignInAttempts
    let turns: SignInTurns
    /// Wrong passwords for an account, whatever the networks: many hosts together cannot guess on without a pause.
    let accountFailures: SharedBuckets<String>
    let checkOTP: CheckOTP
    let tellLockedOut: TellLockedOut
    let log: Log
    let now: @Sendable () -> Date
    private let users = UserStore()

    init(
        database: Database, passwords: AccountPasswords, attempts: SignInAttempts, turns: SignInTurns,
        accountFailures: SharedBuckets<String>, checkOTP: CheckOTP, tellLockedOut: TellLockedOut, log: Log,
        now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.passwords = passwords
        self.attempts = attempts
        self.turns = turns
        self.accountFailures = accountFailures
        self.checkOTP = checkOTP
        self.tellLockedOut = tellLockedOut
        self.log = log
        self.now = now
    }

    /// - Throws: `AccountsError.accountLocked`, `busy`, `tooManyAttempts`; `otpRequired`, which counts neither as right nor as
    ///   wrong.
    func callAsFunction(_ attempt: PasswordAttempt) async throws -> Verdict {
        try await turns.inTurn(SignInTurns.Line(account: attempt.account, source: attempt.source)) {
            let user = try await begin(attempt)
            guard case .network = attempt.source else { return try await look(at: attempt, user) }
            var verdict = Verdict.wrongPassword
            // Strangers of all networks together are slowed down as well.
            _ = try await accountFailures.check(attempt.account) {
                verdict = try await look(at: attempt, user)
                if case .right = verdict { return true }
                return false
            }
            return verdict
        }
    }

    private func look(at attempt: PasswordAttempt, _ user: User?) async throws -> Verdict {
        let isRight = try await passwords.verify(attempt.password, against: user?.passwordHash, for: attempt.asker)
        guard isRight, let user else {
            let moment = now()
            let isLockedNow = try await database.write { transaction in
                try attempts.fail(attempt.account, of: user?.id, from: attempt.source, at: moment, in: transaction)
            }
            log.warning(
                "wrong password",
                ["user_id": .string(user?.id.description ?? "none"), "source": .string(attempt.source.text)])
            if isLockedNow { try await tellLockedOut(attempt.account, of: user) }
            return .wrongPassword
        }
        // Whoever is kept out is told so, and no code of theirs is used up.
        guard case .code(let code) = attempt.secondStep, user.isOTPEnabled, !user.isDisabled else {
            return .right(user, factor: nil)
        }
        guard let code else { throw AccountsError.otpRequired }
        let factor = try await checkOTP.attempt(code, of: user, source: attempt.source)
        return factor.map { .right(user, factor: $0) } ?? .wrongCode
    }

    /// - Throws: `AccountsError.accountLocked`.
    private func begin(_ attempt: PasswordAttempt) async throws -> User? {
        let moment = now()
        let (lock, user) = try await database.read { access in
            let lock = try attempts.lock(on: attempt.account, from: attempt.source, at: moment, in: access)
            return (lock, try EmailAddress(attempt.account).flatMap { try users.find(email: $0, in: access) })
        }
        guard let lock else { return user }
        throw AccountsError.accountLocked(retryAfter: .seconds(lock.timeIntervalSince(moment)))
    }
}
