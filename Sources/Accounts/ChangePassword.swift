import FoundationEssentials
import Reactor
import SQL
import Security
import Web

/// What a client goes on with after its person changed the password.
struct ChangedPassword: Sendable {
    var user: User
    var session: Session
    var cookieSecret: SessionSecret
    var refreshSecret: SessionSecret
    var accessToken: String
}

extension Accounts {
    /// Changes a person's own password. All sign-ins of theirs end, and the one that asks begins anew: whoever has copied
    /// its cookie or its tokens is out as well.
    func changePassword(
        of caller: Caller, current: String, new: String, from address: SocketAddress
    ) async throws -> ChangedPassword {
        guard let user = try await user(caller.userID) else { throw AccountsError.notSignedIn }
        let asker = PasswordHasher.Asker.person(user.id.description)
        // Wrong ones are counted, or a stolen session could guess on.
        let attempt = PasswordAttempt(
            account: user.email.description, password: current, source: .session(caller.sessionID), asker: asker)
        // Before the work of hashing.
        let complaints = PasswordPolicy.complaints(about: new, field: "new_password")
        guard complaints.isEmpty else { throw Problem.invalid(complaints) }
        guard try await check(attempt) != nil else {
            throw Problem.invalid(field: "current_password", code: "wrong_password", "This is not your password.")
        }
        guard new != current else {
            throw Problem.invalid(field: "new_password", code: "unchanged", "This is the password you have.")
        }
        let hash = try await hash(new, for: asker)
        let moment = now()
        let fresh = FreshSession(of: user, until: moment + settings.sessionLifetime)
        try await database.write { [self] transaction in
            try attempts.forgive(attempt.account, from: attempt.source, in: transaction)
            try setPassword(hash, of: user.id, at: moment, in: transaction)
            try insert(fresh, address: address.host, at: moment, in: transaction)
        }
        log.info("password changed", ["user_id": "\(user.id)"])
        return ChangedPassword(
            user: user, session: fresh.session, cookieSecret: fresh.cookie, refreshSecret: fresh.refresh,
            accessToken: try accessToken(for: fresh.session, at: moment))
    }

    /// A new password ends every sign-in.
    func setPassword(
        _ hash: PasswordHash, of user: UserID, at moment: Date, in transaction: Transaction
    ) throws {
        try users.setPassword(user, hash, at: moment, in: transaction)
        try sessions.removeAll(of: user, in: transaction)
        try announce(.personChanged(user), in: transaction)
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
