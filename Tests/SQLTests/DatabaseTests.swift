import BaseEncoding
import Cryptography
import Dispatch
import FoundationEssentials
import Identifiers
import Synchronization
import Testing

@testable import SQL
@testable import TestSupport

let shelf: MigrationSet = [
    Migration(
        "shelf-0001",
        [
            "CREATE TABLE shelves (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
            "CREATE TABLE books (id BIGINT PRIMARY KEY, shelf TEXT NOT NULL REFERENCES shelves (id), "
                + "title TEXT, weight DOUBLE PRECISION, cover BYTEA, lent BIGINT NOT NULL CHECK (lent IN (0, 1)))",
        ])
]

/// Each body of a test runs on a file, in memory and on PostgreSQL: all must behave alike.
enum Place: CaseIterable, Sendable {
    case file, memory, postgreSQL

    /// Those that several connections, and a later start, see.
    static let shared = [Place.file, .postgreSQL]

    func location(in folder: TemporaryFolder) throws -> DatabaseLocation {
        switch self {
        case .file: .file("\(folder.path)/db.sqlite")
        case .memory: .memory
        case .postgreSQL: try TestDatabase.postgreSQL(schema: "s" + Hex.encode(SHA256.hash(folder.path).prefix(12)))
        }
    }

    func database(in folder: TemporaryFolder, migrations: [MigrationSet] = [shelf]) async throws -> Database {
        try await Database.open(location(in: folder), migrations: migrations)
    }
}

@Suite("A database")
struct DatabaseTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("What one statement tells needs no transaction, and a second statement is refused", arguments: Place.allCases)
    func readingOnce(place: Place) async throws {
        let database = try await place.database(in: folder)
        let found = try await database.readOnce { try $0.first("SELECT 1 AS value")?["value"] }
        #expect(found == .integer(1))
        let error = await #expect(throws: SQLError.self) {
            try await database.readOnce { access in
                _ = try access.query("SELECT 1 AS value")
                _ = try access.query("SELECT 2 AS value")
            }
        }
        #expect(error?.code == .misuse)
        let again = try await database.read { access in
            try (1...2).map { try access.first("SELECT \($0) AS value")?["value"] }
        }
        #expect(again == [.integer(1), .integer(2)])
        await database.close()
    }

    @Test("What was written is read, in the types it was given", arguments: Place.allCases)
    func roundTrip(place: Place) async throws {
        let database = try await place.database(in: folder)
        let cover = Random.bytes(1_000)
        let id = Identifier<TemporaryFolder>()
        let changed = try await database.write { transaction in
            try transaction.execute("INSERT INTO shelves (id, name) VALUES ($1, $2)", id, "Ünï\tcode")
            return try transaction.execute(
                "INSERT INTO books (id, shelf, title, weight, cover, lent) VALUES ($1, $2, $3, $4, $5, $6)",
                Int64.max, id, String?.none, 0.1, cover, true)
        }
        #expect(changed == 1)
        let row = try #require(
            try await database.read { try $0.first("SELECT * FROM books JOIN shelves ON shelves.id = shelf") })
        #expect(try row.value("id") == Int64.max)
        #expect(try row.value("shelf") == id)
        #expect(try row.value("title") == String?.none)
        #expect(try row.value("weight") == 0.1)
        #expect(try row.value("cover") == cover)
        #expect(try row.value("lent") == true)
        #expect(try row.value("name") == "Ünï\tcode")
        #expect(throws: SQLError.self) { try row.value("title", as: String.self) }
        #expect(throws: SQLError.self) { try row.value("name", as: Int.self) }
        #expect(throws: SQLError.self) { try row.value("no_such", as: Int.self) }
        await database.close()
    }

    @Test(
        "Times keep their microseconds, enums their raw value, empty texts and blobs their emptiness",
        arguments: Place.allCases)
    func conversions(place: Place) async throws {
        enum Color: String, SQLConvertible { case red }
        let database = try await place.database(in: folder)
        let moment = Date(timeIntervalSince1970: 1_800_000_000.123456)
        let row = try #require(
            try await database.read {
                try $0.first("SELECT $1 AS a, $2 AS b, $3 AS c, $4 AS d", moment, Color.red, "", [UInt8]())
            })
        #expect(try abs(row.value("a", as: Date.self).timeIntervalSince(moment)) < 0.000_001)
        #expect(try row.value("b", as: Color.self) == .red)
        #expect(row["c"] == .text("") && row["d"] == .blob([]))
        #expect(Color(sqlValue: .text("mauve")) == nil && Int(sqlValue: .text("1")) == nil)
    }

    @Test("Parameters are found by their number, in any order and as often as wanted", arguments: Place.allCases)
    func parameters(place: Place) async throws {
        let database = try await place.database(in: folder)
        let row = try await database.read { try $0.first("SELECT $2 || $1 || $2 AS x", "a", "b") }
        #expect(try row?.value("x") == "bab")
        for (sql, count) in [("SELECT $1", 0), ("SELECT $1", 2), ("SELECT $3", 1), ("SELECT ?", 1), ("SELECT :a", 1)] {
            let arguments = [String](repeating: "x", count: count)
            await #expect(throws: SQLError.self) {
                try await database.read { try $0.query(sql, arguments: arguments) }
            }
        }
    }

    @Test("A transaction that throws leaves nothing and calls nobody", arguments: Place.allCases)
    func rollback(place: Place) async throws {
        struct Regret: Error {}
        let database = try await place.database(in: folder)
        let calls = Calls()
        @Sendable func insert(_ transaction: Transaction) throws {
            try transaction.execute("INSERT INTO shelves (id, name) VALUES ('a', 'a')")
            transaction.afterCommit { calls.add("called") }
        }
        await #expect(throws: Regret.self) {
            try await database.write { transaction in
                try insert(transaction)
                throw Regret()
            }
        }
        let count = try await database.read { try $0.query("SELECT * FROM shelves").count }
        #expect(count == 0 && calls.all.isEmpty)
        try await database.write { try insert($0) }
        #expect(calls.all == ["called"])
    }

    @Test(
        "After the commit, and only then, bodies run in order and see the commit's readers", arguments: Place.allCases)
    func afterCommit(place: Place) async throws {
        let database = try await place.database(in: folder)
        let calls = Calls()
        try await database.write { transaction in
            transaction.afterCommit { calls.add("first") }
            transaction.afterCommit { calls.add("second") }
            calls.add("body")
        }
        _ = try? await database.write { transaction in
            transaction.afterCommit { calls.add("never") }
            try transaction.execute("no such statement")
        }
        #expect(calls.all == ["body", "first", "second"])
    }

    @Test("Errors say what kind they are and hold no values", arguments: Place.allCases)
    func errors(place: Place) async throws {
        let database = try await place.database(in: folder)
        try await database.write { _ = try $0.execute("INSERT INTO shelves (id, name) VALUES ('a', 'secret')") }
        let cases: [(String, SQLError.Code)] = [
            ("INSERT INTO shelves (id, name) VALUES ('a', $1)", .uniqueViolation),
            ("INSERT INTO shelves (id, name) VALUES ('b', $1)", .uniqueViolation),
            ("INSERT INTO books (id, shelf, title, lent) VALUES (1, 'nowhere', $1, 0)", .foreignKeyViolation),
            ("INSERT INTO books (id, shelf, title, lent) VALUES (1, 'a', $1, 2)", .otherViolation),
            ("INSERT INTO shelves (id, name) VALUES ($1, NULL)", .otherViolation),
            ("SELEC $1", .misuse),
            ("SELECT $1; SELECT $1", .misuse),
        ]
        for (sql, code) in cases {
            let error = await #expect(throws: SQLError.self) {
                try await database.write { _ = try $0.execute(sql, "secret") }
            }
            #expect(error?.code == code, "\(sql)")
            #expect(error?.description.contains("secret") == false)
        }
    }

    @Test("A read cannot change anything, and neither can what outlives its closure", arguments: Place.allCases)
    func misuse(place: Place) async throws {
        let database = try await place.database(in: folder)
        await #expect(throws: SQLError.self) {
            try await database.read { try $0.query("INSERT INTO shelves (id, name) VALUES ('a', 'a') RETURNING id") }
        }
        let kept = Kept()
        try await database.write { kept.hold($0) }
        await #expect(throws: SQLError.self) { try await database.read { _ in try kept.use() } }
    }

    @Test("A write may read its own changes, and RETURNING gives rows", arguments: Place.allCases)
    func returning(place: Place) async throws {
        let database = try await place.database(in: folder)
        let names = try await database.write { transaction in
            let made = try transaction.query("INSERT INTO shelves (id, name) VALUES ('a', 'b') RETURNING name")
            let seen = try transaction.query("SELECT name FROM shelves")
            return try (made + seen).map { try $0.value("name", as: String.self) }
        }
        #expect(names == ["b", "b"])
    }

    @Test("Searches that take long do not stand in the way of other reads", arguments: Place.shared)
    func scans(place: Place) async throws {
        let database = try await place.database(in: folder)
        let gate = DispatchSemaphore(value: 0)
        let searches = (0..<8).map { _ in Task { try await database.scan { _ in gate.wait() } } }
        let found = try await database.read { try $0.query("SELECT name FROM shelves").count }
        #expect(found == 0)
        for _ in searches { gate.signal() }
        for search in searches { try await search.value }
        await database.close()
    }

    @Test("Once closed it refuses, instead of waiting", arguments: Place.allCases)
    func closing(place: Place) async throws {
        let database = try await place.database(in: folder)
        await database.close()
        await #expect(throws: (any Error).self) { try await database.read { try $0.query("SELECT 1") } }
        await #expect(throws: (any Error).self) { try await database.write { try $0.query("SELECT 1") } }
    }
}

final class Calls: Sendable {
    private let names = Mutex<[String]>([])
    func add(_ name: String) { names.withLock { $0.append(name) } }
    var all: [String] { names.withLock { $0 } }
}

/// Keeps a transaction beyond its closure, which no honest code does.
final class Kept: @unchecked Sendable {
    // @unchecked: the two closures of the test run one after the other.
    private var transaction: Transaction?
    func hold(_ transaction: Transaction) { self.transaction = transaction }
    func use() throws { try transaction?.execute("INSERT INTO shelves (id, name) VALUES ('z', 'z')") }
}
