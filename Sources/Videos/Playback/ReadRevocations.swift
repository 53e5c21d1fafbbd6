import FoundationEssentials
import SQL

/// Keeps `GrantRevocations` up with what other processes and earlier ones wrote down.
public struct ReadRevocations: Sendable {
    let database: Database
    let revocations: GrantRevocations
    let now: @Sendable () -> Date
    private let store = GrantRevocationStore()

    /// What changed before this process started, while grants that are still good were made.
    public func load() async throws {
        try await note(since: now().addingTimeInterval(-seconds(in: revocations.lifetime)))
    }

    /// What other processes, as the command line, changed a moment ago. Noting the same thing twice changes nothing.
    func refresh() async throws {
        // However long the database was away. Clocks of servers may differ by some seconds.
        try await note(since: min(now(), revocations.readUntil).addingTimeInterval(-60))
    }

    private func note(since time: Date) async throws {
        let (generation, moment) = (revocations.generation, now())
        let rows = try await database.read { try store.since(time, in: $0) }
        revocations.note(rows, read: moment, at: generation)
    }

    /// What no grant needs any more.
    func forgetOld() async throws {
        revocations.prune()
        let end = now().addingTimeInterval(-2 * seconds(in: revocations.lifetime))
        try await database.write { try store.remove(before: end, in: $0) }
    }

    private func seconds(in duration: Duration) -> TimeInterval { TimeInterval(duration.components.seconds) }
}
