import Reactor
import Synchronization

/// How many connections there are, in all and of each network: whoever has a /64 of IPv6 has as many addresses as they like.
/// Servers of one process share it.
public final class ConnectionCensus: Sendable {
    private struct Counts {
        var all = 0
        var byNetwork: [IPNetwork: Int] = [:]
        /// Of one network, when it was last asked who must make room: whoever has at least half as many is of the crowd.
        var most = Int.max
        /// When room may be made again: to look for those who wait is work, and they need a moment to leave.
        var makesRoomAt = MonotonicTime(nanoseconds: 0)

        /// Whether a network with so many connections is one of those that must make room.
        func isOfCrowd(_ count: Int) -> Bool { count >= most - most / 2 }
    }

    /// Connections that must end, so that others find a place.
    struct Crowd: Sendable {
        /// The networks that take the most places: none has less than half as many as the first.
        var networks: Set<IPNetwork>
        /// How many of their connections.
        var count: Int
    }

    private let counts = Mutex(Counts())
    private let limits: ServerLimits
    /// So many places are kept free where that is possible. The crowd gets no more than half of them: where it comes faster
    /// than room is made, others still find a place.
    private let reserve: Int

    public init(limits: ServerLimits) {
        self.limits = limits
        reserve = max(1, limits.connections / 16)
    }

    /// - Parameter network: nil for a peer that is counted among all only.
    func enter(_ network: IPNetwork?) -> Bool {
        counts.withLock { counts in
            guard counts.all < limits.connections else { return false }
            if let network {
                let known = counts.byNetwork[network, default: 0]
                guard known < limits.connectionsPerAddress else { return false }
                if counts.isOfCrowd(known), counts.all >= limits.connections - reserve / 2 { return false }
                counts.byNetwork[network] = known + 1
            }
            counts.all += 1
            return true
        }
    }

    func leave(_ network: IPNetwork?) {
        counts.withLock { counts in
            counts.all -= 1
            guard let network else { return }
            let left = counts.byNetwork[network, default: 1] - 1
            counts.byNetwork[network] = left > 0 ? left : nil
        }
    }

    /// Who must make room; nil while places are left.
    func crowd(at now: MonotonicTime) -> Crowd? {
        counts.withLock { counts in
            guard counts.all >= limits.connections - reserve, now >= counts.makesRoomAt,
                let most = counts.byNetwork.values.max()
            else { return nil }
            counts.makesRoomAt = now + .milliseconds(10)
            counts.most = most
            let networks = counts.byNetwork.filter { counts.isOfCrowd($0.value) }
            return Crowd(networks: Set(networks.keys), count: reserve)
        }
    }
}
