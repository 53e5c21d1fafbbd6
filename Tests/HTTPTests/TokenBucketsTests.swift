import Reactor
import Testing

@testable import HTTP

@Suite("Buckets of tokens")
struct TokenBucketsTests {
    private static func at(_ seconds: Double) -> MonotonicTime {
        MonotonicTime(nanoseconds: 1_000_000_000_000 + Int64(seconds * 1_000_000_000))
    }

    @Test("a burst may be taken at once, then one for each interval")
    func burst() {
        let buckets = TokenBuckets<String>(burst: 3, interval: .seconds(10), now: Self.at(0))
        #expect((0..<5).map { _ in buckets.take("a", now: Self.at(0)) } == [true, true, true, false, false])
        #expect(buckets.take("b", now: Self.at(0)))
        #expect(!buckets.take("a", now: Self.at(9.9)))
        #expect(buckets.take("a", now: Self.at(10)))
        #expect(!buckets.take("a", now: Self.at(10)))
        #expect(buckets.take("a", now: Self.at(20)))
        #expect(!buckets.take("a", now: Self.at(20.1)))
    }

    @Test("what was refused costs nothing, and after a rest the bucket is full again")
    func rest() {
        let buckets = TokenBuckets<String>(burst: 2, interval: .seconds(1), now: Self.at(0))
        for _ in 0..<100 { _ = buckets.take("a", now: Self.at(0)) }
        #expect((0..<3).map { _ in buckets.take("a", now: Self.at(2)) } == [true, true, false])
        #expect((0..<3).map { _ in buckets.take("a", now: Self.at(1000)) } == [true, true, false])
    }

    @Test("an empty bucket is not forgotten while it fills, however often the generations turn")
    func generations() {
        let buckets = TokenBuckets<Int>(burst: 10, interval: .seconds(1), now: Self.at(0))
        for _ in 0..<10 { #expect(buckets.take(0, now: Self.at(0))) }
        for second in 1...40 {
            #expect(buckets.take(0, now: Self.at(Double(second))), "\(second)")
            #expect(!buckets.take(0, now: Self.at(Double(second))), "\(second)")
        }
    }

    @Test("keys without end take no more than their places")
    func bounded() {
        let buckets = TokenBuckets<Int>(burst: 2, interval: .seconds(1), capacity: 100, now: Self.at(0))
        for key in 0..<10_000 { _ = buckets.take(key, now: Self.at(0)) }
        #expect(buckets.count <= 100)
        _ = buckets.take(-1, now: Self.at(10))
        _ = buckets.take(-1, now: Self.at(20))
        #expect(buckets.count <= 2)
    }
}
