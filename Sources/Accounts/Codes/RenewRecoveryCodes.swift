import SQL
import Telemetry

/// Makes ten new recovery codes, for a code. The old ones end.
struct RenewRecoveryCodes: Sendable {
    let check: CheckOTP
    let audit: AuditLog
    let log: Log
    private let store = OneTimeCodeStore()

    init(check: CheckOTP, audit: AuditLog, log: Log) {
        self.check = check
        self.audit = audit
        self.log = log
    }

    /// - Returns: the codes as they are shown, this once.
    /// - Throws: what `CheckOTP` throws.
    func callAsFunction(_ code: String, of caller: Caller, by origin: AuditOrigin) async throws -> [String] {
        let codes = RecoveryCode.fresh()
        let hashes = codes.map { check.keys.hash($0, of: caller.userID) }
        try await check(code, of: caller) { owner, factor, transaction in
            try store.replaceRecoveryCodes(hashes, of: caller.userID, in: transaction)
            try audit.record(
                AuditEvent(
                    .recoveryCodesRenewed, of: AuditTarget(owner), by: origin,
                    after: [.factor: .name(factor.rawValue)]), in: transaction)
        }
        log.info("recovery codes renewed", ["user_id": "\(caller.userID)"])
        return codes.map(\.text)
    }
}
