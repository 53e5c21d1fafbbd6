import FoundationEssentials
import Synchronization

/// How often one network address may fail in a while. In memory: a restart forgives, the lock of the account does not.
final class AddressLimiter: Sendable {
    private struct Window {
        var start: Date
        var count: Int
    }

    private let maximumFailures: Int
    private let period: TimeInterval
    private let capacity: Int
    private let windows = Mutex<[String: Window]>([:])

    init(maximumFailures: Int, period: TimeInterval, capacity: Int = 20_000) {
        self.maximumFailures = maximumFailures
        self.period = period
        self.capacity = capacity
    }

    /// Counts an attempt. Not nil: refused, and this long until the next one may be made.
    func begin(_ address: String, at now: Date) -> Duration? {
        windows.withLock { windows in
            let network = Self.network(of: address)
            var window = windows[network] ?? Window(start: now, count: 0)
            if now.timeIntervalSince(window.start) >= period { window = Window(start: now, count: 0) }
            guard window.count < maximumFailures else {
                return .seconds(max(1, period - now.timeIntervalSince(window.start)))
            }
            window.count += 1
            if windows[network] == nil, windows.count >= capacity { makeRoom(in: &windows, at: now) }
            windows[network] = window
            return nil
        }
    }

    /// The attempt was good after all.
    func forgive(_ address: String) {
        windows.withLock { windows in
            let network = Self.network(of: address)
            guard let count = windows[network]?.count else { return }
            windows[network]?.count = max(0, count - 1)
        }
    }

    /// Drops what is over; when that is not enough, the half that began first.
    private func makeRoom(in windows: inout [String: Window], at now: Date) {
        windows = windows.filter { now.timeIntervalSince($0.value.start) < period }
        guard windows.count >= capacity else { return }
        let newest = windows.sorted { $0.value.start > $1.value.start }.prefix(capacity / 2)
        windows = Dictionary(uniqueKeysWithValues: newest.map { ($0.key, $0.value) })
    }

    /// One subscriber holds a whole /64 of IPv6, so that is what is counted.
    private static func network(of address: String) -> String {
        guard address.contains(":") else { return address }
        let halves = address.split(separator: "::", maxSplits: 1, omittingEmptySubsequences: false)
        var groups = halves[0].split(separator: ":").map(String.init)
        if halves.count == 2 {
            let tail = halves[1].split(separator: ":").map(String.init)
            groups += Array(repeating: "0", count: max(0, 8 - groups.count - tail.count)) + tail
        }
        return groups.prefix(4).joined(separator: ":")
    }
}
