import FoundationEssentials
import SQL
import Synchronization

/// Writes down who did what, with what, when and from where.
///
/// - Rule: `record` in the transaction that makes the change; so nothing is changed that is not told, and nothing is told that was not done.
///   What strangers can cause, and what happens where no database is asked, is counted with `count`.
/// - What if not: what is counted is written within a minute, and lost with a process that is killed before. The log has it then.
public struct AuditLog: Sendable {
    /// How many days entries may be kept. Younger ones the database does not let go (`AuditStore.migrations`).
    public static let daysKept = 30...3_660

    let database: Database
    let now: @Sendable () -> Date
    let store = AuditStore()
    private let tally = AuditTally()
    private let recent = RecentEvents()

    public init(database: Database, now: (@Sendable () -> Date)? = nil) {
        self.database = database
        self.now = now ?? { database.now }
    }

    /// Kept with the transaction, or not at all.
    public func record(_ event: AuditEvent, in transaction: Transaction) throws {
        try store.insert(event, at: now(), in: transaction)
    }

    /// Kept when this returns, unless the same was recorded within the last minutes: for reading that comes in many pieces.
    public func recordReading(_ event: AuditEvent) async throws {
        let moment = now()
        guard !recent.contains(event, at: moment) else { return }
        try await database.write { [store] in try store.insert(event, at: moment, in: $0) }
        recent.insert(event, at: moment)
    }

    /// Records a state where it is another than the last one that was recorded of the same name.
    public func recordState(
        _ action: AuditAction, of target: AuditTarget, by origin: AuditOrigin, _ state: AuditDetails
    ) async throws {
        let moment = now()
        try await database.write { [store] transaction in
            let last = try store.last(action, ofTargetNamed: target.name ?? "", in: transaction)?.after ?? [:]
            guard last != AuditStore.named(state) else { return }
            let before = last.map { (AuditField(rawValue: $0.key), $0.value) }
            try store.insert(
                AuditEvent(
                    action, of: target, by: origin, before: Dictionary(uniqueKeysWithValues: before), after: state),
                at: moment, in: transaction)
        }
    }

    /// Counts something with what else happened in this minute. It asks no database.
    public func count(_ event: AuditEvent) { tally.add(event, at: now()) }

    /// Writes what was counted.
    public func writeCounted() async throws {
        let counted = tally.take()
        guard !counted.isEmpty else { return }
        do {
            let resolved = try await database.read { [store] access in
                try counted.map { one in
                    var one = one
                    one.event.target = try one.event.target.flatMap { try store.resolved($0, in: access) }
                    return one
                }
            }
            let few = tally.fit(resolved, at: now())
            try await database.write { [store] transaction in
                for one in few { try store.insert(one.whole, at: one.firstAt, in: transaction) }
            }
        } catch {
            tally.add(counted)
            throw error
        }
    }
}

/// What was recorded within the last minutes.
private final class RecentEvents: Sendable {
    private static let memory: TimeInterval = 600
    /// With more of them all are forgotten: then an entry is written twice.
    private static let capacity = 2_000

    private let times = Mutex<[AuditEvent: Date]>([:])

    func contains(_ event: AuditEvent, at now: Date) -> Bool {
        times.withLock { times in times[event].map { now.timeIntervalSince($0) < Self.memory } ?? false }
    }

    func insert(_ event: AuditEvent, at now: Date) {
        times.withLock { times in
            if times.count >= Self.capacity { times = [:] }
            times[event] = now
        }
    }
}
