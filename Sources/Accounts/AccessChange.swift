import SQL

/// What ended or changed about a person's right to be here.
public enum AccessChange: Sendable, Equatable {
    /// One sign-in ended; others of the person go on.
    case sessionEnded(SessionID, of: UserID)
    /// The role, the password, or whether the person may be here at all.
    case personChanged(UserID)
}

/// Told of each change inside the transaction that makes it. What it registers with `afterCommit` runs when sessions are
/// looked up anew already.
public typealias AccessFollower = @Sendable (AccessChange, Transaction) throws -> Void

extension Accounts {
    /// Every change of who may be here goes through this.
    func announce(_ change: AccessChange, in transaction: Transaction) throws {
        transaction.afterCommit { [lookup] in lookup.forgetAll() }
        try follow(change, transaction)
    }

    /// Who a caller is by now, mostly from memory; nil once the session is over or its person may not be here.
    public func current(_ caller: Caller) async throws -> Caller? {
        guard let session = try await lookup.session(caller.sessionID, at: now()) else { return nil }
        return Caller(session, by: caller.credential)
    }

    /// The role that a person has in this transaction; nil for nobody, and for people who may not be here.
    public static func role(of person: UserID, in access: ReadAccess) throws -> Role? {
        guard let user = try UserStore().find(person, in: access), !user.isDisabled else { return nil }
        return user.role
    }

    /// Gives a person another role. What their sign-ins may do follows at once.
    public func setRole(_ role: Role, of user: UserID) async throws {
        try await database.write { [self] transaction in
            try users.setRole(user, role, in: transaction)
            try announce(.personChanged(user), in: transaction)
        }
    }
}
