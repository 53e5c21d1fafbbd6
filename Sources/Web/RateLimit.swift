import Bus
import HTTP
import Reactor

/// How often a route may be called. Routes that name the same limit share its buckets, and so do servers that have a Redis in common.
public struct RateLimit: Sendable, Hashable {
    /// Whose calls are counted together.
    public enum Subject: Sendable, Hashable {
        /// Those of one address (of one /64 for IPv6), whoever sends them: for routes that need no sign-in.
        case address
        /// Those of one account, wherever they come from: a school behind one address is many accounts.
        case account
    }

    public let name: String
    public let subject: Subject
    /// So many may come at once, and one more after each interval.
    public let rule: TokenBucket.Rule

    public init(_ name: String, of subject: Subject, burst: Int, interval: Duration) {
        self.name = name
        self.subject = subject
        rule = TokenBucket.Rule(burst: burst, interval: interval)
    }
}

/// An account, as limits tell it from others: the halves of its id.
public struct AccountKey: Sendable, Hashable {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// Whose request it is, once the access check has been passed; nil for nobody's.
public typealias AccountOf = @Sendable (BaseContext) -> AccountKey?

/// Enforces one limit for all routes that name it.
final class RateLimiter: Sendable {
    private enum Key: Hashable, Sendable {
        case network(IPNetwork)
        case account(AccountKey)
    }

    let limit: RateLimit
    private let buckets: SharedBuckets<Key>

    init(_ limit: RateLimit, redis: RedisLimits?, clock: @escaping @Sendable () -> MonotonicTime) {
        self.limit = limit
        buckets = SharedBuckets(
            limit.name, burst: limit.rule.burst, interval: limit.rule.interval, redis: redis, clock: clock
        ) { key in
            switch key {
            case .network(let network): network.description
            case .account(let account): "\(account.high) \(account.low)"
            }
        }
    }

    /// - Parameter account: of who asks; without one the address is counted.
    /// - Throws: a `Problem` with the status 429.
    func take(from address: SocketAddress, account: AccountKey?) async throws {
        do {
            try await buckets.take(account.map { .account($0) } ?? .network(address.network))
        } catch let error as TooManyAttempts {
            throw Problem.tooManyRequests(retryAfter: error.retryAfter, limit: error.limit)
        }
    }
}
