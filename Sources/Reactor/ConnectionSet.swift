/// The connections that one server took, on all loops of a group: they are counted, drained and cut together, whatever
/// other servers of the process do.
public final class ConnectionSet: Sendable {
    public let group: EventLoopGroup
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

    /// Asks every connection to end: idle ones at once, busy ones after what they are doing (`Connection.isDraining`).
    public func drain() {
        for part in parts.values { part.loop.execute { part.drain() } }
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
            connections[ObjectIdentifier(connection)] = nil
        }

        func drain() {
            loop.preconditionOnLoop()
            isDraining = true
            for connection in connections.values { connection.beginDraining() }
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
