import HTTP
import Synchronization

/// The time that requests are signed with. S3 refuses a signature that is some minutes away from its own time; a machine
/// whose clock is wrong learns the difference from the server's `Date` then.
final class ServerClock: Sendable {
    private let wall: @Sendable () -> Int
    /// Seconds that the server is ahead.
    private let offset = Mutex(0)

    /// - Parameter wall: seconds since 1970 as this machine thinks.
    init(wall: @escaping @Sendable () -> Int) { self.wall = wall }

    /// Seconds since 1970 at the server, as far as is known.
    var now: Int { wall() + offset.withLock { $0 } }

    /// Servers allow a quarter of an hour; a difference well below that has another reason.
    private static let noticed = 5 * 60

    /// False when the server's time was known already, so that asking again would change nothing.
    func learn(_ date: String?) -> Bool {
        guard let date = date.flatMap(HTTPDate.init(parsing:)) else { return false }
        return offset.withLock { offset in
            let found = date.secondsSince1970 - wall()
            guard abs(found - offset) >= Self.noticed else { return false }
            offset = found
            return true
        }
    }
}
