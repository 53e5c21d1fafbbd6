import FoundationEssentials
import Glibc
import Reactor
import SQL
import Synchronization
import Telemetry
import Testing

@testable import Bus
@testable import SQL
@testable import TestSupport

@Suite("What one process of all does")
struct LeaseTests {
    /// Two services of one database: two processes, where that can be.
    private struct Pair {
        let folder: TemporaryFolder
        let location: DatabaseLocation
        let databases: [Database]
        let loops: EventLoopGroup

        init(_ engine: Engine) async throws {
            folder = try TemporaryFolder()
            location = try engine.location(in: folder)
            let first = try await Database.open(location, migrations: [ServerLease.migrations])
            databases = [
                first,
                engine == .sqlite ? first : try await Database.open(location, migrations: [ServerLease.migrations]),
            ]
            loops = try EventLoopGroup(count: 1)
        }

        func tasks(every interval: Duration, patience: Duration = .seconds(30)) -> [LeasedTask] {
            databases.map { LeasedTask("sweep", every: interval, patience: patience, in: $0, log: .silent) }
        }

        func close() async {
            await databases[0].close()
            await databases[1].close()
            await loops.shutdown()
        }
    }

    private func hold(_ lease: ServerLease, _ length: Duration, _ database: Database) async throws -> Bool {
        try await database.claim { try lease.hold(for: length, in: $0) }
    }

    @Test("One has a lease, as long as it likes; the other has it when it was given back", arguments: Engine.allCases)
    func oneHolder(engine: Engine) async throws {
        let pair = try await Pair(engine)
        let (first, second) = (ServerLease("sweep"), ServerLease("sweep"))
        #expect(try await hold(first, .seconds(3600), pair.databases[0]))
        for _ in 0..<2 {
            #expect(try await !hold(second, .seconds(3600), pair.databases[1]))
            #expect(try await hold(first, .seconds(3600), pair.databases[0]))
        }
        #expect(try await hold(ServerLease("other"), .seconds(3600), pair.databases[1]))
        // What is not one's own cannot be given back.
        try await pair.databases[1].claim { try second.release(in: $0) }
        #expect(try await !hold(second, .seconds(3600), pair.databases[1]))
        try await pair.databases[0].claim { try first.release(in: $0) }
        #expect(try await hold(second, .seconds(3600), pair.databases[1]))
        #expect(try await !hold(first, .seconds(3600), pair.databases[0]))
        // Nobody else can be there.
        let isTaken = try await pair.databases[0].claim { try first.hold(for: .seconds(1), isAlone: true, in: $0) }
        #expect(isTaken)
        await pair.close()
    }

    @Test("Of many that want a lease at once one gets it", arguments: Engine.allCases)
    func atOnce(engine: Engine) async throws {
        let pair = try await Pair(engine)
        let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<20 {
                group.addTask { try await hold(ServerLease("sweep"), .seconds(3600), pair.databases[number % 2]) }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(winners == 1)
        await pair.close()
    }

    @Test("Two begin at once and one does it, and nobody again before it is due", arguments: Engine.allCases)
    func doneOnce(engine: Engine) async throws {
        let pair = try await Pair(engine)
        let (tasks, loop) = (pair.tasks(every: .seconds(3600)), pair.loops.next())
        let count = Atomic(0)
        let isLookedAt = Atomic(false)
        let doneByFirst = try await tasks[0].runIfDue(on: loop) {
            count.wrappingAdd(1, ordering: .relaxed)
            // Meanwhile the other looks.
            let isDone = try await tasks[1].runIfDue(on: loop) { count.wrappingAdd(1, ordering: .relaxed) }
            isLookedAt.store(!isDone, ordering: .relaxed)
        }
        #expect(doneByFirst && isLookedAt.load(ordering: .relaxed))
        for task in tasks {
            #expect(try await !task.runIfDue(on: loop) { count.wrappingAdd(1, ordering: .relaxed) })
        }
        #expect(count.load(ordering: .relaxed) == 1)
        // By the database's clock it is due again.
        _ = try await pair.databases[0].claim {
            try $0.execute("UPDATE leases SET held_until = held_until - 3600000000")
        }
        #expect(try await tasks[1].runIfDue(on: loop) { count.wrappingAdd(1, ordering: .relaxed) })
        #expect(count.load(ordering: .relaxed) == 2)
        await pair.close()
    }

    private struct Broken: Error {}

    @Test("What fails is tried by whoever looks next", arguments: Engine.allCases)
    func failing(engine: Engine) async throws {
        let pair = try await Pair(engine)
        let (tasks, loop) = (pair.tasks(every: .seconds(3600)), pair.loops.next())
        await #expect(throws: Broken.self) { try await tasks[0].runIfDue(on: loop) { throw Broken() } }
        #expect(try await tasks[1].runIfDue(on: loop) {})
        await pair.close()
    }

    @Test("Whoever was silent for too long stops, and leaves it to the other", arguments: Engine.allCases)
    func overtaken(engine: Engine) async throws {
        let pair = try await Pair(engine)
        let (tasks, loop) = (pair.tasks(every: .seconds(3600), patience: .milliseconds(300)), pair.loops.next())
        let other = ServerLease("sweep")
        await #expect(throws: LeaseLost.self) {
            try await tasks[0].runIfDue(on: loop) {
                try await pair.databases[1].claim { transaction in
                    try transaction.execute("UPDATE leases SET held_until = 0")
                    #expect(try other.hold(for: .seconds(3600), in: transaction))
                }
                for await _ in AsyncStream<Void>.makeStream().stream {}
            }
        }
        #expect(try await hold(other, .seconds(3600), pair.databases[1]))
        await pair.close()
    }

    @Test("Whoever is killed while it does it has it no more when its lease is over", arguments: Engine.allCases)
    func killed(engine: Engine) async throws {
        let pair = try await Pair(engine)
        let address =
            switch pair.location {
            case .postgreSQL(let address, _): address
            default: "\(pair.folder.path)/db.sqlite"
            }
        await #expect(processExitsWith: .signal(SIGKILL)) { [address = address as String] in
            let location: DatabaseLocation = address.hasPrefix("/") ? .file(address) : .postgreSQL(address)
            let database = try await Database.open(location, migrations: [ServerLease.migrations])
            let task = LeasedTask("sweep", every: .seconds(3600), patience: .seconds(2), in: database, log: .silent)
            try await task.runIfDue(on: try EventLoopGroup(count: 1).next()) { kill(getpid(), SIGKILL) }
        }
        let now = try await pair.databases[1].read { try $0.currentTime() }
        let end: Int64? = try await pair.databases[1].read {
            try $0.first("SELECT held_until FROM leases WHERE name = 'sweep'")?.value("held_until")
        }
        #expect(try #require(end) > now - 2_000_000)
        let (task, loop) = (pair.tasks(every: .seconds(3600))[1], pair.loops.next())
        try await eventually("the other does it") { try await task.runIfDue(on: loop) {} }
        let time = try await pair.databases[1].read { try $0.currentTime() }
        #expect(try #require(end) < time)
        await pair.close()
    }
}
