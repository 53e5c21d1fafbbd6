import Synchronization
import Testing

@testable import TLS

@Suite("Keys of session tickets")
struct TicketKeysTests {
    /// Seconds that a test sets.
    final class Clock: Sendable {
        let seconds = Atomic<Int64>(1_000)
        var now: @Sendable () -> Int64 { { [self] in seconds.load(ordering: .relaxed) } }
        func advance(_ count: Int64) { seconds.add(count, ordering: .relaxed) }
    }

    @Test("a key makes tickets for its lifetime and opens them for another one")
    func rotation() throws {
        let clock = Clock()
        let keys = TicketKeys(lifetime: 100, now: clock.now)
        let first = try #require(keys.current())
        clock.advance(99)
        #expect(keys.current()?.name == first.name)
        #expect(keys.key(named: first.name)?.isOld == false)
        clock.advance(1)
        let second = try #require(keys.current())
        #expect(second.name != first.name)
        #expect(second.aes != first.aes)
        #expect(second.hmac != first.hmac)
        #expect(keys.key(named: first.name)?.isOld == true)
        #expect(keys.key(named: first.name)?.key.aes == first.aes)
        clock.advance(100)
        #expect(keys.key(named: first.name) == nil)
    }

    @Test("a key that nobody knows opens nothing")
    func unknown() {
        let keys = TicketKeys(lifetime: 100, now: Clock().now)
        _ = keys.current()
        #expect(keys.key(named: [UInt8](repeating: 0, count: TicketKeys.nameByteCount)) == nil)
    }

    @Test("keys that open nothing any more are not kept")
    func bounded() {
        let clock = Clock()
        let keys = TicketKeys(lifetime: 10, now: clock.now)
        for _ in 0..<50 {
            _ = keys.current()
            clock.advance(10)
        }
        #expect(keys.count <= 2)
    }
}
