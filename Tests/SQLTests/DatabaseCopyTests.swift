import Synchronization
import Testing

@testable import SQL
@testable import TestSupport

@Suite("Moving a database")
struct DatabaseCopyTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func fill(_ location: DatabaseLocation, count: Int) async throws {
        let database = try await Database.open(location, migrations: [shelf])
        try await database.write { transaction in
            try transaction.execute("INSERT INTO shelves (id, name) VALUES ('s', 'Ünï')")
            for id in 0..<count {
                try transaction.execute(
                    "INSERT INTO books (id, shelf, title, weight, cover, lent) VALUES ($1, 's', $2, $3, $4, 1)", id,
                    id.isMultiple(of: 2) ? String?.none : "title \(id)", Double(id) / 3,
                    [UInt8](repeating: 7, count: id % 5))
            }
        }
        await database.close()
    }

    private func copy(_ source: DatabaseLocation, _ target: DatabaseLocation) async throws -> [DatabaseCopy.Table] {
        let tables = Mutex<[DatabaseCopy.Table]>([])
        try await DatabaseCopy(from: source, to: target, migrations: [shelf]) { table in
            tables.withLock { $0.append(table) }
        }
        return tables.withLock { $0 }
    }

    @Test("Every row arrives, in either direction", arguments: [(Place.file, Place.postgreSQL), (.postgreSQL, .file)])
    func whole(from: Place, to: Place) async throws {
        let other = try TemporaryFolder()
        let (source, target) = (try from.location(in: folder), try to.location(in: other))
        try await fill(source, count: 250)
        let tables = try await copy(source, target)
        #expect(tables.map(\.name) == ["shelves", "books"] && tables.map(\.rowCount) == [1, 250])
        #expect(tables.map(\.copiedCount) == [1, 250])
        let (first, second) = (
            try await Database.open(source, migrations: [shelf]), try await Database.open(target, migrations: [shelf])
        )
        #expect(second.appliedMigrations.isEmpty)
        for table in ["shelves", "books"] {
            let rows = try await first.read { try $0.query("SELECT * FROM \(table) ORDER BY id").map(\.values) }
            #expect(try await second.read { try $0.query("SELECT * FROM \(table) ORDER BY id").map(\.values) } == rows)
        }
        await first.close()
        await second.close()
    }

    @Test(
        "What each database makes of the rows in its own way stays where it is",
        arguments: [(Place.file, Place.postgreSQL), (.postgreSQL, .file)])
    func derived(from: Place, to: Place) async throws {
        let other = try TemporaryFolder()
        let (source, target) = (try from.location(in: folder), try to.location(in: other))
        let words = "words (word TEXT PRIMARY KEY)"
        let migrations = [
            Migration(
                "things-0001", ["CREATE TABLE things (id BIGINT PRIMARY KEY)"],
                derived: Migration.Derived(
                    sqlite: ["CREATE TABLE \(words) WITHOUT ROWID"], postgreSQL: ["CREATE TABLE \(words)"]))
        ]
        let first = try await Database.open(source, migrations: [migrations])
        try await first.write { transaction in
            try transaction.execute("INSERT INTO things (id) VALUES (1)")
            try transaction.execute("INSERT INTO words (word) VALUES ('one')")
        }
        await first.close()
        let tables = Mutex<[String]>([])
        try await DatabaseCopy(from: source, to: target, migrations: [migrations]) { table in
            tables.withLock { $0.append(table.name) }
        }
        #expect(tables.withLock { $0 } == ["things"])
        let second = try await Database.open(target, migrations: [migrations])
        #expect(second.appliedMigrations.isEmpty)
        #expect(try await second.read { try $0.query("SELECT word FROM words").isEmpty })
        await second.close()
    }

    @Test("A database on which somebody runs is not copied, nor one of a newer program")
    func inUse() async throws {
        let (source, target) = (try Place.postgreSQL.location(in: folder), try Place.file.location(in: folder))
        try await fill(source, count: 1)
        let server = try await Database.open(source, migrations: [shelf])
        var heard = try #require(server.heard).makeAsyncIterator()
        _ = await heard.next()
        let error = await #expect(throws: SQLError.self) { try await copy(source, target) }
        #expect(error?.code == .incompatible && error?.description.contains("stop all of them") == true)
        await server.close()
        let newer = [Migration("newer-0001", generation: 2, ["CREATE TABLE newer (id BIGINT PRIMARY KEY)"])]
        await (try await Database.open(source, migrations: [shelf, newer])).close()
        let other = await #expect(throws: SQLError.self) { try await copy(source, target) }
        #expect(other?.description.contains("not of this version") == true)
    }

    @Test(
        "What was cut off goes on; until then nobody opens the target, and a strange row is found",
        arguments: Place.shared)
    func cutOff(place: Place) async throws {
        let (source, target) = (DatabaseLocation.file("\(folder.path)/source"), try place.location(in: folder))
        try await fill(source, count: 150)
        // As a copy leaves it that was killed after its first piece.
        let writer = try target.connect(.write)
        try writer.transaction(.migration) { try $0.define("CREATE TABLE \(DatabaseCopy.mark) (id BIGINT)") }
        _ = try Migrator([shelf]).run(on: writer)
        try writer.transaction(.write) { transaction in
            try transaction.execute("INSERT INTO shelves (id, name) VALUES ('s', 'Ünï')")
            try transaction.execute(
                "INSERT INTO books (id, shelf, title, weight, cover, lent) VALUES (0, 's', NULL, 0.0, $1, 0)", [UInt8]()
            )
        }
        let refused = await #expect(throws: SQLError.self) { try await Database.open(target, migrations: [shelf]) }
        #expect(refused?.code == .incompatible && refused?.description.contains("database copy") == true)
        // `lent` is another than in the source.
        let different = await #expect(throws: SQLError.self) { _ = try await copy(source, target) }
        #expect(different?.description.contains("books") == true)
        try writer.transaction(.write) { _ = try $0.execute("UPDATE books SET lent = 1 WHERE id = 0") }
        #expect(try await copy(source, target).map(\.copiedCount) == [0, 0])
        await (try await Database.open(target, migrations: [shelf])).close()
    }

    @Test("Into what is in use nothing is copied, nor out of another version", arguments: Place.shared)
    func refusals(place: Place) async throws {
        let (source, target) = (DatabaseLocation.file("\(folder.path)/source"), try place.location(in: folder))
        await #expect(throws: SQLError.self) { _ = try await copy(source, target) }
        try await fill(source, count: 1)
        try await fill(target, count: 3)
        let used = await #expect(throws: SQLError.self) { _ = try await copy(source, target) }
        #expect(used?.description.contains("empty database") == true)
        let same = await #expect(throws: SQLError.self) { _ = try await copy(source, source) }
        #expect(same?.code == .incompatible)
        let older = try await Database.open(
            .file("\(folder.path)/older"),
            migrations: [[Migration("shelf-0000", ["CREATE TABLE a (id BIGINT PRIMARY KEY)"])]])
        await older.close()
        await #expect(throws: SQLError.self) { _ = try await copy(.file("\(folder.path)/older"), target) }
    }

    @Test("The keys of tables are read out of what makes them")
    func keys() {
        let tables = DatabaseCopy.tables(of: [
            Migration(
                "a-1",
                [
                    "CREATE TABLE a (id TEXT PRIMARY KEY, b BIGINT)", "CREATE INDEX i ON a (b)",
                    "CREATE TABLE c (\n    d TEXT NOT NULL,\n    e BYTEA,\n    PRIMARY KEY (d, e)\n)",
                    "CREATE TABLE f (\n    g BYTEA PRIMARY KEY,\n    h TEXT\n)",
                ])
        ])
        #expect(tables.map(\.name) == ["a", "c", "f"])
        #expect(tables.map(\.columns) == [["id"], ["d", "e"], ["g"]])
    }
}
