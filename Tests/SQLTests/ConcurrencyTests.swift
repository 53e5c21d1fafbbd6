import Dispatch
import FoundationEssentials
import Synchronization
import Testing

@testable import SQL
@testable import TestSupport

@Suite("Readers beside a writer")
struct ConcurrencyTests {
    let folder: TemporaryFolder
    var path: String { "\(folder.path)/db.sqlite" }

    init() throws { folder = try TemporaryFolder() }

    static let counter: MigrationSet = [
        Migration(
            "counter-0001",
            [
                "CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
                "INSERT INTO counters (name, value) VALUES ('left', 0)",
                "INSERT INTO counters (name, value) VALUES ('right', 0)",
            ])
    ]

    @Test("Readers see whole transactions only, and no change is lost", arguments: Place.shared)
    func snapshots(place: Place) async throws {
        let database = try await Database.open(
            place.location(in: folder), migrations: [Self.counter], readers: 3)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<25 {
                        try await database.write { transaction in
                            try transaction.execute("UPDATE counters SET value = value + 1 WHERE name = 'left'")
                            try transaction.execute("UPDATE counters SET value = value + 1 WHERE name = 'right'")
                        }
                    }
                }
                group.addTask {
                    for _ in 0..<100 {
                        let pair = try await database.read { access in
                            // Two statements, one moment.
                            let left = try access.first("SELECT value FROM counters WHERE name = 'left'")
                            let right = try access.first("SELECT value FROM counters WHERE name = 'right'")
                            return (left?["value"], right?["value"])
                        }
                        #expect(pair.0 == pair.1)
                    }
                }
            }
            try await group.waitForAll()
        }
        let total = try await database.read { try $0.first("SELECT SUM(value) AS total FROM counters")?["total"] }
        #expect(total == .integer(200))
        await database.close()
    }

    private final class Count: Sendable { let value = Mutex(0) }

    @Test(
        "However many want the same row, each has it soon: after three meetings it goes alone", arguments: Place.shared)
    func turns(place: Place) async throws {
        let database = try await Database.open(place.location(in: folder), migrations: [Self.counter])
        let most = Count()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    for _ in 0..<25 {
                        let attempts = Count()
                        try await database.write { transaction in
                            attempts.value.withLock { $0 += 1 }
                            let row = try transaction.first("SELECT value FROM counters WHERE name = 'left'")
                            let value: Int = try #require(row).value("value")
                            try transaction.execute("UPDATE counters SET value = $1 WHERE name = 'left'", value + 1)
                        }
                        let made = attempts.value.withLock { $0 }
                        most.value.withLock { $0 = max($0, made) }
                    }
                }
            }
            try await group.waitForAll()
        }
        let total = try await database.read { try $0.first("SELECT value FROM counters WHERE name = 'left'")?["value"] }
        #expect(total == .integer(400))
        #expect(most.value.withLock { $0 } <= 4)
        await database.close()
    }

    @Test("Two processes may share a file: what one commits the other reads", arguments: Place.shared)
    func sharing(place: Place) async throws {
        let first = try await Database.open(place.location(in: folder), migrations: [Self.counter])
        let second = try await Database.open(place.location(in: folder), migrations: [Self.counter])
        #expect(first.appliedMigrations == ["counter-0001"] && second.appliedMigrations.isEmpty)
        try await first.write { _ = try $0.execute("UPDATE counters SET value = 7") }
        let seen = try await second.read { try $0.first("SELECT MIN(value) AS least FROM counters")?["least"] }
        #expect(seen == .integer(7))
        try await second.write { _ = try $0.execute("UPDATE counters SET value = 8") }
        await first.close()
        await second.close()
    }

    @Test("What is committed is there after the next start, and the files are their owner's only")
    func lasting() async throws {
        let first = try await Database.open(.file(path), migrations: [Self.counter])
        try await first.write { _ = try $0.execute("UPDATE counters SET value = 42") }
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/\(name)")
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
        }
        await first.close()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["db.sqlite"])
        let second = try await Database.open(.file(path), migrations: [Self.counter])
        let value = try await second.read { try $0.first("SELECT value FROM counters")?["value"] }
        #expect(value == .integer(42))
        await second.close()
    }

    @Test("More statements than the cache holds are no trouble", arguments: Place.allCases)
    func cache(place: Place) async throws {
        let database = try await Database.open(place.location(in: folder), migrations: [Self.counter])
        try await database.read { access in
            for number in 0..<600 {
                let row = try access.first("SELECT \(number) AS n, value FROM counters WHERE name = $1", "left")
                #expect(row?["n"] == .integer(Int64(number)))
            }
        }
    }

    @Test("Settings are those that the promises need")
    func settings() async throws {
        let database = try await Database.open(.file(path), migrations: [])
        let wanted: [String: SQLValue] = [
            "journal_mode": .text("wal"), "synchronous": .integer(2), "foreign_keys": .integer(1),
            "busy_timeout": .integer(5_000),
        ]
        for (name, value) in wanted {
            let found = try await database.write { try $0.first("PRAGMA \(name)")?.values.first }
            #expect(found == value, "\(name)")
        }
        await database.close()
    }

    @Test("What follows from a change that another has seen comes first, however slow the writer's thread is")
    func order() async throws {
        let database = try await Database.open(TestDatabase.postgreSQL(), migrations: [Self.counter])
        let (calls, gate) = (Calls(), DispatchSemaphore(value: 0))
        async let first: Void = database.write { transaction in
            try transaction.execute("UPDATE counters SET value = 1 WHERE name = 'left'")
            // Between the moment at which it is kept and what follows.
            transaction.afterCommit { gate.wait() }
            transaction.afterCommit { calls.add("first") }
        }
        func left() async throws -> Int? {
            try await database.read { try $0.first("SELECT value FROM counters WHERE name = 'left'")?.value("value") }
        }
        try await eventually("it is kept") { try await left() == 1 }
        async let second: Void = database.write { transaction in
            try transaction.execute("UPDATE counters SET value = value + 1 WHERE name = 'left'")
            transaction.afterCommit { calls.add("second") }
        }
        // Who has nothing to do afterwards waits for nobody.
        _ = try await database.write { try $0.execute("UPDATE counters SET value = 7 WHERE name = 'right'") }
        try await eventually("the other is kept, too") { try await left() == 2 }
        gate.signal()
        try await first
        try await second
        #expect(calls.all == ["first", "second"])
        await database.close()
    }
}
