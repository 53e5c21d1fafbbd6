import FoundationEssentials
import SQL
import Security
import Telemetry

/// Turns one-time codes on, for the first code of the new authenticator. All sign-ins of the person end, and the one that asks
/// begins anew: none goes on that was had for a password alone.
struct ConfirmOTP: Sendable {
    struct Confirmed: Sendable {
        /// As they are shown, this once.
        var recoveryCodes: [String]
        var issued: IssuedSession
    }

    let database: Database
    let keys: OneTimeCodeKeys
    let begin: BeginSession
    let changes: AccessChanges
    let post: PostLetter
    let audit: AuditLog
    let log: Log
    let now: @Sendable () -> Date
    private let store = OneTimeCodeStore()
    private let users = UserStore()
    private let sessions = SessionStore()

    init(
        database: Database, keys: OneTimeCodeKeys, begin: BeginSession, changes: AccessChanges, post: PostLetter,
        audit: AuditLog, log: Log, now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.keys = keys
        self.begin = begin
        self.changes = changes
        self.post = post
        self.audit = audit
        self.log = log
        self.now = now
    }

    /// - Throws: a problem with the field `code` for a wrong one; `AccountsError.otpNotSetUp`, `otpEnabled`.
    func callAsFunction(_ code: String, of caller: Caller, from origin: SessionOrigin) async throws -> Confirmed {
        let codes = RecoveryCode.fresh()
        let hashes = codes.map { keys.hash($0, of: caller.userID) }
        let moment = now()
        let (user, fresh) = try await database.write { transaction in
            guard var user = try users.find(caller.userID, in: transaction) else { throw AccountsError.notSignedIn }
            try confirm(code, of: user, hashes, at: moment, in: transaction)
            user.isOTPEnabled = true
            try sessions.removeAll(of: user.id, in: transaction)
            try changes.announce(.personChanged(user.id), in: transaction)
            try post(.signInCodesChanged(areOn: true, reset: post.site.forgot), to: user, in: transaction)
            let fresh = begin.fresh(of: user, at: moment)
            try begin.insert(fresh, from: origin, isSignIn: false, in: transaction)
            try audit.record(
                AuditEvent(
                    .codesSetUp, of: AuditTarget(user), by: AuditOrigin(AuditActor(caller), at: origin.address)),
                in: transaction)
            return (user, fresh)
        }
        log.info("one-time codes enabled", ["user_id": "\(user.id)"])
        return Confirmed(recoveryCodes: codes.map(\.text), issued: try begin.issued(fresh, to: user))
    }

    private func confirm(
        _ code: String, of user: User, _ hashes: [[UInt8]], at moment: Date, in transaction: Transaction
    ) throws {
        guard !user.isOTPEnabled else { throw AccountsError.otpEnabled }
        guard let stored = try store.find(user.id, in: transaction) else { throw AccountsError.otpNotSetUp }
        let step = try OneTimeCode.digits(typed: code).flatMap { digits in
            try keys.open(stored.sealedSecret, of: user.id).step(
                of: digits, at: Int64(moment.timeIntervalSince1970), after: stored.lastStep)
        }
        // What confirms is used up as any other.
        guard let step, try store.use(step: step, of: user.id, in: transaction) else { throw CheckOTP.wrong }
        try store.confirm(user.id, at: moment, in: transaction)
        try store.replaceRecoveryCodes(hashes, of: user.id, in: transaction)
    }
}
