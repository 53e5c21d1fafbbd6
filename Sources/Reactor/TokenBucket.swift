/// A bucket of tokens: so many may be taken at once, and one more comes back after each interval.
///
/// All that it remembers is when it will be full again (the generic cell rate algorithm, ITU-T I.371).
public struct TokenBucket: Sendable {
    /// How large a bucket is, and how fast it fills.
    public struct Rule: Sendable, Hashable {
        /// How many tokens a full bucket has, at least one.
        public let burst: Int
        /// After which one comes back.
        public let interval: Duration
        let intervalNanoseconds: Int64
        /// What an empty bucket needs to be full.
        let refillNanoseconds: Int64

        public init(burst: Int, interval: Duration) {
            self.burst = max(1, burst)
            self.interval = interval
            intervalNanoseconds = Self.product(max(1, interval.wholeNanoseconds), 1)
            refillNanoseconds = Self.product(intervalNanoseconds, self.burst)
        }

        /// 73 years: what is counted stays below the clock's end.
        private static let longest = Int64.max / 4

        fileprivate static func product(_ nanoseconds: Int64, _ count: Int) -> Int64 {
            let (product, overflow) = nanoseconds.multipliedReportingOverflow(by: Int64(max(0, count)))
            return overflow ? longest : min(product, longest)
        }
    }

    private(set) var fullAt: MonotonicTime

    /// A full one.
    public init(now: MonotonicTime) { fullAt = now }

    /// Takes tokens, all of them or none.
    ///
    /// - Returns: nil, or how long to wait until there are so many.
    public mutating func take(_ count: Int = 1, by rule: Rule, at now: MonotonicTime) -> Duration? {
        let after = max(fullAt, now).advanced(byNanoseconds: Rule.product(rule.intervalNanoseconds, count))
        let wait = after.nanoseconds - now.nanoseconds - rule.refillNanoseconds
        guard wait <= 0 else { return .nanoseconds(wait) }
        fullAt = after
        return nil
    }

    /// Puts tokens back that were taken; those that came back by themselves meanwhile are not put in twice.
    mutating func giveBack(_ count: Int = 1, by rule: Rule) {
        let given = Rule.product(rule.intervalNanoseconds, count)
        fullAt = MonotonicTime(nanoseconds: max(0, fullAt.nanoseconds - given))
    }

    func isFull(at now: MonotonicTime) -> Bool { fullAt <= now }
}
