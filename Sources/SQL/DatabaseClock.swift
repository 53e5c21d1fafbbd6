import FoundationEssentials
import Glibc
import Synchronization

/// The time by which servers of one database agree on what is over: the database's. A machine whose own clock is wrong, or is set
/// while it works, goes by what it was told and by what has passed since then, suspensions included (`CLOCK_BOOTTIME`).
final class DatabaseClock: Sendable {
    private let sinceBoot: @Sendable () -> Int64
    /// What the database is ahead of the machine's start, in microseconds; nil until it has told its time.
    private let offset = Mutex<Int64?>(nil)

    /// - Parameter sinceBoot: microseconds.
    init(sinceBoot: @escaping @Sendable () -> Int64 = { microseconds(of: CLOCK_BOOTTIME) }) {
        self.sinceBoot = sinceBoot
    }

    /// The machine's own time until the database has told its time.
    var now: Date {
        let offset = offset.withLock { $0 }
        return offset.map { Date(timeIntervalSince1970: Double($0 + sinceBoot()) / 1_000_000) } ?? Date()
    }

    /// - Parameter time: what the database answered a moment ago, in microseconds since 1970.
    func learn(_ time: Int64) {
        let found = time - sinceBoot()
        offset.withLock { $0 = found }
    }

    static func microseconds(of clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
