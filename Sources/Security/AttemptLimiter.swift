import FoundationEssentials
import Synchronization

/// Counts failures by a key and says when too many of them were made. In memory and bounded: where more keys come than there
/// are places, the one that began to fail first is forgotten, and never more than that one.
///
/// An attempt takes its place before it is looked at and gives it back unless it was wrong. So many guesses at once are no
/// way around the limit, and work that could not be done, was cancelled or was right counts for nothing.
public final class AttemptLimiter<Key: Hashable & Sendable>: Sendable {
    public enum Rule: Sendable, Equatable {
        /// After so many failures within the time, nothing goes until the time is over.
        case atMost(Int, within: TimeInterval)
        /// Failures beyond the first so many are followed by a pause that doubles each time up to the longest. All is
        /// forgotten when nothing failed for `memory` seconds.
        case pauses(after: Int, longest: TimeInterval, memory: TimeInterval)
    }

    private struct Count {
        var failures = 0
        /// Attempts that are being looked at.
        var pending = 0
        var firstFailure: Date
        var lastFailure: Date
        /// Tells this count from a later one of the same key.
        let number: UInt64
    }

    private struct State {
        var counts: [Key: Count] = [:]
        /// Keys in the order in which they came; some may be gone already.
        var order: [(key: Key, number: UInt64)] = []
        var first = 0
        var number: UInt64 = 0

        /// Makes a count for a key that has none; the oldest key goes where no place is left.
        mutating func add(_ key: Key, at moment: Date, capacity: Int) -> Count {
            while counts.count >= capacity, first < order.count {
                let oldest = order[first]
                first += 1
                if counts[oldest.key]?.number == oldest.number { counts[oldest.key] = nil }
            }
            // Keys that are gone must not gather.
            if order.count >= 2 * capacity + 16 {
                order = order[first...].filter { counts[$0.key]?.number == $0.number }
                first = 0
            }
            number += 1
            order.append((key, number))
            let count = Count(firstFailure: moment, lastFailure: moment, number: number)
            counts[key] = count
            return count
        }
    }

    private let rule: Rule
    private let capacity: Int
    private let now: @Sendable () -> Date
    private let state = Mutex(State())

    public init(_ rule: Rule, capacity: Int = 20_000, now: @escaping @Sendable () -> Date = { Date() }) {
        self.rule = rule
        self.capacity = max(1, capacity)
        self.now = now
    }

    /// How many keys are remembered.
    public var count: Int { state.withLock { $0.counts.count } }

    /// How long the list of keys in their order is, with those that are gone.
    var rememberedOrder: Int { state.withLock { $0.order.count } }

    /// Looks at one attempt, unless too many have failed.
    ///
    /// - Parameter isRight: looks at the attempt. Only the answer false is a failure.
    /// - Throws: `TooManyAttempts`; what `isRight` throws.
    public func check(_ key: Key, _ isRight: () async throws -> Bool) async throws -> Bool {
        if let wait = begin(key) { throw TooManyAttempts(retryAfter: .seconds(wait)) }
        var hasFailed = false
        defer { end(key, hasFailed: hasFailed) }
        let answer = try await isRight()
        hasFailed = !answer
        return answer
    }

    private func begin(_ key: Key) -> TimeInterval? {
        let moment = now()
        return state.withLock { state in
            var count = state.counts[key] ?? state.add(key, at: moment, capacity: capacity)
            if count.failures > 0, isOver(count, at: moment) { count.failures = 0 }
            let wait = wait(count, at: moment)
            if wait == nil { count.pending += 1 }
            state.counts[key] = count
            return wait
        }
    }

    private func end(_ key: Key, hasFailed: Bool) {
        let moment = now()
        state.withLock { state in
            // Forgotten meanwhile for want of places: a failure counts all the same.
            guard var count = state.counts[key] ?? (hasFailed ? state.add(key, at: moment, capacity: capacity) : nil)
            else { return }
            count.pending = max(0, count.pending - 1)
            if hasFailed {
                if count.failures == 0 { count.firstFailure = moment }
                count.failures += 1
                count.lastFailure = moment
            }
            state.counts[key] = count.failures == 0 && count.pending == 0 ? nil : count
        }
    }

    private func isOver(_ count: Count, at moment: Date) -> Bool {
        switch rule {
        case .atMost(_, let period): moment.timeIntervalSince(count.firstFailure) >= period
        case .pauses(_, _, let memory): moment.timeIntervalSince(count.lastFailure) >= memory
        }
    }

    /// Seconds until the next attempt is welcome; nil for now.
    private func wait(_ count: Count, at moment: Date) -> TimeInterval? {
        switch rule {
        case .atMost(let limit, let period):
            if count.failures >= limit { return max(1, period - moment.timeIntervalSince(count.firstFailure)) }
            return count.failures + count.pending >= limit ? 1 : nil
        case .pauses(let free, let longest, _):
            guard count.failures + count.pending >= free else { return nil }
            let doublings = min(max(0, count.failures - free), 30)
            let pause = min(longest, TimeInterval(1 << doublings))
            let rest = count.failures < free ? 0 : pause - moment.timeIntervalSince(count.lastFailure)
            // One at a time from here on.
            return rest > 0 ? max(1, rest) : count.pending > 0 ? 1 : nil
        }
    }
}

public struct TooManyAttempts: Error, Sendable, Equatable {
    public let retryAfter: Duration
}
