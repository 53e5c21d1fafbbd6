import SQL
import Telemetry

/// Takes a person's own one-time codes away, for a code. Where their role must have them, this is the way to another phone.
struct DisableOTP: Sendable {
    let check: CheckOTP
    let changes: AccessChanges
    let post: PostLetter
    let audit: AuditLog
    let log: Log
    private let store = OneTimeCodeStore()

    init(check: CheckOTP, changes: AccessChanges, post: PostLetter, audit: AuditLog, log: Log) {
        self.check = check
        self.changes = changes
        self.post = post
        self.audit = audit
        self.log = log
    }

    /// - Throws: what `CheckOTP` throws.
    func callAsFunction(_ code: String, of caller: Caller, by origin: AuditOrigin) async throws {
        try await check(code, of: caller) { owner, factor, transaction in
            try store.remove(caller.userID, in: transaction)
            try post(.signInCodesChanged(areOn: false, reset: post.site.forgot), to: owner, in: transaction)
            try audit.record(
                AuditEvent(
                    .codesRemoved, of: AuditTarget(owner), by: origin, after: [.factor: .name(factor.rawValue)]),
                in: transaction)
            try changes.announce(.personChanged(caller.userID), in: transaction)
        }
        log.info("one-time codes disabled", ["user_id": "\(caller.userID)"])
    }
}
