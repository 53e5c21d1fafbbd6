import FoundationEssentials
import Reactor
import SQL
import Synchronization
import Telemetry

/// Facts on their way to other systems: rows that are kept with the change that they tell of, and go once a broker has them.
///
/// - Rule: a fact is recorded in the transaction that changes the row of its key, after that change.
/// - Why: the position of a fact in the queue is given when it is recorded. Who changes the same row has to wait for the first, and
///   begins anew when the first is kept (`write`) or goes on then (`claim`): its position comes later. So the facts of one key have the
///   order of their changes, however many servers write. Facts of other keys may become visible in any order, also before ones that
///   stand behind: whoever drains takes what is there, removes exactly that, and remembers no position up to which all is done.
/// - What if not: facts that tell of no row, such as sign-ins, have no order among those that happened at the same time.
///
/// - Bound: rows, by `limit`. When there are so many, the oldest stay and new ones are dropped, counted and told in the log: changes of
///   people never fail because a broker is away. Facts that are recorded aside are dropped before, at nine tenths of it.
public final class Outbox: Sendable {
    /// How things stand.
    public struct Numbers: Sendable, Equatable {
        /// That wait, as they were counted last, with those that came here since.
        public var waiting = 0
        /// When the first of them was recorded.
        public var oldest: Date?
        public var sent = 0
        /// Refusals of a broker, for which a fact is sent again.
        public var failed = 0
        public var dropped = 0

        /// In seconds; 0 where none waits.
        public func oldestAge(at time: Date) -> Double {
            max(0, oldest.map { time.timeIntervalSince($0) } ?? 0)
        }
    }

    private struct State {
        var numbers = Numbers()
        var isFull = false
        /// `numbers.dropped` when it became full.
        var droppedBefore = 0
        var aside: [Fact] = []
    }

    public static let migrations = OutboxStore.migrations
    /// Rows of half a kilobyte or so.
    public static let usualLimit = 1_000_000
    /// Facts in memory, which are about a second's.
    static let mostAside = 10_000
    private static let piece = 500

    let store = OutboxStore()
    private let limit: Int
    private let log: Log
    private let state = Mutex(State())
    /// One element once something may have to be sent.
    let rings: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    public init(log: Log, limit: Int = Outbox.usualLimit) {
        self.log = log
        self.limit = limit
        (rings, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    public var numbers: Numbers { state.withLock { $0.numbers } }

    func ring() { bell.yield() }

    // MARK: Recording

    /// Kept with the transaction, or not at all.
    public func record(_ fact: Fact, in transaction: Transaction) throws {
        guard !state.withLock({ $0.isFull }) else {
            transaction.afterCommit { [self] in state.withLock { $0.numbers.dropped += 1 } }
            return
        }
        try store.insert(fact, in: transaction)
        transaction.afterCommit { [self] in
            added(1)
            ring()
        }
    }

    /// For facts that are not worth a transaction: kept within a second or so. What a kill comes before is lost.
    public func recordAside(_ fact: Fact) {
        state.withLock { state in
            let isTight = state.isFull || state.numbers.waiting >= limit / 10 * 9
            guard !isTight, state.aside.count < Self.mostAside else {
                state.numbers.dropped += 1
                return
            }
            state.aside.append(fact)  // bound: mostAside
        }
    }

    /// Makes rows of what was recorded aside. What cannot be kept now waits for the next time.
    func keepAside(in database: Database) async throws {
        var facts = state.withLock { state in
            defer { state.aside = [] }
            return state.aside
        }[...]
        while !facts.isEmpty {
            let some = Array(facts.prefix(Self.piece))
            do {
                try await database.claim { [store] transaction in
                    for fact in some { try store.insert(fact, in: transaction) }
                }
            } catch {
                putBack(Array(facts))
                throw error
            }
            facts = facts.dropFirst(some.count)
            added(some.count)
        }
    }

    private func putBack(_ facts: [Fact]) {
        state.withLock { state in
            let all = facts + state.aside
            state.aside = Array(all.prefix(Self.mostAside))
            state.numbers.dropped += all.count - state.aside.count
        }
    }

    private func added(_ count: Int) {
        let isFullNow = state.withLock { state in
            state.numbers.waiting += count
            return Self.becomesFull(&state, limit)
        }
        if isFullNow { tellFull() }
    }

    // MARK: Keeping

    private static let tick = Duration.seconds(1)
    private static let countInterval = Duration.seconds(5)

    /// Makes rows of what was recorded aside, counts what waits, and has it looked for, again and again until it is cancelled. Whoever
    /// records for longer than a command needs it: an outbox that nobody counts only seems to grow.
    public func keep(in database: Database, on loop: EventLoop) async {
        var counted: MonotonicTime?
        repeat {
            do {
                try await keepAside(in: database)
                if counted.map({ MonotonicTime.now - $0 >= Self.countInterval }) ?? true {
                    self.counted(try await database.scan { [store] in try store.count(in: $0) })
                    counted = .now
                }
            } catch {
                log.error("the outbox cannot be kept", ["error": .error(error)])
            }
            ring()
        } while (try? await loop.sleep(for: Self.tick)) != nil
        do {
            try await keepAside(in: database)
        } catch {
            log.error("views of the last second are lost", ["error": .error(error)])
        }
    }

    /// What the table holds.
    func counted(_ found: OutboxCount) {
        let (isFullNow, dropped) = state.withLock { state -> (Bool, Int?) in
            state.numbers.waiting = found.count
            state.numbers.oldest = found.oldest.map { Date(timeIntervalSince1970: Double($0) / 1_000_000) }
            // Not at the limit itself, where it would come and go.
            if state.isFull, found.count < limit / 5 * 4 {
                state.isFull = false
                return (false, state.numbers.dropped - state.droppedBefore)
            }
            return (Self.becomesFull(&state, limit), nil)
        }
        if isFullNow { tellFull() }
        if let dropped { log.info("the outbox takes facts again", ["dropped": .init(dropped)]) }
    }

    func delivered(_ sent: Int, refused: Int) {
        state.withLock { state in
            state.numbers.sent += sent
            state.numbers.failed += refused
            state.numbers.waiting = max(0, state.numbers.waiting - sent)
        }
    }

    private static func becomesFull(_ state: inout State, _ limit: Int) -> Bool {
        guard !state.isFull, state.numbers.waiting >= limit else { return false }
        state.isFull = true
        state.droppedBefore = state.numbers.dropped
        return true
    }

    private func tellFull() {
        log.error(
            "the outbox is full: new facts are dropped until Kafka has taken a fifth of those that wait",
            ["limit": .init(limit)])
    }
}
