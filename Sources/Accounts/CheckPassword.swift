import FoundationEssentials
import SQL
import Security

/// One attempt to give the password of an account.
struct PasswordAttempt: Sendable {
    /// What the address that was typed is counted under.
    let account: String
    let password: String
    let source: SignInSource
    /// In whose name the password is hashed.
    let asker: PasswordHasher.Asker
}

extension Accounts {
    /// The person, if the password is theirs. Wrong ones are counted, and so many in a row lock their source out.
    ///
    /// What is known of the account shows neither in the answer nor in the work done before it. The attempts of one source
    /// go one after the other, so that no guess is looked at before the one ahead of it was counted, and several right
    /// ones at once are no guesses.
    func check(_ attempt: PasswordAttempt) async throws -> User? {
        try await turns.inTurn(SignInTurns.Line(account: attempt.account, source: attempt.source)) {
            let user = try await begin(attempt)
            guard case .network = attempt.source else { return try await isRight(attempt, user) ? user : nil }
            // Strangers of all networks together are slowed down as well.
            return try await accountFailures.check(attempt.account) { try await isRight(attempt, user) } ? user : nil
        }
    }

    private func isRight(_ attempt: PasswordAttempt, _ user: User?) async throws -> Bool {
        if try await verify(attempt.password, against: user?.passwordHash, for: attempt.asker) { return true }
        let (attempts, moment) = (attempts, now())
        try await database.write { try attempts.fail(attempt.account, from: attempt.source, at: moment, in: $0) }
        log.warning(
            "wrong password",
            ["user_id": .string(user?.id.description ?? "none"), "source": .string(attempt.source.text)])
        return false
    }

    /// - Throws: `AccountsError.accountLocked`.
    private func begin(_ attempt: PasswordAttempt) async throws -> User? {
        let (attempts, users, moment) = (attempts, users, now())
        let (lock, user) = try await database.read { access in
            let lock = try attempts.lock(on: attempt.account, from: attempt.source, at: moment, in: access)
            return (lock, try EmailAddress(attempt.account).flatMap { try users.find(email: $0, in: access) })
        }
        guard let lock else { return user }
        throw AccountsError.accountLocked(retryAfter: .seconds(lock.timeIntervalSince(moment)))
    }
}
