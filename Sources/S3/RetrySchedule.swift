import Reactor

/// How often and how long something is tried again.
struct RetryPolicy: Sendable {
    var tries = 6
    var firstPause = Duration.milliseconds(100)
    var longestPause = Duration.seconds(10)
    /// From the first failure to the last pause.
    var patience = Duration.seconds(120)
}

/// The pauses between the tries of one operation: each up to twice as long as the last one, and random, so that many clients
/// of a server that was away do not all come back at once.
struct RetrySchedule {
    private let policy: RetryPolicy
    private var failures = 0
    private var firstFailure: MonotonicTime?

    init(_ policy: RetryPolicy) { self.policy = policy }

    /// Counts a failure; nil when that was the last try.
    mutating func next(at now: MonotonicTime) -> Duration? {
        failures += 1
        let start = firstFailure ?? now
        firstFailure = start
        guard failures < policy.tries else { return nil }
        let longest = min(policy.firstPause * (1 << min(failures - 1, 20)), policy.longestPause)
        let pause = longest / 2 + longest / 2 * Double.random(in: 0...1)
        return now + pause > start + policy.patience ? nil : pause
    }

    /// The last try came further than the one before: what failed until then is forgotten.
    mutating func advanced() {
        failures = 0
        firstFailure = nil
    }
}
