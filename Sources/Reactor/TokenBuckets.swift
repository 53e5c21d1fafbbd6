import Synchronization

/// A bucket of tokens for each key: an address, an account, an attempt at something.
///
/// - Rule: in memory and bounded. A full bucket is as good as none, so it needs no place. Where no place is left, a newcomer
///   takes over the fullest bucket with what is missing in it.
/// - Why: whoever can come under as many names as they like (addresses of a /48, invented accounts) would otherwise drive
///   their own empty bucket out and begin with a full one. So a key that lost its place finds at least as much missing when
///   it comes back, because all buckets fill at the same pace, and nobody is freed.
/// - What if not: nobody else pays much for it, because what they take over is the fullest of all. To make that one empty, all
///   places must be kept empty at the same time, by as many keys that spend as fast as all of them may together.
public final class TokenBuckets<Key: Hashable & Sendable>: Sendable {
    public let rule: TokenBucket.Rule
    private let capacity: Int
    private let clock: @Sendable () -> MonotonicTime
    private let state = Mutex(BucketTable<Key>())

    /// - Parameters:
    ///   - burst: how many tokens a full bucket has.
    ///   - interval: after which one comes back.
    ///   - capacity: how many keys are remembered at most.
    ///   - clock: tests bring their own.
    public init(
        burst: Int, interval: Duration, capacity: Int = 20_000,
        clock: @escaping @Sendable () -> MonotonicTime = { .now }
    ) {
        rule = TokenBucket.Rule(burst: burst, interval: interval)
        self.capacity = max(1, capacity)
        self.clock = clock
    }

    /// How many keys are remembered.
    public var count: Int { state.withLock { $0.count } }

    /// Takes a token.
    ///
    /// - Throws: `TooManyAttempts` where none is left.
    public func take(_ key: Key) throws(TooManyAttempts) {
        try take(key, isPending: false)
    }

    /// Looks at one attempt that costs a token only where it fails.
    ///
    /// The token is taken before and given back unless the attempt was wrong. So many guesses at once are no way around the
    /// limit, and work that could not be done, was cancelled or was right costs nothing.
    ///
    /// - Parameter isRight: looks at the attempt. Only the answer false is a failure.
    /// - Throws: `TooManyAttempts`; what `isRight` throws.
    public func check(_ key: Key, _ isRight: () async throws -> Bool) async throws -> Bool {
        try take(key, isPending: true)
        var hasFailed = false
        defer { end(key, hasFailed: hasFailed) }
        let answer = try await isRight()
        hasFailed = !answer
        return answer
    }

    private func take(_ key: Key, isPending: Bool) throws(TooManyAttempts) {
        let now = clock()
        let wait = state.withLock { state -> Duration? in
            let place = state.place(of: key, at: now, capacity: capacity)
            let wait = state.take(place, by: rule, at: now)
            if wait == nil, isPending { state.begin(place) }
            return wait
        }
        if let wait { throw TooManyAttempts(retryAfter: wait, limit: rule.burst) }
    }

    private func end(_ key: Key, hasFailed: Bool) {
        let now = clock()
        state.withLock { $0.end(key, givesBack: !hasFailed, by: rule, at: now) }
    }
}

public struct TooManyAttempts: Error, Sendable, Equatable {
    public let retryAfter: Duration
    /// How many may be made without a wait; nil where they are not counted.
    public let limit: Int?

    public init(retryAfter: Duration, limit: Int? = nil) {
        self.retryAfter = retryAfter
        self.limit = limit
    }
}
