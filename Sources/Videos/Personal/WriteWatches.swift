import Accounts
import Bus
import FoundationEssentials
import Reactor
import SQL
import Synchronization
import Telemetry

/// Writes what players have told: once a second, all of it in one transaction, and once more when the server stops.
///
/// A server that is killed loses the positions of its last second. One that cannot reach its database keeps them, as many as
/// `WatchReports` has room for.
final class WriteWatches: Sendable {
    static let interval = Duration.seconds(1)
    /// Watchers in one transaction.
    static let piece = 2_000

    private let database: Database
    private let reports: WatchReports
    private let facts: Outbox?
    private let log: Log
    private let now: @Sendable () -> Date
    private let clock: @Sendable () -> MonotonicTime
    private let turn = WriteTurn()
    private let transactions = Atomic(0)
    private let store = WatchStore()

    init(
        database: Database, reports: WatchReports, facts: Outbox?, log: Log, now: @escaping @Sendable () -> Date,
        clock: @escaping @Sendable () -> MonotonicTime
    ) {
        self.database = database
        self.reports = reports
        self.facts = facts
        self.log = log
        self.now = now
        self.clock = clock
    }

    /// So far.
    var transactionCount: Int { transactions.load(ordering: .relaxed) }

    /// Until it is cancelled.
    func run(on loop: EventLoop) async {
        repeat {
            await writeLogging()
        } while (try? await loop.sleep(for: Self.interval)) != nil
        await writeLogging()
    }

    private func writeLogging() async {
        do {
            try await self()
        } catch {
            log.error("positions of viewers cannot be written", ["error": .error(error)])
        }
    }

    func callAsFunction() async throws {
        guard reports.hasAny else { return }
        try await turn { try await writeAll() }
    }

    /// Makes sure that what this person told is written, so that a look at the database sees it.
    func settle(_ person: UserID) async throws {
        guard reports.hasUnwritten(person) else { return }
        try await turn {
            // Others may have written it while this one waited.
            if reports.hasUnwritten(person) { try await writeAll() }
        }
    }

    /// Changes a person's rows while nothing is being written: what they told before does not come after it.
    ///
    /// - Parameter video: nil for all that they watch.
    func replacing<T: Sendable>(
        _ person: UserID, _ video: VideoID?, _ body: @escaping @Sendable (Transaction) throws -> T
    ) async throws -> T {
        try await turn {
            let result = try await database.write(body)
            reports.drop(person, video)
            return result
        }
    }

    /// Forgets watchers who have left, and what decides no more whether a view is counted.
    func forgetOld() async throws {
        reports.forgetIdle(at: clock())
        let time = now()
        try await database.claim { [store] in try store.forgetOldViews(at: time, in: $0) }
    }

    private func writeAll() async throws {
        while case let some = reports.unwritten(most: Self.piece, at: now()), !some.isEmpty {
            let time = now()
            do {
                let counted = try await database.claim { [store, facts] transaction in
                    try store.write(some, at: time, facts: facts, in: transaction)
                }
                transactions.wrappingAdd(1, ordering: .relaxed)
                reports.kept(some, counted: counted)
            } catch let error as SQLError where error.code == .unknownOutcome {
                reports.perhapsKept(some)
                throw error
            }
            if some.count < Self.piece { return }
        }
    }
}
