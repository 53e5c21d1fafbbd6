import Reactor

/// `TokenBuckets` that count together with those of other servers, where there is a Redis for it.
///
/// - Rule: the bucket of this server comes first, and whom it refuses asks nobody else. Then Redis decides for all servers. Where Redis
///   is away or late, what this server said holds.
/// - Why: a flood costs no other machine anything, and no request fails or waits because of Redis.
public final class SharedBuckets<Key: Hashable & Sendable>: Sendable {
    private let local: TokenBuckets<Key>
    private let name: String
    private let redis: RedisLimits?
    private let text: @Sendable (Key) -> String

    /// - Parameters:
    ///   - name: of the limit, the same on all servers.
    ///   - redis: nil where each server counts alone.
    ///   - text: names an owner, the same on all servers.
    public init(
        _ name: String, burst: Int, interval: Duration, redis: RedisLimits?,
        clock: @escaping @Sendable () -> MonotonicTime, text: @escaping @Sendable (Key) -> String
    ) {
        local = TokenBuckets(burst: burst, interval: interval, clock: clock)
        self.name = name
        self.redis = redis
        self.text = text
    }

    public convenience init(
        _ name: String, burst: Int, interval: Duration, redis: RedisLimits?,
        clock: @escaping @Sendable () -> MonotonicTime
    ) where Key: LosslessStringConvertible {
        self.init(name, burst: burst, interval: interval, redis: redis, clock: clock) { $0.description }
    }

    /// Takes a token.
    ///
    /// - Throws: `TooManyAttempts` where none is left.
    public func take(_ key: Key) async throws {
        guard let redis else { return try local.take(key) }
        guard redis.isOpen else {
            try local.take(key)
            return redis.countLocal()
        }
        var refusal: TooManyAttempts?
        // What Redis refuses costs nothing here either.
        _ = try await local.check(key) {
            refusal = await self.refusal(by: redis, key)
            return refusal != nil
        }
        if let refusal { throw refusal }
    }

    /// Looks at one attempt that costs a token only where it fails, as `TokenBuckets.check` does.
    ///
    /// - Throws: `TooManyAttempts`; what `isRight` throws.
    public func check(_ key: Key, _ isRight: () async throws -> Bool) async throws -> Bool {
        try await local.check(key) {
            guard let redis else { return try await isRight() }
            guard redis.isOpen else {
                redis.countLocal()
                return try await isRight()
            }
            let bucket = bucket(key)
            switch await redis.take(bucket) {
            case .refused(let wait): throw TooManyAttempts(retryAfter: wait, limit: local.rule.burst)
            case .unknown: return try await isRight()
            case .taken: break
            }
            var hasFailed = false
            defer { if !hasFailed { redis.giveBack(bucket) } }
            let answer = try await isRight()
            hasFailed = !answer
            return answer
        }
    }

    private func refusal(by redis: RedisLimits, _ key: Key) async -> TooManyAttempts? {
        guard case .refused(let wait) = await redis.take(bucket(key)) else { return nil }
        return TooManyAttempts(retryAfter: wait, limit: local.rule.burst)
    }

    private func bucket(_ key: Key) -> RedisLimits.Bucket {
        RedisLimits.Bucket(limit: name, rule: local.rule, owner: text(key))
    }
}
