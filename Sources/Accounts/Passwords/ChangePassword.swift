import FoundationEssentials
import Reactor
import SQL
import Security
import Telemetry
import Web

/// Changes a person's own password. All sign-ins of theirs end, and the one that asks begins anew: whoever has copied
/// its cookie or its tokens is out as well.
struct ChangePassword: Sendable {
    let database: Database
    let check: CheckPassword
    let passwords: AccountPasswords
    let checkNew: CheckNewPassword
    let attempts: SignInAttempts
    let set: SetPassword
    let begin: BeginSession
    let audit: AuditLog
    let log: Log
    let now: @Sendable () -> Date
    private let users = UserStore()

    init(
        database: Database, check: CheckPassword, passwords: AccountPasswords, checkNew: CheckNewPassword,
        attempts: SignInAttempts, set: SetPassword, begin: BeginSession, audit: AuditLog, log: Log,
        now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.check = check
        self.passwords = passwords
        self.checkNew = checkNew
        self.attempts = attempts
        self.set = set
        self.begin = begin
        self.audit = audit
        self.log = log
        self.now = now
    }

    /// - Throws: `Problem` where a password will not do; `AccountsError`.
    func callAsFunction(
        of caller: Caller, current: String, new: String, from origin: SessionOrigin
    ) async throws -> IssuedSession {
        guard let user = try await database.readOnce({ try users.find(caller.userID, in: $0) }) else {
            throw AccountsError.notSignedIn
        }
        let asker = PasswordHasher.Asker.person(user.id.description)
        // Wrong ones are counted, or a stolen session could guess on.
        let attempt = PasswordAttempt(
            account: user.email.description, password: current, source: .session(caller.sessionID), asker: asker)
        // Before the work of hashing.
        let complaints = checkNew.policy.complaints(about: new, field: "new_password")
        guard complaints.isEmpty else { throw Problem.invalid(complaints) }
        guard case .right = try await check(attempt) else {
            throw Problem.invalid(field: "current_password", code: "wrong_password", "This is not your password.")
        }
        guard new != current else {
            throw Problem.invalid(field: "new_password", code: "unchanged", "This is the password you have.")
        }
        // What a person had before is told to nobody else.
        try await checkNew(new, of: user.id, field: "new_password", for: asker)
        let hash = try await passwords.hash(new, for: asker)
        let moment = now()
        var changed = user
        (changed.passwordHash, changed.passwordChangedAt) = (hash, moment)
        let person = changed
        let fresh = begin.fresh(of: person, at: moment)
        try await database.write { transaction in
            try attempts.forgive(attempt.account, from: attempt.source, in: transaction)
            try set(hash, of: user.id, at: moment, in: transaction)
            try begin.insert(fresh, from: origin, isSignIn: false, in: transaction)
            try audit.record(
                AuditEvent(
                    .passwordChanged, of: AuditTarget(user),
                    by: AuditOrigin(AuditActor(caller), at: origin.address)), in: transaction)
        }
        log.info("password changed", ["user_id": "\(user.id)"])
        return try begin.issued(fresh, to: person)
    }
}

/// Gives a person a new password, which ends every sign-in and every link by which another one could be chosen, and tells the owner.
struct SetPassword: Sendable {
    let changes: AccessChanges
    let former: FormerPasswords
    let facts: PersonFacts
    let post: PostLetter
    private let users = UserStore()
    private let sessions = SessionStore()
    private let resets = PasswordResetStore()

    init(changes: AccessChanges, former: FormerPasswords, facts: PersonFacts, post: PostLetter) {
        self.changes = changes
        self.former = former
        self.facts = facts
        self.post = post
    }

    func callAsFunction(_ hash: PasswordHash, of user: UserID, at moment: Date, in transaction: Transaction) throws {
        if let old = try users.find(user, in: transaction)?.passwordHash {
            try former.keep(old, of: user, at: moment, in: transaction)
        }
        try users.setPassword(user, hash, at: moment, in: transaction)
        try sessions.removeAll(of: user, in: transaction)
        try resets.removeAll(of: user, in: transaction)
        if let owner = try users.find(user, in: transaction) {
            try post(.passwordChanged(reset: post.site.forgot), to: owner, in: transaction)
        }
        try changes.announce(.personChanged(user), in: transaction)
        try facts.changed(.password, of: user, in: transaction)
    }
}
