import Accounts
import Glibc

/// Tells the audit with which settings a server begins, where they are not those of its start before.
struct RecordSettings: Sendable {
    let audit: AuditLog
    let settings: Settings
    /// Tells servers apart.
    var host = Self.hostName

    func callAsFunction() async throws {
        var state: AuditDetails = [:]
        for report in settings.changed {
            state[AuditField(rawValue: report.name)] = .name(report.isSecret ? "(secret)" : report.value ?? "")
        }
        try await audit.recordState(.settingsChanged, of: AuditTarget(.server, name: host), by: .system, state)
    }

    static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "?" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
