import Reactor
import Synchronization

/// How many connections there are, in all and of each network: whoever has a /64 of IPv6 has as many addresses as they like.
final class ConnectionCensus: Sendable {
    private struct Counts {
        var all = 0
        var byNetwork: [IPNetwork: Int] = [:]
    }

    private let counts = Mutex(Counts())
    private let limits: ServerLimits

    init(limits: ServerLimits) { self.limits = limits }

    /// - Parameter network: nil for a peer that is counted among all only.
    func enter(_ network: IPNetwork?) -> Bool {
        counts.withLock { counts in
            guard counts.all < limits.connections else { return false }
            if let network {
                let known = counts.byNetwork[network, default: 0]
                guard known < limits.connectionsPerAddress else { return false }
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
}
