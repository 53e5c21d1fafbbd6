import FoundationEssentials
import Synchronization
import Testing

@testable import Security

@Suite("Counting failures")
struct AttemptLimiterTests {
    final class Clock: Sendable {
        private let moment = Mutex(Date(timeIntervalSince1970: 1_800_000_000))
        var now: Date { moment.withLock { $0 } }
        func advance(by seconds: TimeInterval) { moment.withLock { $0 += seconds } }
    }

    let clock = Clock()

    func limiter(_ rule: AttemptLimiter<String>.Rule, capacity: Int = 100) -> AttemptLimiter<String> {
        AttemptLimiter(rule, capacity: capacity, now: { [clock] in clock.now })
    }

    /// Seconds to wait; nil when the attempt was looked at.
    func wrong(_ key: String, at limiter: AttemptLimiter<String>) async throws -> Duration? {
        do {
            #expect(try await limiter.check(key) { false } == false)
            return nil
        } catch let error as TooManyAttempts {
            return error.retryAfter
        }
    }

    @Test("A bucket: so many failures at once, then as they come back, and never more than it holds")
    func bucket() async throws {
        let limiter = limiter(.bucket(capacity: 2, perSecond: 1.0 / 30))
        #expect(try await wrong("a", at: limiter) == nil)
        clock.advance(by: 10)
        #expect(try await wrong("a", at: limiter) == nil)
        // A third of a token came back meanwhile.
        #expect(try await wrong("a", at: limiter) == .seconds(20))
        #expect(try await wrong("b", at: limiter) == nil)
        clock.advance(by: 19.5)
        #expect(try await wrong("a", at: limiter) == .seconds(1))
        clock.advance(by: 0.5)
        #expect(try await wrong("a", at: limiter) == nil)
        #expect(try await wrong("a", at: limiter) == .seconds(30))
        clock.advance(by: 86_400)
        for _ in 0..<2 { #expect(try await wrong("a", at: limiter) == nil) }
        #expect(try await wrong("a", at: limiter) == .seconds(30))
    }

    @Test(
        "Over a long time a bucket lets through what comes back, however it is asked", arguments: [1.0, 0.1, 7.0, 33.3])
    func rate(step: TimeInterval) async throws {
        let limiter = limiter(.bucket(capacity: 10, perSecond: 0.5))
        var (passed, elapsed) = (0, 0.0)
        while elapsed < 1_000 {
            while try await wrong("a", at: limiter) == nil { passed += 1 }
            clock.advance(by: step)
            elapsed += step
        }
        #expect(passed <= 10 + Int(elapsed / 2))
        #expect(passed >= (step < 20 ? 10 + 490 : 300))
    }

    @Test("Who is refused hears the limit; a clock that was set back gives no tokens and takes none")
    func told() async throws {
        let limiter = limiter(.bucket(capacity: 3, perSecond: 1))
        for _ in 0..<3 { #expect(try await wrong("a", at: limiter) == nil) }
        await #expect(throws: TooManyAttempts(retryAfter: .seconds(1), limit: 3)) {
            try await limiter.check("a") { true }
        }
        clock.advance(by: -3_600)
        #expect(try await wrong("a", at: limiter) == .seconds(1))
        clock.advance(by: 1)
        #expect(try await wrong("a", at: limiter) == nil)
    }

    @Test("What is right, fails to be looked at or is cancelled counts for nothing and leaves nothing behind")
    func givenBack() async throws {
        struct Busy: Error {}
        let limiter = limiter(.bucket(capacity: 1, perSecond: 1.0 / 60))
        for _ in 0..<5 { #expect(try await limiter.check("a") { true }) }
        for _ in 0..<5 {
            await #expect(throws: Busy.self) { try await limiter.check("a") { throw Busy() } }
            await #expect(throws: CancellationError.self) {
                try await limiter.check("a") { throw CancellationError() }
            }
        }
        #expect(limiter.count == 0)
        #expect(try await wrong("a", at: limiter) == nil)
        // A right one after it does not wipe it out.
        await #expect(throws: TooManyAttempts.self) { try await limiter.check("a") { true } }
    }

    @Test("Attempts that are being looked at have taken their places already")
    func atOnce() async throws {
        let limiter = limiter(.bucket(capacity: 2, perSecond: 1.0 / 30))
        let right = try await limiter.check("a") {
            try await limiter.check("a") {
                let wait = try await wrong("a", at: limiter)
                #expect(wait == .seconds(1))
                return true
            }
        }
        #expect(right)
        #expect(try await wrong("a", at: limiter) == nil)
    }

    @Test("Pauses double up to the longest, and a failure long ago is forgotten")
    func pauses() async throws {
        let limiter = limiter(.pauses(after: 3, longest: 60, memory: 3_600))
        for _ in 0..<3 { #expect(try await wrong("a", at: limiter) == nil) }
        for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
            #expect(try await wrong("a", at: limiter) == .seconds(pause))
            clock.advance(by: TimeInterval(pause) - 1)
            #expect(try await wrong("a", at: limiter) == .seconds(1))
            clock.advance(by: 1)
            #expect(try await wrong("a", at: limiter) == nil)
        }
        clock.advance(by: 3_600)
        for _ in 0..<3 { #expect(try await wrong("a", at: limiter) == nil) }
        #expect(try await wrong("a", at: limiter) == .seconds(1))
    }

    @Test("In the time of pauses, guesses are looked at one by one")
    func onePauseAtOnce() async throws {
        let limiter = limiter(.pauses(after: 1, longest: 60, memory: 3_600))
        #expect(try await wrong("a", at: limiter) == nil)
        clock.advance(by: 1)
        _ = try await limiter.check("a") {
            let wait = try await wrong("a", at: limiter)
            #expect(wait == .seconds(1))
            return true
        }
        #expect(try await wrong("a", at: limiter) == nil)
    }

    @Test("It stays small, whoever comes, and forgets the oldest and nobody else")
    func bounded() async throws {
        let limiter = limiter(.bucket(capacity: 1, perSecond: 1.0 / 60), capacity: 10)
        for number in 0..<1_000 { #expect(try await wrong("\(number)", at: limiter) == nil) }
        #expect(limiter.count == 10)
        #expect(try await wrong("989", at: limiter) == nil)
        for number in 991..<1_000 { #expect(try await wrong("\(number)", at: limiter) == .seconds(60)) }
        #expect(try await wrong("990", at: limiter) == nil)
    }

    @Test("Keys that come and go do not gather")
    func comingAndGoing() async throws {
        let limiter = limiter(.bucket(capacity: 1, perSecond: 1.0 / 60), capacity: 4)
        #expect(try await wrong("kept", at: limiter) == nil)
        for number in 0..<10_000 { #expect(try await limiter.check("\(number % 7)") { true }) }
        #expect(limiter.count == 1 && limiter.rememberedOrder <= 24)
        #expect(try await wrong("kept", at: limiter) == .seconds(60))
    }
}
