import Synchronization
import Testing

@testable import Reactor

@Suite("Buckets of tokens")
struct TokenBucketsTests {
    final class Clock: Sendable {
        private let moment = Mutex(MonotonicTime(nanoseconds: 1_000_000_000_000))
        var now: MonotonicTime { moment.withLock { $0 } }
        func advance(by duration: Duration) { moment.withLock { $0 = $0 + duration } }
    }

    let clock = Clock()

    func buckets<Key: Hashable & Sendable>(
        _ key: Key.Type = String.self, burst: Int, every interval: Duration, capacity: Int = 100
    ) -> TokenBuckets<Key> {
        TokenBuckets(burst: burst, interval: interval, capacity: capacity, clock: { [clock] in clock.now })
    }

    /// How long to wait; nil where a token was taken.
    func take<Key>(_ key: Key, of buckets: TokenBuckets<Key>) -> Duration? {
        do {
            try buckets.take(key)
            return nil
        } catch {
            #expect(error.limit == buckets.rule.burst)
            return error.retryAfter
        }
    }

    /// The same for an attempt that fails.
    func fail<Key>(_ key: Key, at buckets: TokenBuckets<Key>) async throws -> Duration? {
        do {
            #expect(try await buckets.check(key) { false } == false)
            return nil
        } catch let error as TooManyAttempts {
            return error.retryAfter
        }
    }

    @Test("So many may be taken at once, then one after each interval, and who is refused hears how long that is")
    func burst() {
        let buckets = buckets(burst: 2, every: .seconds(30))
        #expect(take("a", of: buckets) == nil)
        clock.advance(by: .seconds(10))
        #expect(take("a", of: buckets) == nil)
        // A third of a token came back meanwhile.
        #expect(take("a", of: buckets) == .seconds(20))
        #expect(take("b", of: buckets) == nil)
        clock.advance(by: .milliseconds(19_500))
        #expect(take("a", of: buckets) == .milliseconds(500))
        clock.advance(by: .milliseconds(500))
        #expect(take("a", of: buckets) == nil)
        #expect(take("a", of: buckets) == .seconds(30))
        clock.advance(by: .seconds(86_400))
        #expect(take("a", of: buckets) == nil && take("a", of: buckets) == nil)
        #expect(take("a", of: buckets) == .seconds(30))
    }

    @Test("What was refused costs nothing")
    func refused() {
        let buckets = buckets(burst: 2, every: .seconds(1))
        for number in 0..<100 { #expect((take("a", of: buckets) == nil) == (number < 2)) }
        clock.advance(by: .seconds(2))
        #expect(take("a", of: buckets) == nil && take("a", of: buckets) == nil && take("a", of: buckets) != nil)
    }

    @Test(
        "Over a long time a bucket lets through what comes back, however it is asked",
        arguments: [1_000, 100, 7_000, 33_300])
    func rate(milliseconds: Int) {
        let buckets = buckets(burst: 10, every: .seconds(2))
        var passed = 0
        let steps = 1_000_000 / milliseconds
        for _ in 0..<steps {
            while take("a", of: buckets) == nil { passed += 1 }
            clock.advance(by: .milliseconds(milliseconds))
        }
        #expect(passed <= 10 + 500)
        #expect(passed >= (milliseconds < 20_000 ? 10 + 490 : 300))
    }

    @Test(
        "Rules at the ends of what can be counted hold",
        arguments: [(Int.max, Duration.seconds(1)), (1, .seconds(Int64.max))])
    func extremes(burst: Int, interval: Duration) {
        let buckets = buckets(burst: burst, every: interval)
        #expect(take("a", of: buckets) == nil)
        #expect((take("a", of: buckets) == nil) == (burst > 1))
    }

    @Test("An attempt that is right, fails to be looked at or is cancelled costs nothing and leaves nothing behind")
    func givenBack() async throws {
        struct Busy: Error {}
        let buckets = buckets(burst: 1, every: .seconds(60))
        for _ in 0..<5 { #expect(try await buckets.check("a") { true }) }
        for _ in 0..<5 {
            await #expect(throws: Busy.self) { try await buckets.check("a") { throw Busy() } }
            await #expect(throws: CancellationError.self) { try await buckets.check("a") { throw CancellationError() } }
        }
        #expect(buckets.count == 0)
        #expect(try await fail("a", at: buckets) == nil)
        // A right one after it does not wipe it out.
        await #expect(throws: TooManyAttempts.self) { try await buckets.check("a") { true } }
    }

    @Test("Attempts that are being looked at have taken their tokens already, and may give them back at any moment")
    func atOnce() async throws {
        let buckets = buckets(burst: 2, every: .seconds(30))
        let right = try await buckets.check("a") {
            try await buckets.check("a") {
                let wait = try await fail("a", at: buckets)
                #expect(wait == .seconds(1))
                return true
            }
        }
        #expect(right)
        for _ in 0..<2 { #expect(try await fail("a", at: buckets) == nil) }
        #expect(try await fail("a", at: buckets) == .seconds(30))
    }

    @Test("A token that came back by itself while the attempt was looked at is not given back once more")
    func notTwice() async throws {
        let buckets = buckets(burst: 2, every: .seconds(10))
        let right = try await buckets.check("a") {
            clock.advance(by: .seconds(1_000))
            return true
        }
        #expect(right)
        #expect((0..<3).map { _ in take("a", of: buckets) == nil } == [true, true, false])
    }

    @Test("It stays small, whoever comes, and what is full again needs no place")
    func bounded() {
        let buckets = buckets(Int.self, burst: 2, every: .seconds(1))
        for key in 0..<10_000 { _ = take(key, of: buckets) }
        #expect(buckets.count == 100)
        clock.advance(by: .seconds(1_000))
        for key in 0..<99 {
            #expect(take(-key, of: buckets) == nil)
        }
        #expect(buckets.count == 99)
        clock.advance(by: .seconds(1_000))
        for _ in 0..<99 {
            #expect(take(1, of: buckets) == nil)
            clock.advance(by: .seconds(5))
        }
        #expect(buckets.count == 1)
    }

    @Test("Nobody is freed by coming under other names until the empty bucket is driven out")
    func notFreed() {
        let buckets = buckets(Int.self, burst: 5, every: .seconds(60), capacity: 50)
        for _ in 0..<5 { #expect(take(-1, of: buckets) == nil) }
        // Each of the other names takes one token, a hundred times as many as there are places.
        for name in 0..<5_000 { _ = take(name, of: buckets) }
        #expect(take(-1, of: buckets) != nil)
        // Even who keeps all places empty gets nothing for the names that find none.
        for name in 0..<49 {
            while take(name, of: buckets) == nil {}
        }
        var passed = 0
        for round in 0..<1_000 {
            if take(10_000 + round % 60, of: buckets) == nil { passed += 1 }
        }
        #expect(passed <= 5 * 50)
        #expect(take(-1, of: buckets) != nil)
        #expect(buckets.count == 50)
    }

    @Test("A newcomer takes over the fullest bucket, so somebody else's empty one costs them nothing")
    func newcomers() {
        let buckets = buckets(Int.self, burst: 5, every: .seconds(60), capacity: 50)
        for name in 0..<49 {
            while take(name, of: buckets) == nil {}
        }
        #expect(take(100, of: buckets) == nil)
        // One token is missing in the fullest.
        #expect((0..<5).map { _ in take(101, of: buckets) == nil } == [true, true, true, true, false])
        clock.advance(by: .seconds(240))
        #expect(take(102, of: buckets) == nil)
    }

    @Test(
        "Against a model without bounds: with enough places it answers the same, with too few it lets nobody through more often"
    )
    func model() {
        struct Random {
            var state: UInt64
            mutating func next(_ bound: UInt64) -> UInt64 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return (state >> 33) % bound
            }
        }
        var random = Random(state: 7)
        let (wide, narrow) = (
            buckets(Int.self, burst: 4, every: .seconds(3), capacity: 1_000),
            buckets(Int.self, burst: 4, every: .seconds(3), capacity: 8)
        )
        var model: [Int: TokenBucket] = [:]
        var passed = 0
        let start = clock.now
        for _ in 0..<20_000 {
            let key = Int(random.next(random.next(2) == 0 ? 5 : 40))
            let right = model[key, default: TokenBucket(now: clock.now)].take(by: wide.rule, at: clock.now)
            #expect(take(key, of: wide) == right)
            if take(key, of: narrow) == nil { passed += 1 }
            clock.advance(by: .milliseconds(Int64(random.next(400))))
        }
        #expect(wide.count <= 40 && narrow.count <= 8)
        // Eight buckets that fill for all of the time.
        #expect(passed <= 8 * (4 + Int((clock.now - start) / .seconds(3))))
    }
}
