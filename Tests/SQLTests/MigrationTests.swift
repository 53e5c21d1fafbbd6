import FoundationEssentials
import Testing

@testable import SQL
@testable import TestSupport

@Suite("Migrations")
struct MigrationTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    static let first = Migration("things-0001", ["CREATE TABLE things (id BIGINT PRIMARY KEY)"])
    static let second = Migration(
        "things-0002", ["ALTER TABLE things ADD COLUMN name TEXT", "INSERT INTO things (id, name) VALUES (1, 'one')"])

    func open(_ place: Place, _ migrations: Migration...) async throws -> [String] {
        let database = try await Database.open(place.location(in: folder), migrations: [migrations])
        await database.close()
        return database.appliedMigrations
    }

    @Test("Each is applied once, in order", arguments: Place.shared)
    func once(place: Place) async throws {
        #expect(try await open(place, Self.first) == ["things-0001"])
        #expect(try await open(place, Self.first, Self.second) == ["things-0002"])
        #expect(try await open(place, Self.first, Self.second) == [])
    }

    @Test("Rooms bring their own, side by side", arguments: Place.shared)
    func rooms(place: Place) async throws {
        let other = Migration("others-0001", ["CREATE TABLE others (thing BIGINT REFERENCES things (id))"])
        let database = try await Database.open(place.location(in: folder), migrations: [[Self.first], [other]])
        #expect(database.appliedMigrations == ["things-0001", "others-0001"])
        await database.close()
    }

    @Test("One that fails leaves nothing of itself, and what came before stays", arguments: Place.shared)
    func failure(place: Place) async throws {
        let broken = Migration("things-0002", ["CREATE TABLE more (id BIGINT)", "INSERT INTO nowhere VALUES (1)"])
        await #expect(throws: SQLError.self) { try await open(place, Self.first, broken) }
        #expect(try await open(place, Self.first, Self.second) == ["things-0002"])
        let database = try await Database.open(place.location(in: folder), migrations: [[Self.first, Self.second]])
        #expect(try await database.read { try $0.connection.hasTable("things") })
        #expect(try await !database.read { try $0.connection.hasTable("more") })
        await database.close()
    }

    @Test(
        "A database newer than this program refuses to open, with a way out, and is not touched",
        arguments: Place.shared)
    func newer(place: Place) async throws {
        _ = try await open(place, Self.first, Self.second)
        let error = await #expect(throws: SQLError.self) { try await open(place, Self.first) }
        #expect(error?.code == .incompatible)
        #expect(error?.description.contains("newer palco") == true)
        #expect(error?.description.contains("things-0002") == true)
        #expect(try await open(place, Self.first, Self.second) == [])
    }

    @Test("A migration that was changed after it was applied refuses to open", arguments: Place.shared)
    func changed(place: Place) async throws {
        _ = try await open(place, Self.first)
        let edited = Migration("things-0001", ["CREATE TABLE things (id TEXT PRIMARY KEY)"])
        let error = await #expect(throws: SQLError.self) { try await open(place, edited) }
        #expect(error?.code == .incompatible)
    }

    @Test("Two of the same name are a mistake that is told")
    func twice() async throws {
        await #expect(throws: SQLError.self) { try await open(.file, Self.first, Self.first) }
    }

    @Test("Many starting at once apply each migration once", arguments: Place.shared)
    func race(place: Place) async throws {
        let location = try place.location(in: folder)
        let applied = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<10 {
                group.addTask {
                    let database = try await Database.open(location, migrations: [[Self.first, Self.second]])
                    await database.close()
                    return database.appliedMigrations
                }
            }
            return try await group.reduce([], +)
        }
        // One may be applied by this opener and the next by that one, whichever tells of it first.
        #expect(applied.sorted() == [Self.first.id, Self.second.id])
        let database = try await Database.open(place.location(in: folder), migrations: [[Self.first, Self.second]])
        let count = try await database.read { try $0.query("SELECT id FROM things").count }
        #expect(count == 1)
        await database.close()
    }

    // MARK: Neighbours

    static let additions = Migration(
        "things-0003", generation: 2,
        [
            "ALTER TABLE things ADD COLUMN size BIGINT NOT NULL DEFAULT 7",
            "CREATE TABLE extras (id BIGINT PRIMARY KEY)",
            "UPDATE things SET size = 8",
        ])
    static let removal = Migration(
        "things-0004", generation: 3, unusedSince: 2, ["ALTER TABLE things DROP COLUMN name"])

    /// What programs of the first generation do, and what they see.
    private func work(_ database: Database, _ id: Int) async throws -> [Int] {
        _ = try await database.write { try $0.execute("INSERT INTO things (id, name) VALUES ($1, $2)", id, "old") }
        let rows = try await database.read { try $0.query("SELECT * FROM things ORDER BY id") }
        return try rows.map { row in
            #expect(try row.value("name", as: String.self).isEmpty == false)
            return try row.value("id")
        }
    }

    @Test("A program goes on with the tables of the next generation, running or started anew, and not with those after")
    func neighbours() async throws {
        let location = try TestDatabase.postgreSQL()
        let old = try await Database.open(location, migrations: [[Self.first, Self.second]])
        #expect(try await work(old, 10) == [1, 10])
        let new = try await Database.open(location, migrations: [[Self.first, Self.second, Self.additions]])
        #expect(new.appliedMigrations == ["things-0003"])
        // The same statements as before, which the server has planned for other tables.
        #expect(try await work(old, 11) == [1, 10, 11])
        let sizes = try await new.read {
            try $0.query("SELECT size FROM things ORDER BY id").map { try $0.value("size", as: Int.self) }
        }
        #expect(sizes == [8, 8, 7])
        let again = try await Database.open(location, migrations: [[Self.first, Self.second]])
        #expect(again.newerMigrations == ["things-0003"] && again.appliedMigrations.isEmpty)
        #expect(try await work(again, 12) == [1, 10, 11, 12])
        // Nobody goes two steps at once while somebody runs who could not follow; who does not run may.
        let all = [Self.first, Self.second, Self.additions, Self.removal]
        await old.close()
        await again.close()
        let last = try await Database.open(location, migrations: [all])
        #expect(last.newerMigrations.isEmpty && last.appliedMigrations == ["things-0004"])
        _ = try await new.write { try $0.execute("INSERT INTO things (id) VALUES (13)") }
        let error = await #expect(throws: SQLError.self) {
            try await Database.open(location, migrations: [[Self.first, Self.second]])
        }
        #expect(
            error?.code == .incompatible && error?.description.contains("newer palco (it knows things-0004") == true)
        await new.close()
        await last.close()
    }

    @Test("The program before may be started again on the tables of the next generation", arguments: Place.shared)
    func backAgain(place: Place) async throws {
        #expect(try await open(place, Self.first, Self.second, Self.additions).count == 3)
        let old = try await Database.open(place.location(in: folder), migrations: [[Self.first, Self.second]])
        #expect(old.newerMigrations == ["things-0003"])
        #expect(try await work(old, 10) == [1, 10])
        await old.close()
        #expect(try await open(place, Self.first, Self.second, Self.additions, Self.removal) == ["things-0004"])
        await #expect(throws: SQLError.self) { try await open(place, Self.first, Self.second) }
    }

    @Test("Two generations at once are refused while somebody runs who could not follow, and told how to go on")
    func jump() async throws {
        let location = try TestDatabase.postgreSQL()
        let all = [Self.first, Self.second, Self.additions, Self.removal]
        let old = try await Database.open(location, migrations: [[Self.first, Self.second]])
        // It is there once it listens.
        var heard = try #require(old.heard).makeAsyncIterator()
        _ = await heard.next()
        let error = await #expect(throws: SQLError.self) { try await Database.open(location, migrations: [all]) }
        #expect(
            error?.code == .incompatible && error?.description.contains("stop all servers and workers first") == true)
        #expect(try await work(old, 10) == [1, 10])
        await old.close()
        // Several that start at once: one does it, and none takes the other for an old one.
        let applied = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<5 {
                group.addTask {
                    let database = try await Database.open(location, migrations: [all])
                    await database.close()
                    return database.appliedMigrations
                }
            }
            return try await group.reduce([], +)
        }
        #expect(applied.sorted() == ["things-0003", "things-0004"])
    }

    @Test(
        "What the program before could not go on with is no migration",
        arguments: [
            "DROP TABLE things", "DROP INDEX things_by_name", "ALTER TABLE things DROP COLUMN name",
            "ALTER TABLE things RENAME COLUMN name TO title", "ALTER TABLE things RENAME TO others",
            "ALTER TABLE things ADD COLUMN size BIGINT NOT NULL", "ALTER TABLE things ADD COLUMN size BIGINT UNIQUE",
            "ALTER TABLE things ALTER COLUMN name SET NOT NULL", "CREATE UNIQUE INDEX names ON things (name)",
            "DELETE FROM things", "CREATE TRIGGER t AFTER INSERT ON things BEGIN SELECT 1; END",
        ])
    func breaches(statement: String) throws {
        #expect(throws: SQLError.self) { try Migrator([[Migration("a-1", generation: 2, [statement])]]) }
        // There is nobody before the first, and in the generation before nobody used it any more.
        _ = try Migrator([
            [Migration("a-1", [statement])], [Migration("b-1", generation: 3, unusedSince: 2, [statement])],
        ])
        #expect(throws: SQLError.self) {
            try Migrator([[Migration("b-1", generation: 3, unusedSince: 3, [statement])]])
        }
    }

    @Test("What only adds is one")
    func additions() throws {
        let statements = [
            "CREATE TABLE things (\n  id BIGINT NOT NULL UNIQUE\n)", "CREATE UNIQUE INDEX things_by_id ON things (id)",
            "CREATE INDEX others_by_name ON others (name)", "ALTER TABLE others ADD COLUMN size BIGINT",
            "ALTER TABLE others ADD COLUMN count BIGINT NOT NULL DEFAULT 0", "INSERT INTO things (id) VALUES (1)",
            "UPDATE others SET size = 1",
        ]
        #expect(Migration("a-1", generation: 2, statements).breach == nil)
    }

    @Test(
        "Each database runs its own statements, after those that both run, and one history has both",
        arguments: Place.shared)
    func derived(place: Place) async throws {
        let derived = Migration.Derived(
            sqlite: ["CREATE VIRTUAL TABLE things_words USING fts5(name)", "INSERT INTO things (id) VALUES (7)"],
            postgreSQL: ["CREATE TABLE things_words (name TSVECTOR)", "INSERT INTO things (id) VALUES (8)"])
        let migration = Migration("things-0001", ["CREATE TABLE things (id BIGINT PRIMARY KEY)"], derived: derived)
        let database = try await Database.open(place.location(in: folder), migrations: [[migration]])
        let id = try await database.read { access in
            #expect(try access.connection.hasTable("things_words"))
            return try access.first("SELECT id FROM things")?.value("id", as: Int.self)
        }
        #expect(id == (place == .postgreSQL ? 8 : 7))
        await database.close()
        #expect(try await open(place, migration) == [])
        let others = [
            Migration("things-0001", migration.sql),
            Migration("things-0001", migration.sql, derived: Migration.Derived(sqlite: [], postgreSQL: [])),
            Migration(
                "things-0001", migration.sql,
                derived: Migration.Derived(sqlite: derived.sqlite, postgreSQL: [derived.postgreSQL[0]])),
        ]
        for other in others {
            let error = await #expect(throws: SQLError.self) { try await open(place, other) }
            #expect(error?.code == .incompatible)
        }
    }

    @Test("What one database takes away is found out as what both do")
    func derivedBreach() {
        let (good, bad) = ("CREATE VIRTUAL TABLE w USING fts5(a)", "DROP TABLE things")
        for (sqlite, postgreSQL, isBad) in [([good], [String](), false), ([bad], [], true), ([good], [bad], true)] {
            let derived = Migration.Derived(sqlite: sqlite, postgreSQL: postgreSQL)
            #expect((Migration("a-1", generation: 2, [], derived: derived).breach != nil) == isBad)
        }
    }

    @Test("What is no database, or cannot be opened, says so")
    func unreadable() async throws {
        try Data("not a database at all, but long enough to look at".utf8).write(
            to: URL(filePath: "\(folder.path)/db.sqlite"))
        let corrupt = await #expect(throws: SQLError.self) { try await open(.file, Self.first) }
        #expect(corrupt?.code == .corrupt)
        let missing = await #expect(throws: SQLError.self) {
            try await Database.open(.file("\(folder.path)/no/such/folder/db"), migrations: [])
        }
        #expect(missing?.code == .cannotOpen)
    }
}
