import Cryptography
import Reactor
import Synchronization
import Testing

@testable import Bus
@testable import TestSupport

@Suite("Limits that several servers share")
struct RedisLimitsTests {
    final class Clock: Sendable {
        private let moment = Mutex(MonotonicTime.now)
        var now: MonotonicTime { moment.withLock { $0 } }
        func advance(by duration: Duration) { moment.withLock { $0 = $0 + duration } }
    }

    /// Nothing comes back while a test runs.
    static let interval = Duration.seconds(1000)

    static func buckets(
        _ house: RedisHouse?, burst: Int, interval: Duration = interval, _ clock: Clock = Clock()
    ) -> SharedBuckets<String> {
        SharedBuckets("test", burst: burst, interval: interval, redis: house?.bus.limits, clock: { clock.now })
    }

    static func take(_ buckets: SharedBuckets<String>, _ key: String = "somebody") async throws -> TooManyAttempts? {
        do {
            try await buckets.take(key)
            return nil
        } catch let refusal as TooManyAttempts { return refusal }
    }

    private func withTwo(
        _ server: TestRedis, keys: [String] = ["key", "key"], _ body: (RedisHouse, RedisHouse) async throws -> Void
    ) async throws {
        try await RedisHouse.with(server.address(), key: keys[0]) { first in
            try await RedisHouse.with(server.address(), key: keys[1]) { second in try await body(first, second) }
        }
    }

    @Test("Of all that come to two servers at once exactly as many pass as the bucket holds")
    func exact() async throws {
        let server = try await TestRedis()
        try await withTwo(server) { first, second in
            let buckets = [Self.buckets(first, burst: 100), Self.buckets(second, burst: 100)]
            let refusals = try await withThrowingTaskGroup(of: TooManyAttempts?.self) { group in
                for number in 0..<400 {
                    let loop = first.loops.loops[number % 2]
                    group.addTask(executorPreference: loop) { try await Self.take(buckets[number % 2]) }
                }
                return try await group.reduce(into: [TooManyAttempts?]()) { $0.append($1) }
            }
            #expect(refusals.count { $0 == nil } == 100)
            // Each was decided together: nobody was late.
            #expect(first.bus.limits.decisions.local + second.bus.limits.decisions.local == 0)
            for refusal in refusals.compactMap(\.self) {
                #expect(refusal.limit == 100 && refusal.retryAfter > .zero && refusal.retryAfter <= Self.interval)
            }
            // Somebody else has a bucket of their own.
            #expect(try await Self.take(buckets[0], "another") == nil)
        }
    }

    @Test("Whom this server refuses asks nobody, and what Redis refuses costs nothing here")
    func localFirst() async throws {
        let server = try await TestRedis()
        try await withTwo(server) { first, second in
            let (here, there) = (Self.buckets(first, burst: 3), Self.buckets(second, burst: 3))
            for _ in 0..<3 { #expect(try await Self.take(here) == nil) }
            let asked = first.bus.limits.decisions.shared
            for _ in 0..<50 { #expect(try await Self.take(here) != nil) }
            #expect(first.bus.limits.decisions.shared == asked)
            for _ in 0..<50 { #expect(try await Self.take(there) != nil) }
            // Its own bucket is still full: without Redis it would let three pass.
            server.kill()
            try await eventually("the client knows") { !second.bus.isConnected }
            for _ in 0..<3 { #expect(try await Self.take(there) == nil) }
            #expect(try await Self.take(there) != nil)
        }
    }

    @Test("Installations that have one Redis in common count apart")
    func apart() async throws {
        let server = try await TestRedis()
        try await withTwo(server, keys: ["one", "another"]) { first, second in
            for house in [first, second] {
                let buckets = Self.buckets(house, burst: 2)
                for _ in 0..<2 { try await buckets.take("somebody") }
                #expect(try await Self.take(buckets) != nil)
            }
        }
    }

    @Test("A token comes back after its interval, and a full bucket leaves nothing in Redis")
    func refills() async throws {
        let server = try await TestRedis()
        try await RedisHouse.with(server.address()) { house in
            let buckets = Self.buckets(house, burst: 4, interval: .milliseconds(20))
            for number in 0..<2000 { #expect(try await Self.take(buckets, "\(number)") == nil) }
            try await eventually("every key has expired") { try await house.ask("DBSIZE") == .integer(0) }
            // Redis' own clock is what counts: here no time passes by the clock of the server.
            let clock = Clock()
            let slow = Self.buckets(house, burst: 1, interval: .milliseconds(50), clock)
            #expect(try await Self.take(slow) == nil)
            try await eventually("the token is back in Redis") {
                clock.advance(by: .seconds(1))
                return try await Self.take(slow) == nil
            }
        }
    }

    @Test("Keys name nobody, and none stays longer than its bucket needs to be full")
    func keys() async throws {
        let server = try await TestRedis()
        try await RedisHouse.with(server.address()) { house in
            let buckets = Self.buckets(house, burst: 3, interval: .seconds(10))
            for _ in 0..<2 { #expect(try await Self.take(buckets, "somebody@example.org") == nil) }
            guard case .list(let keys) = try await house.ask("KEYS", "*") else { return }
            let names = keys.compactMap(\.text)
            #expect(names.count == 1 && names[0].hasPrefix("palco:") && !names[0].contains("example"))
            guard case .integer(let left) = try await house.ask("PTTL", names[0]) else { return }
            #expect(left > 10_000 && left <= 20_000)
            // A bucket that another clock filled, long ahead of this one, is empty and no more than that.
            _ = try await house.ask("SET", names[0], "9000000000000000")
            let refusal = try #require(
                try await Self.take(Self.buckets(house, burst: 3, interval: .seconds(10)), "somebody@example.org"))
            #expect(refusal.retryAfter <= .seconds(10))
        }
    }

    @Test("Only what was wrong costs a token, however many servers look at attempts at once")
    func checks() async throws {
        let server = try await TestRedis()
        struct Broken: Error {}
        try await withTwo(server) { first, second in
            let (here, there) = (Self.buckets(first, burst: 3), Self.buckets(second, burst: 3))
            for _ in 0..<20 {
                #expect(try await here.check("somebody") { true })
                await #expect(throws: Broken.self) { try await there.check("somebody") { throw Broken() } }
            }
            // While one is looked at, its token is away at the other server, too.
            _ = try await here.check("somebody") {
                _ = try await here.check("somebody") {
                    let isRight = try await there.check("somebody") { false }
                    #expect(!isRight)
                    await #expect(throws: TooManyAttempts.self) { try await there.check("somebody") { true } }
                    return true
                }
                return true
            }
            // The wrong one was one.
            let bucket = RedisLimits.Bucket(
                limit: "test", rule: .init(burst: 3, interval: Self.interval), owner: "somebody")
            try await eventually("what was given back has arrived") {
                guard case .integer(let left) = try await first.ask("PTTL", first.bus.limits.name(of: bucket)) else {
                    return false
                }
                return left <= 1_000_000
            }
            for _ in 0..<2 { #expect(try await there.check("somebody") { false } == false) }
            await #expect(throws: TooManyAttempts.self) { try await here.check("somebody") { true } }
            #expect(first.bus.limits.decisions.local + second.bus.limits.decisions.local == 0)
        }
    }

    @Test("A script that Redis forgot is sent again")
    func forgottenScript() async throws {
        let server = try await TestRedis()
        try await RedisHouse.with(server.address()) { house in
            let buckets = Self.buckets(house, burst: 3)
            for _ in 0..<3 {
                _ = try await house.ask("SCRIPT", "FLUSH")
                #expect(try await Self.take(buckets) == nil)
            }
            #expect(try await Self.take(buckets) != nil)
            #expect(house.bus.limits.decisions == (3, 0))
        }
    }

    @Test("Without Redis each server counts alone, without an error, and together again when it is back")
    func killed() async throws {
        let server = try await TestRedis()
        try await withTwo(server) { first, second in
            let (here, there) = (Self.buckets(first, burst: 4), Self.buckets(second, burst: 4))
            for _ in 0..<2 { #expect(try await Self.take(here) == nil) }
            #expect(try await Self.take(there) == nil)
            server.kill()
            // While it goes, too.
            for _ in 0..<2 { #expect(try await Self.take(here) == nil) }
            #expect(try await Self.take(here) != nil)
            try await eventually("both know") { !first.bus.isConnected && !second.bus.isConnected }
            for _ in 0..<3 { #expect(try await Self.take(there) == nil) }
            #expect(try await Self.take(there) != nil)
            #expect(first.bus.limits.decisions.local >= 2 && second.bus.limits.decisions.local >= 3)
            try await server.start()
            try await eventually("both are back") { first.bus.isConnected && second.bus.isConnected }
            for house in [first, second, first, second] {
                #expect(try await Self.take(Self.buckets(house, burst: 4), "another") == nil)
            }
            #expect(try await Self.take(Self.buckets(first, burst: 4), "another") != nil)
        }
    }

    @Test("A Redis that does not answer leaves the decision to this server")
    func held() async throws {
        let server = try await TestRedis()
        try await RedisHouse.with(server.address(), patience: RedisClient.usualPatience) { house in
            let buckets = Self.buckets(house, burst: 100)
            try await buckets.take("somebody")
            server.hold()
            for _ in 0..<99 { #expect(try await Self.take(buckets) == nil) }
            #expect(try await Self.take(buckets) != nil)
            #expect(house.bus.limits.decisions.local == 99)
            #expect(try await buckets.check("another") { true })
            server.letGo()
        }
    }

    @Test("What is no error of Redis but a mistake in it fails no request")
    func wrongType() async throws {
        let server = try await TestRedis()
        try await RedisHouse.with(server.address()) { house in
            let bucket = RedisLimits.Bucket(
                limit: "test", rule: .init(burst: 5, interval: .seconds(9)), owner: "somebody")
            _ = try await house.ask("RPUSH", house.bus.limits.name(of: bucket), "x")
            #expect(await house.bus.limits.take(bucket) == .unknown)
            #expect(house.log.lines.count { $0.contains("Redis does not count") } == 1)
            let buckets = Self.buckets(house, burst: 5, interval: .seconds(9))
            for _ in 0..<5 { #expect(try await Self.take(buckets) == nil) }
        }
    }
}
