import FoundationEssentials
import SQL
import Security
import Telemetry
import Web

/// Looks at one-time codes and recovery codes. A right one is used up with that; wrong ones are counted like wrong passwords,
/// together with them, and so many in a row lock their source out.
struct CheckOTP: Sendable {
    /// What a right code was.
    private enum Use: Sendable {
        case authenticator
        case recoveryCode(left: Int)

        var factor: SecondFactor {
            switch self {
            case .authenticator: .oneTimeCode
            case .recoveryCode: .recoveryCode
            }
        }
    }

    let database: Database
    let keys: OneTimeCodeKeys
    let attempts: SignInAttempts
    let turns: SignInTurns
    let tellLockedOut: TellLockedOut
    let log: Log
    let now: @Sendable () -> Date
    private let store = OneTimeCodeStore()
    private let users = UserStore()

    init(
        database: Database, keys: OneTimeCodeKeys, attempts: SignInAttempts, turns: SignInTurns,
        tellLockedOut: TellLockedOut, log: Log, now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.keys = keys
        self.attempts = attempts
        self.turns = turns
        self.tellLockedOut = tellLockedOut
        self.log = log
        self.now = now
    }

    /// A code that a signed-in person gives once more. With a right one `body` runs in the transaction that uses it up.
    ///
    /// - Throws: a problem with the field `code` for a wrong one; `AccountsError.otpNotSetUp`, `accountLocked`,
    ///   `tooManyAttempts`; what `body` throws, and then the code is not used.
    func callAsFunction(
        _ code: String, of caller: Caller,
        then body: @escaping @Sendable (User, SecondFactor, Transaction) throws -> Void
    ) async throws {
        let source = SignInSource.session(caller.sessionID)
        guard let user = try await database.readOnce({ try users.find(caller.userID, in: $0) }) else {
            throw AccountsError.notSignedIn
        }
        guard user.isOTPEnabled else { throw AccountsError.otpNotSetUp }
        let account = user.email.description
        try await turns.inTurn(SignInTurns.Line(account: account, source: source)) {
            let moment = now()
            if let lock = try await database.read({ try attempts.lock(on: account, from: source, at: moment, in: $0) })
            {
                throw AccountsError.accountLocked(retryAfter: .seconds(lock.timeIntervalSince(moment)))
            }
            let factor = try await attempt(code, of: user, source: source) { factor, transaction in
                try attempts.forgive(account, from: source, in: transaction)
                try body(user, factor, transaction)
            }
            guard factor != nil else { throw Self.wrong }
        }
    }

    /// Uses a code up, or counts it as wrong. The caller has the turn of this source, which is not locked.
    ///
    /// - Parameter body: runs for a right one, in the same transaction.
    /// - Returns: what a right one was; nil for a wrong one.
    func attempt(
        _ code: String, of user: User, source: SignInSource,
        then body: @escaping @Sendable (SecondFactor, Transaction) throws -> Void = { _, _ in }
    ) async throws -> SecondFactor? {
        let moment = now()
        let (found, isLockedNow) = try await database.write { transaction -> (Use?, Bool) in
            let found = try use(code, of: user.id, at: moment, in: transaction)
            guard let found else {
                let isLockedNow = try attempts.fail(
                    user.email.description, of: user.id, from: source, at: moment, in: transaction)
                return (nil, isLockedNow)
            }
            try body(found.factor, transaction)
            return (found, false)
        }
        switch found {
        case .authenticator: break
        case .recoveryCode(let left):
            log.warning("a recovery code was used", ["user_id": "\(user.id)", "left": .init(left)])
        case nil: log.warning("wrong one-time code", ["user_id": "\(user.id)", "source": .string(source.text)])
        }
        if isLockedNow { try await tellLockedOut(user.email.description, of: user, byCodes: true) }
        return found?.factor
    }

    private func use(_ code: String, of user: UserID, at moment: Date, in transaction: Transaction) throws -> Use? {
        guard let stored = try store.find(user, in: transaction), stored.confirmedAt != nil else { return nil }
        if let digits = OneTimeCode.digits(typed: code) {
            let step = try keys.open(stored.sealedSecret, of: user).step(
                of: digits, at: Int64(moment.timeIntervalSince1970), after: stored.lastStep)
            guard let step, try store.use(step: step, of: user, in: transaction) else { return nil }
            return .authenticator
        }
        guard let recovery = RecoveryCode(typed: code),
            try store.useRecoveryCode(hash: keys.hash(recovery, of: user), of: user, at: moment, in: transaction)
        else { return nil }
        return .recoveryCode(left: try store.recoveryCodesLeft(of: user, in: transaction))
    }

    static let wrong = Problem.invalid(
        field: "code", code: "otp_wrong", "This code is wrong, was used before, or is too old. Enter the next one.")
}
