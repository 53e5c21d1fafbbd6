import Reactor
import SQL
import Telemetry

/// Something that one process of all that share a database does now and then for all of them. When it is due again stands in
/// its lease, which nobody has until then.
public struct LeasedTask: Sendable {
    let lease: ServerLease
    let interval: Duration
    /// Whoever does it, and gives no sign of life for so long, does it no more.
    let patience: Duration
    let database: Database
    let log: Log

    /// - Parameter name: the same in all processes.
    public init(
        _ name: String, every interval: Duration, patience: Duration = .seconds(30), in database: Database, log: Log
    ) {
        lease = ServerLease(name)
        self.interval = interval
        self.patience = patience
        self.database = database
        self.log = log
    }

    /// How often it is looked whether it is due.
    private var lookInterval: Duration { min(interval / 4, .seconds(60)) }

    /// Does it whenever it is due and nobody else does, until cancelled.
    public func run(on loop: EventLoop, _ body: @escaping @Sendable () async throws -> Void) async {
        repeat {
            do {
                try await runIfDue(on: loop, body)
            } catch is CancellationError {
                return
            } catch {
                log.error(
                    "what one server does for all failed", ["work": .string(lease.name), "error": .error(error)])
            }
        } while (try? await loop.sleep(for: lookInterval)) != nil
    }

    /// - Returns: whether it was done.
    @discardableResult
    func runIfDue(on loop: EventLoop, _ body: @escaping @Sendable () async throws -> Void) async throws -> Bool {
        guard try await hold() else { return false }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask(executorPreference: loop) { try await body() }
                group.addTask(executorPreference: loop) { try await stayAlive(on: loop) }
                // Either all is done, or another one does it by now.
                try await group.next()
                group.cancelAll()
            }
        } catch {
            // Whoever looks next tries it, also when this process is stopping.
            await Task { _ = try? await database.claim { try lease.release(in: $0) } }.value
            throw error
        }
        try await database.claim { try lease.rest(for: interval, in: $0) }
        return true
    }

    private func stayAlive(on loop: EventLoop) async throws {
        while true {
            try await loop.sleep(for: patience / 3)
            // A database that is away takes the lease from nobody.
            if let isOurs = try? await hold(), !isOurs { throw LeaseLost() }
        }
    }

    private func hold() async throws -> Bool {
        try await database.claim { try lease.hold(for: patience, in: $0) }
    }
}

/// This process was silent for too long, and another one has taken over.
struct LeaseLost: Error {}
