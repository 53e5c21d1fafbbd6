import Reactor
import SQL
import Synchronization
import Telemetry

/// Brings what viewers of one server wait for to the workers of all: as rows, and by an announcement that there are others.
/// A worker has the wishes of other servers among its own, so that what is fair among them is decided in one place.
final class DemandRelay: Sendable {
    private struct Guest {
        var demand: Demands.Demand
        var ticket: Demands.Ticket
    }

    private let database: Database
    private let demands: Demands
    private let signals: EncodingSignals
    private let owner: String
    /// bound: `DemandStore.mostRead`
    private let guests = Mutex<[DemandID: Guest]>([:])

    /// Nil where no other server can be.
    init?(_ queue: EncodingQueue) {
        guard queue.database.isShared else { return nil }
        database = queue.database
        demands = queue.demands
        signals = queue.signals
        owner = "\(queue.owner)"
    }

    /// A viewer of this server begins to wait.
    func publish(_ demand: Demands.Demand, by viewer: UInt64, patience: Duration) async throws -> DemandID {
        let (id, owner, signals) = (DemandID(), owner, signals)
        try await database.claim { transaction in
            try DemandStore.insert(
                demand, by: viewer, owner: owner,
                expiresAt: transaction.currentTime() + patience.wholeNanoseconds / 1000, as: id, in: transaction)
            try signals.tell(.demanded, of: demand.video, in: transaction)
        }
        return id
    }

    func withdraw(_ id: DemandID, of demand: Demands.Demand) async throws {
        let signals = signals
        try await database.claim { transaction in
            try DemandStore.remove(id, in: transaction)
            try signals.tell(.demanded, of: demand.video, in: transaction)
        }
    }

    /// Whether this process is to make it, of all that may.
    func claim(_ demand: Demands.Demand) async throws -> Bool {
        try await database.claim { try DemandStore.claim(demand, at: $0.currentTime(), in: $0) }
    }

    func release(_ demand: Demands.Demand) async throws {
        try await database.claim { try DemandStore.release(demand, in: $0) }
    }

    /// Follows the rows until cancelled.
    func follow(on loop: EventLoop, log: Log) async {
        while !Task.isCancelled {
            let rings = signals.demandBell.rings
            do { try await read(on: loop) } catch {
                log.error("what viewers wait for was not read", ["error": .error(error)])
            }
            await signals.demandBell.wait(after: rings, patience: .seconds(5), on: loop)
        }
    }

    func read(on loop: EventLoop) async throws {
        let owner = owner
        let rows = try await database.read { access in
            try DemandStore.others(than: owner, at: access.currentTime(), in: access)
        }
        let known = Set(rows.map(\.id))
        let (gone, hasNew) = guests.withLock { guests in
            let gone = guests.filter { !known.contains($0.key) }
            for id in gone.keys { guests[id] = nil }
            var hasNew = false
            for row in rows where guests[row.id] == nil {
                guests[row.id] = Guest(demand: row.demand, ticket: demands.add(row.demand, by: row.viewer))
                hasNew = true
            }
            return (gone.values, hasNew)
        }
        for guest in gone { demands.leave(guest.ticket, guest.demand, on: loop) }
        if hasNew { signals.bell.ring() }
    }

    /// Rows of servers that ended without a word.
    func tidy() async throws {
        try await database.claim { try DemandStore.removeExpired(at: $0.currentTime(), in: $0) }
    }
}
