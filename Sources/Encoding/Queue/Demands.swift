import Reactor
import Synchronization

/// What viewers wait for at this moment. In memory only: a wish ends with its request.
///
/// **Fair.** The next segment is made for the viewer who was served longest ago, and of several that one viewer waits for
/// the newest comes first: somebody who jumps about wants what they asked for last, and others are not kept waiting by it.
final class Demands: Sendable {
    /// The task that makes what is wanted, and the part of it that is.
    struct Demand: Sendable, Hashable {
        var video: EncodingID
        var kind: EncodingTask.Kind
        var chunk: Int
        var rendition: String
        var segment: Int
    }

    /// One who waits. Keep it to say that the wait is over.
    struct Ticket: Sendable, Hashable {
        fileprivate var number: Int
    }

    private struct Waiter {
        var viewer: UInt64
        var demand: Demand
    }

    private struct State {
        /// By number, which grows with time.
        var waiters: [Int: Waiter] = [:]
        var failures: [Demand: Int] = [:]
        /// What is being made beside the queue, and how that is ended.
        var making: [Demand: @Sendable () -> Void] = [:]
        /// When each viewer who waits was served last.
        var served: [UInt64: Int] = [:]
        var clock = 0
    }

    /// Waits that one viewer may have at once; the oldest makes room.
    static let mostForOne = 8

    private let state = Mutex(State())

    func add(_ demand: Demand, by viewer: UInt64) -> Ticket {
        state.withLock { state in
            state.clock += 1
            state.waiters[state.clock] = Waiter(viewer: viewer, demand: demand)
            let mine = state.waiters.filter { $0.value.viewer == viewer }.map(\.key)
            if mine.count > Self.mostForOne, let oldest = mine.min() { remove(oldest, from: &state) }
            return Ticket(number: state.clock)
        }
    }

    /// False when it had to make room.
    func isWaiting(_ ticket: Ticket) -> Bool { state.withLock { $0.waiters[ticket.number] != nil } }

    func remove(_ ticket: Ticket) { state.withLock { remove(ticket.number, from: &$0) } }

    /// Whoever left may come back at once: a player that tries again must find its segment further on, not begun anew.
    private static let comeback = Duration.milliseconds(500)

    /// A wait is over. Unless somebody else waits for it a moment later, nothing is made any more for this one.
    func leave(_ ticket: Ticket, _ demand: Demand, on loop: EventLoop) {
        remove(ticket)
        Task(executorPreference: loop) { [self] in
            try? await loop.sleep(for: Self.comeback)
            endAbandoned(demand.segment, of: demand.video)
        }
    }

    private func remove(_ number: Int, from state: inout State) {
        guard let waiter = state.waiters.removeValue(forKey: number) else { return }
        if !state.waiters.values.contains(where: { $0.demand == waiter.demand }) {
            state.failures[waiter.demand] = nil
        }
        if !state.waiters.values.contains(where: { $0.viewer == waiter.viewer }) { state.served[waiter.viewer] = nil }
    }

    /// The fairest first; each once.
    var all: [Demand] {
        state.withLock { state in
            let order = state.waiters.sorted { a, b in
                let (first, second) = (state.served[a.value.viewer] ?? 0, state.served[b.value.viewer] ?? 0)
                if first != second { return first < second }
                // Those who were not served yet come in the order in which they came; one viewer's newest comes first.
                return a.value.viewer == b.value.viewer ? a.key > b.key : a.key < b.key
            }
            var seen: Set<Demand> = []
            return order.map(\.value.demand).filter { seen.insert($0).inserted }
        }
    }

    /// It is being made for those who wait for it.
    func serve(_ demand: Demand) {
        state.withLock { state in
            state.clock += 1
            for waiter in state.waiters.values where waiter.demand == demand {
                state.served[waiter.viewer] = state.clock
            }
        }
    }

    /// It is being made beside the queue until `ended` is told.
    func begun(_ demand: Demand, cancel: @escaping @Sendable () -> Void) {
        state.withLock { $0.making[demand] = cancel }
    }

    func ended(_ demand: Demand) { state.withLock { $0.making[demand] = nil } }

    /// Ends what is being made of a segment that nobody waits for any more.
    func endAbandoned(_ segment: Int, of video: EncodingID) {
        let cancel = state.withLock { state in
            func isSame(_ demand: Demand) -> Bool { demand.video == video && demand.segment == segment }
            guard !state.waiters.values.contains(where: { isSame($0.demand) }) else { return [@Sendable () -> Void]() }
            return state.making.filter { isSame($0.key) }.map(\.value)
        }
        for each in cancel { each() }
    }

    /// The renditions in which somebody waits for the same segment.
    func renditions(with demand: Demand) -> Set<String> {
        Set(all.filter { $0.video == demand.video && $0.segment == demand.segment }.map(\.rendition))
    }

    /// How often it was tried in vain.
    func failures(of demand: Demand) -> Int { state.withLock { $0.failures[demand] ?? 0 } }

    func countFailure(of demand: Demand) {
        state.withLock { state in
            guard state.waiters.values.contains(where: { $0.demand == demand }) else { return }
            state.failures[demand, default: 0] += 1
        }
    }

    /// The first segment of a copied rendition that somebody waits for, of those that `isMissing`.
    func copied(of video: EncodingID, where isMissing: (Int) -> Bool) -> Int? {
        all.first { $0.video == video && $0.kind == .copy && isMissing($0.segment) }?.segment
    }
}
