import Reactor
import Synchronization

/// A bucket of tokens for each key: so many may be taken at once, and one more comes back after each interval.
///
/// In memory and bounded: a key that took nothing for as long as its bucket needs to be full again is forgotten, and where
/// more keys come in that time than there are places, the older half is forgotten early.
final class TokenBuckets<Key: Hashable & Sendable>: Sendable {
    private struct State {
        // When the bucket of a key is full again. Two generations: what was touched lately, and before that.
        var young: [Key: MonotonicTime] = [:]
        var old: [Key: MonotonicTime] = [:]
        var turnsAt: MonotonicTime
    }

    private let intervalNanoseconds: Int64
    private let refillNanoseconds: Int64
    private let capacity: Int
    private let state: Mutex<State>

    /// - Parameters:
    ///   - burst: how many tokens a full bucket has, at least one.
    ///   - interval: after which one comes back.
    ///   - capacity: how many keys are remembered at most.
    init(burst: Int, interval: Duration, capacity: Int = 16_384, now: MonotonicTime = .now) {
        intervalNanoseconds = max(1, interval.wholeNanoseconds)
        let (refill, overflow) = intervalNanoseconds.multipliedReportingOverflow(by: Int64(max(1, burst)))
        refillNanoseconds = overflow ? .max : refill
        self.capacity = max(2, capacity)
        state = Mutex(State(turnsAt: now.advanced(byNanoseconds: refillNanoseconds)))
    }

    /// How many keys are remembered.
    var count: Int { state.withLock { $0.young.count + $0.old.count } }

    /// Takes a token; false when none is left.
    func take(_ key: Key, now: MonotonicTime) -> Bool {
        state.withLock { state in
            if now >= state.turnsAt || state.young.count >= capacity / 2 {
                state.old = state.young
                state.young = [:]
                state.turnsAt = now.advanced(byNanoseconds: refillNanoseconds)
            }
            let known = state.young[key] ?? state.old[key] ?? now
            let fullAt = max(known, now).advanced(byNanoseconds: intervalNanoseconds)
            guard fullAt.nanoseconds - now.nanoseconds <= refillNanoseconds else { return false }
            state.young[key] = fullAt
            return true
        }
    }
}
