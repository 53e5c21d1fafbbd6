import Synchronization

/// The connections that one server took, on all loops of a group: they are counted, drained and cut together, whatever
/// other servers of the process do.
public final class ConnectionSet: Sendable {
    /// Bytes that went over sockets.
    public struct ByteCounts: Sendable, Equatable {
        public var received = 0
        public var sent = 0
    }

    public let group: EventLoopGroup
    private let drains = Atomic(false)
    private let parts: [ObjectIdentifier: Part]

    public init(_ group: EventLoopGroup) {
        self.group = group
        parts = Dictionary(uniqueKeysWithValues: group.loops.map { (ObjectIdentifier($0), Part(loop: $0)) })
    }

    func part(on loop: EventLoop) -> Part? { parts[ObjectIdentifier(loop)] }

    public func count() async -> Int {
        var count = 0
        for part in parts.values {
            count += await withUnsafeContinuation { continuation in
                part.loop.execute { continuation.resume(returning: part.count) }
            }
        }
        return count
    }

    /// What went over the connections, those included that are gone.
    public func byteCounts() async -> ByteCounts {
        var sum = ByteCounts()
        for part in parts.values {
            let counts = await withUnsafeContinuation { continuation in
                part.loop.execute { continuation.resume(returning: part.byteCounts) }
            }
            sum.received += counts.received
            sum.sent += counts.sent
        }
        return sum
    }

    /// Whether the connections are asked to end.
    public var isDraining: Bool { drains.load(ordering: .relaxed) }

    /// Asks every connection to end: idle ones at once, busy ones after what they are doing (`Connection.isDraining`).
    public func drain() {
        drains.store(true, ordering: .relaxed)
        for part in parts.values { part.loop.execute { part.drain() } }
    }

    /// Ends connections that wait for their peers to ask for something, those that have waited longest first.
    ///
    /// - Parameters:
    ///   - count: how many at most.
    ///   - networks: whose.
    ///   - duration: how long they must have waited: who has only just come may be about to ask.
    public func endWaiting(_ count: Int, of networks: Set<IPNetwork>, longerThan duration: Duration) {
        let share = (count + parts.count - 1) / parts.count
        for part in parts.values { part.loop.execute { part.endWaiting(share, of: networks, longerThan: duration) } }
    }

    /// Waits until no connection is left. After `patience` those that are left are cut: their tasks are cancelled and
    /// waited for, but not for ever.
    ///
    /// - Returns: how many had to be cut.
    public func waitUntilEmpty(patience: Duration) async -> Int {
        let left = await waitForEnd(patience)
        guard left > 0 else { return 0 }
        for part in parts.values { part.loop.execute { part.abort() } }
        _ = await waitForEnd(.seconds(5))
        return left
    }

    private func waitForEnd(_ patience: Duration) async -> Int {
        let deadline = MonotonicTime.now + patience
        while true {
            let count = await count()
            if count == 0 || MonotonicTime.now >= deadline { return count }
            try? await group.loops[0].sleep(for: .milliseconds(20))
        }
    }

    /// What of a set lives on one loop.
    final class Part: @unchecked Sendable {
        // @unchecked: confined to `loop`; each entry checks.

        unowned let loop: EventLoop
        private var connections: [ObjectIdentifier: Connection] = [:]
        private var sweep: TimerToken?
        private(set) var isDraining = false
        /// Of connections that are gone.
        private var gone = ByteCounts()

        init(loop: EventLoop) { self.loop = loop }

        var count: Int {
            loop.preconditionOnLoop()
            return connections.count
        }

        func add(_ connection: Connection) {
            loop.preconditionOnLoop()
            connections[ObjectIdentifier(connection)] = connection
            if sweep == nil { scheduleSweep() }
        }

        func remove(_ connection: Connection) {
            loop.preconditionOnLoop()
            guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
            gone.received &+= connection.receivedByteCount
            gone.sent &+= connection.sentByteCount
        }

        var byteCounts: ByteCounts {
            loop.preconditionOnLoop()
            return connections.values.reduce(into: gone) { sum, connection in
                sum.received &+= connection.receivedByteCount
                sum.sent &+= connection.sentByteCount
            }
        }

        func drain() {
            loop.preconditionOnLoop()
            isDraining = true
            for connection in connections.values { connection.beginDraining() }
        }

        func endWaiting(_ count: Int, of networks: Set<IPNetwork>, longerThan duration: Duration) {
            loop.preconditionOnLoop()
            let now = loop.now
            let waiting = connections.values.filter {
                $0.waitingSince + duration < now && networks.contains($0.remoteAddress.network)
            }
            for connection in waiting.sorted(by: { $0.waitingSince < $1.waitingSince }).prefix(count) {
                connection.abort(.stopping)
            }
        }

        func abort() {
            loop.preconditionOnLoop()
            for connection in connections.values { connection.abort(.stopping) }
        }

        /// Deadlines of connections are coarse: one sweep over all of them instead of a timer for each request.
        private func scheduleSweep() {
            sweep = loop.schedule(after: .milliseconds(250)) { [weak self] in
                guard let self else { return }
                sweep = nil
                let now = loop.now
                for connection in connections.values {
                    if connection.deadline <= now { connection.abort(.timedOut) }
                    if connection.readDeadline <= now { connection.endWaitForRead() }
                }
                if !connections.isEmpty { scheduleSweep() }
            }
        }
    }
}
