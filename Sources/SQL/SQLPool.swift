import Glibc
import Reactor
import Synchronization

/// Threads that may wait, each with a connection of its own while it works.
final class SQLPool: Sendable {
    /// What meets others is tried again so often, what finds nobody for so long.
    private static let attempts = 30
    /// What met others of this pool so often goes alone, so that however many want the same row, each has it soon.
    private static let meetings = 3
    private static let patience = Duration.seconds(5)
    /// Where nobody has been found for longer than that, one looks again so often, and all others do not wait for it.
    private static let lookInterval = Duration.seconds(1)

    private struct Idle {
        var connections: [Handed] = []
        var isClosed = false
        /// When nobody was found for the first time, when one looked last, and what was said; nil while there is somebody.
        var unreachable: (since: MonotonicTime, looked: MonotonicTime, why: SQLError)?
    }

    private let threads: BlockingPool
    private let idle = Mutex(Idle())
    private let turns = ReadersWriterLock()
    private let connect: @Sendable () throws -> any SQLConnection

    init(
        name: String, threads count: Int, maxQueued: Int = 10_000,
        connect: @escaping @Sendable () throws -> any SQLConnection
    ) throws {
        threads = try BlockingPool(name: name, threads: count, maxQueued: maxQueued)
        self.connect = connect
    }

    var connectionCount: Int { threads.threadCount }
    var queuedCount: Int { threads.queuedCount }

    /// Opens connections, so that what is wrong is told at the start. More come when they are needed.
    func open(_ count: Int) async throws {
        try await threads.run { [self] in
            for connection in try (0..<count).map({ _ in try connect() }) { giveBack(connection) }
        }
    }

    /// Closes the connections that nobody uses: what they remember of work that does not come again takes memory.
    func renew() {
        idle.withLock { $0.connections = [] }
    }

    /// Runs `body` with a connection. Where a transaction has to be repeated, or its connection ends before it was asked to be kept,
    /// `body` runs again: it must have no effect but in the database.
    ///
    /// - Throws: what `body` throws; `SQLError`; `BlockingPoolError`.
    func run<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T {
        try await threads.run { [self] in try repeating(body) }
    }

    private func repeating<T>(_ body: (any SQLConnection) throws -> T) throws -> T {
        let start = MonotonicTime.now
        var (attempt, met) = (0, 0)
        while true {
            do {
                return try turns.enter(alone: met >= Self.meetings) { try once(body) }
            } catch let error as SQLError where error.code == .mustRetry || error.code == .disconnected {
                attempt += 1
                if error.code == .mustRetry { met += 1 }
                let since = error.code == .disconnected ? idle.withLock { $0.unreachable?.since } ?? start : start
                let isOver = MonotonicTime.now - since >= Self.patience
                if isOver || (error.code == .mustRetry && attempt >= Self.attempts) { throw error.asSeenOutside }
                if met == Self.meetings { continue }
                // Each waits another time, so that two which met do not meet again.
                let most = min(200_000, 500 << min(attempt, 10))
                usleep(UInt32.random(in: 250...UInt32(most)))
            }
        }
    }

    private func once<T>(_ body: (any SQLConnection) throws -> T) throws -> T {
        let connection = try take()
        defer { giveBack(connection) }
        return try body(connection)
    }

    private func take() throws -> any SQLConnection {
        while true {
            let (isClosed, found) = idle.withLock { ($0.isClosed, $0.connections.popLast()) }
            if isClosed { throw SQLError(.closed, "the database is closed") }
            guard let connection = found?.connection else { return try reach() }
            if connection.check() { return connection }
        }
    }

    /// A new connection. While nobody is found, those who come do not wait for each other's patience.
    private func reach() throws -> any SQLConnection {
        let now = MonotonicTime.now
        let known: SQLError? = idle.withLock { idle in
            guard let unreachable = idle.unreachable else { return nil }
            let isOver = now - unreachable.since >= Self.patience
            if isOver, now - unreachable.looked < Self.lookInterval { return unreachable.why }
            idle.unreachable?.looked = now
            return nil
        }
        if let known { throw known }
        do {
            let connection = try connect()
            idle.withLock { $0.unreachable = nil }
            return connection
        } catch let error as SQLError where error.code == .disconnected {
            idle.withLock { idle in
                idle.unreachable = (idle.unreachable?.since ?? now, now, error)
            }
            throw error
        }
    }

    private func giveBack(_ connection: any SQLConnection) {
        guard connection.isUsable else { return }
        let handed = Handed(connection)
        idle.withLock { idle in
            if !idle.isClosed { idle.connections.append(handed) }
        }
    }

    /// Ends what is queued, then closes the connections.
    func close() async {
        await threads.shutdown()
        idle.withLock { idle in
            idle.isClosed = true
            idle.connections = []
        }
    }

    /// `@unchecked Sendable`: touched by nobody while it lies under the lock, and by whoever took it out alone afterwards.
    private struct Handed: @unchecked Sendable {
        let connection: any SQLConnection
        init(_ connection: any SQLConnection) { self.connection = connection }
    }
}
