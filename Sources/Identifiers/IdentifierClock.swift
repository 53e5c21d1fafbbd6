import Glibc
import Synchronization

/// Makes the bits of UUIDv7s: milliseconds, then a counter of 12 bits that starts at random in each millisecond
/// (RFC 9562 6.2, method 1), then 62 random bits.
final class IdentifierClock: Sendable {
    static let shared = IdentifierClock()

    private let last = Mutex<UInt64>(0)

    func next() -> (high: UInt64, low: UInt64) {
        next(milliseconds: Self.milliseconds(), random: .random(in: 0 ... .max), start: .random(in: 0..<0x800))
    }

    func next(milliseconds: UInt64, random: UInt64, start: UInt64) -> (high: UInt64, low: UInt64) {
        // The timestamp with the counter behind it is one number that may only grow; when the counter overflows or the
        // clock steps back, it runs ahead of the clock.
        let moment = last.withLock { last in
            last = max(last + 1, milliseconds << 12 | start)
            return last
        }
        let high = (moment >> 12) << 16 | 0x7000 | moment & 0xFFF
        return (high, random & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }

    private static func milliseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000
    }
}
