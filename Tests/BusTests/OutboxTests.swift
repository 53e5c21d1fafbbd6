import FoundationEssentials
import SQL
import Synchronization
import Telemetry
import Testing

@testable import Bus
@testable import SQL
@testable import TestSupport

@Suite("The outbox of facts")
struct OutboxTests {
    struct Refused: Error {}

    private func waiting(_ house: OutboxHouse) async throws -> [OutboxStore.Waiting] {
        let store = house.outbox.store
        return try await house.database.read { try store.next(1000, in: $0) }
    }

    @Test("A fact is kept with its transaction or not at all", arguments: Engine.allCases)
    func together(engine: Engine) async throws {
        let house = try await OutboxHouse(engine)
        let outbox = house.outbox
        try await house.change("a", 1)
        await #expect(throws: Refused.self) {
            try await house.database.write { transaction in
                try outbox.record(OutboxHouse.fact("a", 2), in: transaction)
                throw Refused()
            }
        }
        try await house.change("a", 3)
        let rows = try await waiting(house)
        #expect(rows.map(\.key) == ["a", "a"] && outbox.numbers.waiting == 2)
        #expect(rows[0].json.contains(#""data":{"number":1}"#) && rows[1].json.contains(#""data":{"number":3}"#))
        await house.close()
    }

    @Test("Of one key the order of the queue is that of the changes, whoever makes them", arguments: Engine.allCases)
    func orderOfChanges(engine: Engine) async throws {
        let house = try await OutboxHouse(engine)
        let outbox = house.outbox
        try await house.change("a", 0)
        // Two servers of PostgreSQL; SQLite has one.
        let other =
            try await engine == .sqlite
            ? house.database
            : Database.open(house.location, migrations: OutboxHouse.migrations)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for turn in 0..<16 {
                group.addTask {
                    for _ in 0..<10 {
                        try await (turn % 2 == 0 ? house.database : other).write { transaction in
                            // Each change counts on from the one before.
                            let state: Int =
                                try transaction.first("SELECT state FROM books WHERE id = 'a'")?.value("state") ?? 0
                            try transaction.execute("UPDATE books SET state = $1 WHERE id = 'a'", state + 1)
                            try outbox.record(OutboxHouse.fact("a", state + 1), in: transaction)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let told = try await waiting(house).map {
            $0.json.components(separatedBy: "\"number\":")[1].prefix { $0.isNumber }
        }
        #expect(told.compactMap { Int($0) } == Array(0...160))
        if engine == .postgreSQL { await other.close() }
        await house.close()
    }

    @Test("What is removed is exactly what was sent: a row that becomes visible late, before others, is not passed by")
    func lateRow() async throws {
        let house = try await OutboxHouse(.postgreSQL)
        let (outbox, store) = (house.outbox, house.outbox.store)
        let (began, hasBegun) = AsyncStream.makeStream(of: Void.self)
        let mayEnd = Mutex(false)
        async let late: Void = house.database.claim { transaction in
            try outbox.record(OutboxHouse.fact("late", 1), in: transaction)
            hasBegun.yield()
            while !mayEnd.withLock({ $0 }) { _ = try transaction.first("SELECT pg_backend_pid() AS pid") }
        }
        for await _ in began { break }
        for number in 0..<3 { try await house.change("early", number) }
        let first = try await waiting(house)
        #expect(first.map(\.key) == ["early", "early", "early"])
        mayEnd.withLock { $0 = true }
        try await late
        try await house.database.claim { try store.remove(first.map(\.position), in: $0) }
        let second = try await waiting(house)
        #expect(second.map(\.key) == ["late"] && second[0].position < first[0].position)
        await house.close()
    }

    @Test("However many are removed, no other goes; positions are not given again", arguments: Engine.allCases)
    func removal(engine: Engine) async throws {
        let house = try await OutboxHouse(engine)
        let (outbox, store) = (house.outbox, house.outbox.store)
        try await house.database.write { transaction in
            for number in 0..<600 { try outbox.record(OutboxHouse.fact("k\(number % 7)", number), in: transaction) }
        }
        let rows = try await waiting(house)
        for count in [0, 1, 255, 256, 257] {
            try await house.database.write { transaction in
                try store.remove(rows.prefix(count).map(\.position), in: transaction)
            }
            #expect(try await waiting(house) == Array(rows.dropFirst(count)))
        }
        try await house.database.write { try store.remove(rows.map(\.position), in: $0) }
        try await house.change("a", 1)
        #expect(try await waiting(house)[0].position > rows[599].position)
        await house.close()
    }

    @Test(
        "A full outbox keeps the oldest and drops new ones, says so, counts them, and takes facts again",
        arguments: Engine.allCases)
    func full(engine: Engine) async throws {
        let house = try await OutboxHouse(engine, limit: 100)
        let (outbox, store) = (house.outbox, house.outbox.store)
        for number in 0..<80 { try await house.change("a", number) }
        for number in 0..<20 { outbox.recordAside(try OutboxHouse.fact("view", number)) }
        try await outbox.keepAside(in: house.database)
        // The last tenth is for what goes with a transaction.
        #expect(outbox.numbers.waiting == 100 && outbox.numbers.dropped == 0)
        outbox.recordAside(try OutboxHouse.fact("view", 20))
        for number in 80..<85 { try await house.change("a", number) }
        #expect(outbox.numbers.dropped == 6)
        #expect(house.log.lines.count { $0.contains("the outbox is full") } == 1)
        let rows = try await waiting(house)
        #expect(rows.count == 100)
        // The changes themselves were made.
        #expect(try await house.database.read { try $0.first("SELECT state FROM books")?.value("state") } == 84)
        func settle(_ count: Int) async throws {
            try await house.database.claim { try store.remove(rows.prefix(count).map(\.position), in: $0) }
            outbox.counted(try await house.database.read { try store.count(in: $0) })
        }
        try await settle(20)
        try await house.change("a", 85)
        #expect(outbox.numbers.dropped == 7, "not yet: a fifth of the limit must be free")
        try await settle(21)
        try await house.change("a", 86)
        #expect(outbox.numbers.dropped == 7 && outbox.numbers.waiting == 80)
        #expect(house.log.lines.contains { $0.contains("takes facts again") && $0.contains("\"dropped\":7") })
        await house.close()
    }

    @Test("Who records and sends nothing itself notices what others have sent", arguments: Engine.allCases)
    func kept(engine: Engine) async throws {
        let house = try await OutboxHouse(engine, limit: 20)
        let (outbox, store, loop) = (house.outbox, house.outbox.store, house.loops.next())
        for number in 0..<25 { try await house.change("a", number) }
        #expect(outbox.numbers.dropped == 5)
        try await house.database.claim { try store.remove((1...20).map(Int64.init), in: $0) }
        let keeping = Task { await outbox.keep(in: house.database, on: loop) }
        try await eventually("it takes facts again") { outbox.numbers.waiting == 0 }
        try await house.change("a", 25)
        #expect(outbox.numbers.dropped == 5 && outbox.numbers.waiting == 1)
        // What came aside is kept when it ends.
        outbox.recordAside(try OutboxHouse.fact("view", 0))
        keeping.cancel()
        await keeping.value
        #expect(try await house.rowCount() == 2)
        await house.close()
    }

    @Test("What is recorded aside is dropped at nine tenths, while facts of transactions are kept")
    func aside() async throws {
        let house = try await OutboxHouse(.sqlite, limit: 100)
        for number in 0..<90 { try await house.change("a", number) }
        house.outbox.recordAside(try OutboxHouse.fact("view", 0))
        #expect(house.outbox.numbers.dropped == 1)
        try await house.change("a", 90)
        #expect(house.outbox.numbers.dropped == 1 && house.outbox.numbers.waiting == 91)
        await house.close()
    }

    @Test("Memory for facts aside is bounded, and what cannot be kept waits for the next time")
    func asideBound() async throws {
        let house = try await OutboxHouse(.sqlite)
        let fact = try OutboxHouse.fact("view", 0)
        for _ in 0..<(Outbox.mostAside + 5) { house.outbox.recordAside(fact) }
        #expect(house.outbox.numbers.dropped == 5)
        let broken = try await Database.open(.memory, migrations: [])
        await #expect(throws: SQLError.self) { try await house.outbox.keepAside(in: broken) }
        await broken.close()
        house.outbox.recordAside(fact)
        #expect(house.outbox.numbers.dropped == 6)
        try await house.outbox.keepAside(in: house.database)
        #expect(try await house.rowCount() == Outbox.mostAside)
        await house.close()
    }

    @Test(
        "An installation that moves to another database goes on behind the last position", arguments: Engine.allCases,
        Engine.allCases)
    func moved(from: Engine, to: Engine) async throws {
        let house = try await OutboxHouse(from)
        for number in 0..<5 { try await house.change("a", number) }
        await house.database.close()
        let folder = try TemporaryFolder()
        let target = try to.location(in: folder)
        let migrations = OutboxHouse.migrations
        try await DatabaseCopy(from: house.location, to: target, migrations: migrations) { _ in }
        let moved = try await Database.open(target, migrations: migrations)
        let (outbox, store) = (house.outbox, house.outbox.store)
        try await moved.write { try outbox.record(OutboxHouse.fact("a", 5), in: $0) }
        let rows = try await moved.read { try store.next(100, in: $0) }
        #expect(rows.count == 6 && rows[5].json.contains("\"number\":5") && rows[5].position > rows[4].position)
        await moved.close()
        await house.loops.shutdown()
    }

    @Test("A number that is none keeps no change back")
    func noNumber() throws {
        let fact = try Fact("a.b", of: "k", at: Date(timeIntervalSince1970: 0.5), ["x": Double.nan])
        #expect(fact.json.contains(#""data":{"x":"nan"}"#) && fact.json.contains(#""time":"1970-01-01T00:00:00.500Z""#))
    }
}
