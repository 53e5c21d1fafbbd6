import FoundationEssentials
import Testing

@testable import SQL
@testable import TestSupport

@Suite("Migrations")
struct MigrationTests {
    let folder: TemporaryFolder
    var location: DatabaseLocation { .file("\(folder.path)/db.sqlite") }

    init() throws { folder = try TemporaryFolder() }

    static let first = Migration("things-0001", ["CREATE TABLE things (id BIGINT PRIMARY KEY)"])
    static let second = Migration(
        "things-0002", ["ALTER TABLE things ADD COLUMN name TEXT", "INSERT INTO things (id, name) VALUES (1, 'one')"])

    func open(_ migrations: Migration...) async throws -> [String] {
        let database = try await Database.open(location, migrations: [migrations])
        await database.close()
        return database.appliedMigrations
    }

    @Test("Each is applied once, in order")
    func once() async throws {
        #expect(try await open(Self.first) == ["things-0001"])
        #expect(try await open(Self.first, Self.second) == ["things-0002"])
        #expect(try await open(Self.first, Self.second) == [])
    }

    @Test("Rooms bring their own, side by side")
    func rooms() async throws {
        let other = Migration("others-0001", ["CREATE TABLE others (thing BIGINT REFERENCES things (id))"])
        let database = try await Database.open(location, migrations: [[Self.first], [other]])
        #expect(database.appliedMigrations == ["things-0001", "others-0001"])
        await database.close()
    }

    @Test("One that fails leaves nothing of itself, and what came before stays")
    func failure() async throws {
        let broken = Migration("things-0002", ["CREATE TABLE more (id BIGINT)", "INSERT INTO nowhere VALUES (1)"])
        await #expect(throws: SQLError.self) { try await open(Self.first, broken) }
        #expect(try await open(Self.first, Self.second) == ["things-0002"])
        let database = try await Database.open(location, migrations: [[Self.first, Self.second]])
        let tables = try await database.read { try $0.query("SELECT name FROM sqlite_master WHERE name = 'more'") }
        #expect(tables.isEmpty)
        await database.close()
    }

    @Test("A database newer than this program refuses to open, with a way out, and is not touched")
    func newer() async throws {
        _ = try await open(Self.first, Self.second)
        let error = await #expect(throws: SQLError.self) { try await open(Self.first) }
        #expect(error?.code == .incompatible)
        #expect(error?.description.contains("newer palco") == true)
        #expect(error?.description.contains("things-0002") == true)
        #expect(try await open(Self.first, Self.second) == [])
    }

    @Test("A migration that was changed after it was applied refuses to open")
    func changed() async throws {
        _ = try await open(Self.first)
        let edited = Migration("things-0001", ["CREATE TABLE things (id TEXT PRIMARY KEY)"])
        let error = await #expect(throws: SQLError.self) { try await open(edited) }
        #expect(error?.code == .incompatible)
    }

    @Test("Two of the same name are a mistake that is told")
    func twice() async throws {
        await #expect(throws: SQLError.self) { try await open(Self.first, Self.first) }
    }

    @Test("Many starting at once apply each migration once")
    func race() async throws {
        let location = location
        let applied = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<6 {
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
        let database = try await Database.open(location, migrations: [[Self.first, Self.second]])
        let count = try await database.read { try $0.query("SELECT id FROM things").count }
        #expect(count == 1)
        await database.close()
    }

    @Test("What is no database, or cannot be opened, says so")
    func unreadable() async throws {
        try Data("not a database at all, but long enough to look at".utf8).write(
            to: URL(filePath: "\(folder.path)/db.sqlite"))
        let corrupt = await #expect(throws: SQLError.self) { try await open(Self.first) }
        #expect(corrupt?.code == .corrupt)
        let missing = await #expect(throws: SQLError.self) {
            try await Database.open(.file("\(folder.path)/no/such/folder/db"), migrations: [])
        }
        #expect(missing?.code == .cannotOpen)
    }
}
