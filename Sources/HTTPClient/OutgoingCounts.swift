import Synchronization
import Telemetry

/// What other servers were asked and what came of it, by server. From any thread.
public final class OutgoingCounts: Sendable {
    public struct Target: Sendable {
        /// By outcome: `2xx` to `5xx` for answers, `failed` where there was none.
        public fileprivate(set) var outcomes: [String: Int] = [:]
        /// From asking to the head of the answer, or to the failure.
        public fileprivate(set) var durations = Histogram()
    }

    /// Servers beyond these count together as `other`: their names may be strangers' words.
    static let mostTargets = 64

    private let counts = Mutex<[String: Target]>([:])

    public init() {}

    /// By `host:port`, in order.
    public var targets: [(name: String, target: Target)] {
        counts.withLock { counts in counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }

    /// - Parameter status: nil where there was no answer.
    func record(_ url: TargetURL, status: Int?, nanoseconds: Int64) {
        let outcome = status.map { "\($0 / 100)xx" } ?? "failed"
        counts.withLock { counts in
            var name = "\(url.host):\(url.port)"
            if counts[name] == nil, counts.count >= Self.mostTargets { name = "other" }
            counts[name, default: Target()].outcomes[outcome, default: 0] += 1
            counts[name]?.durations.record(nanoseconds: nanoseconds)
        }
    }
}
