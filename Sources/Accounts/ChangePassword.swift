import FoundationEssentials
import SQL
import Security
import Web

extension Accounts {
    /// Changes a person's own password. All other sign-ins of theirs end; the one that asks goes on.
    func changePassword(of caller: Caller, current: String, new: String) async throws {
        guard let user = try await user(caller.userID) else { throw AccountsError.notSignedIn }
        try await confirm(current, of: user)
        let complaints = PasswordPolicy.complaints(about: new, field: "new_password")
        guard complaints.isEmpty else { throw Problem.invalid(complaints) }
        guard new != current else {
            throw Problem.invalid(field: "new_password", code: "unchanged", "This is the password you have.")
        }
        let hash = try await hash(new)
        try await setPassword(hash, of: user.id, keeping: caller.sessionID)
        log.info("password changed", ["user_id": "\(user.id)"])
    }

    /// The current password once more; wrong ones count like wrong sign-ins, or a stolen session could guess on.
    private func confirm(_ password: String, of user: User) async throws {
        let (attempts, account, moment) = (attempts, user.email.description, now())
        let verdict = try await database.write { try attempts.begin(account, at: moment, in: $0) }
        if case .locked(let end) = verdict {
            throw AccountsError.accountLocked(retryAfter: .seconds(end.timeIntervalSince(moment)))
        }
        guard try await verify(password, against: user.passwordHash) else {
            try await database.write { try attempts.fail(account, at: moment, in: $0) }
            throw Problem.invalid(field: "current_password", code: "wrong_password", "This is not your password.")
        }
        try await database.write { try attempts.forgive(account, in: $0) }
    }

    func setPassword(_ hash: PasswordHash, of user: UserID, keeping kept: SessionID?) async throws {
        let moment = now()
        try await database.write { [self] transaction in
            try users.setPassword(user, hash, at: moment, in: transaction)
            try sessions.removeAll(of: user, except: kept, in: transaction)
            try announce(.personChanged(user), in: transaction)
        }
    }

    /// Keeps a person out, or lets them in again. Sessions end at once.
    public func setDisabled(_ isDisabled: Bool, of user: UserID) async throws {
        try await database.write { [self] transaction in
            try users.setDisabled(user, isDisabled, in: transaction)
            if isDisabled { try sessions.removeAll(of: user, in: transaction) }
            try announce(.personChanged(user), in: transaction)
        }
    }
}
