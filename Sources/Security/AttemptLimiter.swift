import FoundationEssentials
import Synchronization

/// Sums of fractions of tokens are not exact.
private let roundingError = 1e-6

/// Counts failures by a key and says when too many of them were made. In memory and bounded: where more keys come than there
/// are places, the one that began to fail first is forgotten, and never more than that one.
///
/// An attempt takes its place before it is looked at and gives it back unless it was wrong. So many guesses at once are no
/// way around the limit, and work that could not be done, was cancelled or was right counts for nothing.
public final class AttemptLimiter<Key: Hashable & Sendable>: Sendable {
    public enum Rule: Sendable, Equatable {
        /// A token bucket: each failure takes a token of so many, and so many come back in a second. Without a token
        /// nothing goes.
        case bucket(capacity: Int, perSecond: Double)
        /// Failures beyond the first so many are followed by a pause that doubles each time up to the longest. All is
        /// forgotten when nothing failed for `memory` seconds.
        case pauses(after: Int, longest: TimeInterval, memory: TimeInterval)
    }

    private struct Count {
        /// Those that are not forgotten at `moment`; of a bucket the tokens that are missing.
        var failures = 0.0
        /// Attempts that are being looked at.
        var pending = 0
        var moment: Date
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
            let count = Count(moment: moment, number: number)
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
        if let wait = begin(key) {
            throw TooManyAttempts(retryAfter: .milliseconds(Int64((wait * 1000).rounded())), limit: limit)
        }
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
            count.failures = failures(count, at: moment)
            if case .bucket = rule { count.moment = moment }
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
                count.failures = failures(count, at: moment) + 1
                count.moment = moment
            }
            state.counts[key] = count.failures == 0 && count.pending == 0 ? nil : count
        }
    }

    private var limit: Int {
        switch rule {
        case .bucket(let capacity, _): capacity
        case .pauses(let free, _, _): free
        }
    }

    /// What still counts of the failures.
    private func failures(_ count: Count, at moment: Date) -> Double {
        // A clock that was set back gives nothing back.
        let elapsed = max(0, moment.timeIntervalSince(count.moment))
        switch rule {
        case .bucket(_, let perSecond): return max(0, count.failures - elapsed * perSecond)
        case .pauses(_, _, let memory): return elapsed >= memory ? 0 : count.failures
        }
    }

    /// Seconds until the next attempt is welcome; nil for now.
    private func wait(_ count: Count, at moment: Date) -> TimeInterval? {
        switch rule {
        case .bucket(let capacity, let perSecond):
            let missing = count.failures + 1 - Double(capacity)
            if missing > roundingError { return max(1, missing / perSecond) }
            // Those that are being looked at have taken their tokens already.
            return missing + Double(count.pending) > roundingError ? 1 : nil
        case .pauses(let free, let longest, _):
            let failed = Int(count.failures)
            guard failed + count.pending >= free else { return nil }
            let doublings = min(max(0, failed - free), 30)
            let pause = min(longest, TimeInterval(1 << doublings))
            let rest = failed < free ? 0 : pause - moment.timeIntervalSince(count.moment)
            // One at a time from here on.
            return rest > 0 ? max(1, rest) : count.pending > 0 ? 1 : nil
        }
    }
}

public struct TooManyAttempts: Error, Sendable, Equatable {
    public let retryAfter: Duration
    /// How many attempts may fail without a wait; nil where they are not counted.
    public let limit: Int?

    public init(retryAfter: Duration, limit: Int? = nil) {
        self.retryAfter = retryAfter
        self.limit = limit
    }
}
