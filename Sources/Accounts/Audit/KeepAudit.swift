import FoundationEssentials
import Reactor
import SQL
import Telemetry

/// Writes what was counted each minute, and removes what is older than it is to be kept.
public struct KeepAudit: Sendable {
    private static let interval = Duration.seconds(60)
    /// Rows that are removed in one transaction.
    private static let piece = 1_000

    let audit: AuditLog
    /// How long entries are kept, in days: of `AuditLog.daysKept`.
    let days: Int
    let log: Log

    public init(_ audit: AuditLog, days: Int, log: Log) {
        self.audit = audit
        self.days = days
        self.log = log
    }

    /// Until it is cancelled; then what was counted is written once more.
    public func run(on loop: EventLoop) async {
        repeat {
            await logging("pruning the audit") { try await prune() }
            await logging("writing the audit") { try await audit.writeCounted() }
        } while (try? await loop.sleep(for: Self.interval)) != nil
        await logging("writing the audit") { try await audit.writeCounted() }
    }

    func prune() async throws {
        let end = audit.now() - TimeInterval(days) * 86_400
        var removed = Self.piece
        while removed == Self.piece, !Task.isCancelled {
            removed = try await audit.database.write { [store = audit.store] in
                try store.prune(before: end, most: Self.piece, in: $0)
            }
        }
    }

    private func logging(_ name: String, _ body: () async throws -> Void) async {
        do { try await body() } catch {
            log.error("the upkeep of the audit failed", ["work": .string(name), "error": .error(error)])
        }
    }
}
