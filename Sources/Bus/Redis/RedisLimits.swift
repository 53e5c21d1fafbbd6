import BaseEncoding
import Cryptography
import Reactor
import Synchronization
import Telemetry

/// Buckets of tokens that all servers of an installation share: `TokenBucket` as a script in Redis, which runs as a whole and goes by
/// Redis' own clock. A bucket is a key that expires when it is full, so what nobody comes back to takes no room.
public final class RedisLimits: Sendable {
    enum Decision: Sendable, Equatable {
        case taken
        case refused(after: Duration)
        /// Redis is away or late.
        case unknown
    }

    /// KEYS: the bucket. ARGV: microseconds after which a token comes back, tokens of a full bucket, how many are taken; -1 gives one
    /// back. Answers for how many microseconds there are not so many, or 0.
    static let script = RedisScript(
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]
        local interval, burst, count = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
        local full = tonumber(redis.call('GET', KEYS[1]) or 0)
        -- No bucket is more than empty, also where the clock was set back.
        full = math.min(math.max(full, now), now + interval * burst)
        local after = full + interval * count
        local wait = after - now - interval * burst
        if count > 0 and wait > 0 then return wait end
        if after <= now then
            redis.call('DEL', KEYS[1])
        else
            redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000))
        end
        return 0
        """)

    private let client: RedisClient
    private let namespace: String
    private let key: HMACSHA256
    private let log: Log
    /// What was said last of a Redis that is there and does not count.
    private let lastFailure = Mutex<RedisError?>(nil)
    private let shared = Atomic(0)
    private let local = Atomic(0)

    /// - Parameters:
    ///   - namespace: with which the names of an installation's keys begin.
    ///   - key: the same on all servers. Addresses and accounts are not readable in Redis.
    public init(_ client: RedisClient, namespace: String, key: HMACSHA256, log: Log) {
        self.client = client
        self.namespace = namespace
        self.key = key
        self.log = log
    }

    /// How often Redis decided, and how often a server alone because Redis was away or late.
    public var decisions: (shared: Int, local: Int) {
        (shared.load(ordering: .relaxed), local.load(ordering: .relaxed))
    }

    var isOpen: Bool { client.isOpen }

    /// Waits for the client's patience at most.
    func take(_ bucket: Bucket) async -> Decision {
        do throws(RedisError) {
            guard case .integer(let wait) = try await Self.script.run(on: client, words(bucket, count: 1)) else {
                throw RedisError(.failed, "the script of limits answers no number")
            }
            shared.wrappingAdd(1, ordering: .relaxed)
            lastFailure.withLock { $0 = nil }
            return wait > 0 ? .refused(after: .microseconds(wait)) : .taken
        } catch {
            countLocal()
            if error.code.isForPeople { tell(error) }
            return .unknown
        }
    }

    /// One line for each cause, as a user who may not do what is needed.
    private func tell(_ error: RedisError) {
        let isNews = lastFailure.withLock { last in
            defer { last = error }
            return last != error
        }
        if isNews { log.warning("Redis does not count: each server counts its limits alone", ["error": "\(error)"]) }
    }

    func countLocal() { local.wrappingAdd(1, ordering: .relaxed) }

    /// A token that is not given back comes back by itself, so nobody waits for it.
    func giveBack(_ bucket: Bucket) { Self.script.tell(client, words(bucket, count: -1)) }

    /// One of a limit's buckets.
    struct Bucket: Sendable {
        let limit: String
        let rule: TokenBucket.Rule
        /// Whose it is.
        let owner: String
    }

    func name(of bucket: Bucket) -> String {
        let owner = key.authenticationCode(for: Array("\(bucket.limit) \(bucket.owner)".utf8)).prefix(16)
        return "\(namespace):limit:\(bucket.limit):\(Hex.encode(Array(owner)))"
    }

    private func words(_ bucket: Bucket, count: Int) -> RedisScript.Words {
        let interval = max(1, bucket.rule.interval.wholeNanoseconds / 1000)
        return RedisScript.Words(keys: [name(of: bucket)], ["\(interval)", "\(bucket.rule.burst)", "\(count)"])
    }
}
