import FoundationEssentials
import Synchronization
import Testing

@testable import SQL
@testable import TestSupport

@Suite("Two databases that give the same answers")
struct EnginesTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    static let words: MigrationSet = [
        Migration(
            "words-0001", ["CREATE TABLE words (id BIGINT PRIMARY KEY, word TEXT NOT NULL, score DOUBLE PRECISION)"])
    ]

    private func texts(_ rows: [Row]) throws -> [String] { try rows.map { try $0.value("word") } }

    @Test(
        "Texts are compared and sorted byte by byte, and only ASCII's letters have two sizes", arguments: Place.allCases
    )
    func texts(place: Place) async throws {
        let database = try await place.database(in: folder, migrations: [Self.words])
        let given = ["b", "B", "a", "É", "é", "z", "10", "9", "_", "ß", "Z", "", " a"]
        try await database.write { transaction in
            for (id, word) in given.enumerated() {
                try transaction.execute("INSERT INTO words (id, word) VALUES ($1, $2)", id, word)
            }
        }
        let (sorted, alike, small, greater) = try await database.read { access in
            (
                try texts(access.query("SELECT word FROM words ORDER BY word")),
                try texts(access.query("SELECT word FROM words WHERE LOWER(word) LIKE $1 ORDER BY word", "b%")),
                try texts(access.query("SELECT LOWER(word) AS word FROM words WHERE word IN ('É', 'Z') ORDER BY 1")),
                try texts(access.query("SELECT word FROM words WHERE word > $1 ORDER BY word", "a"))
            )
        }
        #expect(sorted == given.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
        #expect(alike == ["B", "b"])
        #expect(small == ["z", "É"])
        #expect(greater == ["b", "z", "É", "ß", "é"])
    }

    @Test("Numbers that are counted, summed and divided, and texts that are JSON", arguments: Place.allCases)
    func numbers(place: Place) async throws {
        let database = try await place.database(in: folder, migrations: [Self.words])
        let json = #"{"a": [1, 2.50, "\u0000 \\ \" é"]}"#
        try await database.write { transaction in
            for (id, score) in [0.1, 2, -1e300, 2.3e-308].enumerated() {
                try transaction.execute("INSERT INTO words (id, word, score) VALUES ($1, $2, $3)", id, json, score)
            }
        }
        let row = try #require(
            try await database.read {
                try $0.first(
                    """
                    SELECT COUNT(*) AS count, SUM(id) AS sum, MAX(id) AS most, -7 / 2 AS quotient, MIN(score) AS least,
                    SUM(id) FILTER (WHERE id > $1) AS none, COALESCE(NULL, $2) AS text, id = id AS same,
                    EXISTS (SELECT 1 FROM words) AS any, $3 + 1 AS next, MIN(word) AS word FROM words GROUP BY id = id
                    """, 100, "x", Int64.max - 1)
            })
        #expect(try row.value("count") == 4 && row.value("sum") == 6 && row.value("most") == 3)
        #expect(try row.value("quotient") == -3 && row.value("least") == -1e300)
        #expect(try row.value("none") == Int?.none && row.value("text") == "x" && row.value("next") == Int64.max)
        #expect(try row.value("same") == true && row.value("any") == true && row.value("word") == json)
        let scores = try await database.read { try $0.query("SELECT score FROM words ORDER BY id") }
        #expect(try scores.map { try $0.value("score", as: Double.self) } == [0.1, 2, -1e300, 2.3e-308])
    }

    @Test("A text with NUL is refused as one, before anything is kept", arguments: Place.allCases)
    func zero(place: Place) async throws {
        let database = try await place.database(in: folder, migrations: [Self.words])
        let error = await #expect(throws: SQLError.self) {
            try await database.write { transaction in
                try transaction.execute("INSERT INTO words (id, word) VALUES (1, 'kept not')")
                try transaction.execute("INSERT INTO words (id, word) VALUES (2, $1)", "a\u{0}b")
            }
        }
        #expect(error?.code == .invalidText)
        #expect(try await database.read { try $0.query("SELECT id FROM words").isEmpty })
    }

    @Test(
        "A statement that failed takes its transaction with it, though the closure went on", arguments: Place.allCases)
    func poisoned(place: Place) async throws {
        let database = try await place.database(in: folder, migrations: [Self.words])
        let calls = Calls()
        let error = await #expect(throws: SQLError.self) {
            try await database.write { transaction in
                transaction.afterCommit { calls.add("kept") }
                try transaction.execute("INSERT INTO words (id, word) VALUES (1, 'a')")
                _ = try? transaction.execute("INSERT INTO words (id, word) VALUES (1, 'b')")
                _ = try? transaction.execute("INSERT INTO words (id, word) VALUES (2, 'c')")
            }
        }
        #expect(error?.code == .uniqueViolation)
        #expect(try await database.read { try $0.query("SELECT id FROM words").isEmpty } && calls.all.isEmpty)
    }

    @Test("What a writer has read is still so when it writes, however many there are", arguments: Place.shared)
    func serializable(place: Place) async throws {
        let database = try await place.database(in: folder, migrations: [Self.words])
        // Each looks how many there are and adds one while there are fewer than five.
        let added = try await withThrowingTaskGroup(of: Bool.self) { group in
            for id in 0..<24 {
                group.addTask {
                    try await database.write { transaction in
                        guard try transaction.query("SELECT id FROM words").count < 5 else { return false }
                        return try transaction.execute("INSERT INTO words (id, word) VALUES ($1, 'x')", id) == 1
                    }
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(added == 5)
        #expect(try await database.read { try $0.query("SELECT id FROM words").count } == 5)
        await database.close()
    }

    @Test("Those who claim take each row once, and pass by what others hold", arguments: Place.shared)
    func claims(place: Place) async throws {
        let database = try await place.database(in: folder, migrations: [Self.words])
        try await database.write { transaction in
            for id in 0..<60 { try transaction.execute("INSERT INTO words (id, word) VALUES ($1, 'free')", id) }
        }
        let taken = try await withThrowingTaskGroup(of: [Int].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var mine: [Int] = []
                    while true {
                        let next = try await database.claim { transaction -> Int? in
                            let row = try transaction.first(
                                "SELECT id FROM words WHERE word = 'free' ORDER BY id LIMIT 1"
                                    + transaction.skippingLocked("words"))
                            guard let id = try row?.value("id", as: Int.self) else { return nil }
                            try transaction.execute("UPDATE words SET word = 'taken' WHERE id = $1", id)
                            return id
                        }
                        guard let next else { return mine }
                        mine.append(next)
                    }
                }
            }
            return try await group.reduce([], +)
        }
        // A row that somebody held and gave back would be missing here only until the next look.
        #expect(taken.sorted() == Array(0..<60))
        await database.close()
    }

    @Test("Who waits for a turn sees what those before have left", arguments: Place.shared)
    func turns(place: Place) async throws {
        let database = try await place.database(in: folder, migrations: [Self.words])
        // Without turns several would find none, as those who claim see each other only when all is kept.
        let firsts = try await withThrowingTaskGroup(of: Bool.self) { group in
            for id in 0..<12 {
                group.addTask {
                    try await database.claim { transaction in
                        try transaction.waitForTurn("words")
                        guard try transaction.query("SELECT id FROM words").isEmpty else { return false }
                        return try transaction.execute("INSERT INTO words (id, word) VALUES ($1, 'x')", id) == 1
                    }
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(firsts == 1)
        await database.close()
    }

    // MARK: Connections that end

    @Test("A connection that ends in the middle of a transaction: it runs again, and is kept once")
    func endInTheMiddle() async throws {
        let database = try await Place.postgreSQL.database(in: folder, migrations: [Self.words])
        let attempts = Mutex(0)
        let calls = Calls()

        let ending = KillBox(try PostgreSQLConnection(try #require(TestDatabase.address)))
        try await database.write { transaction in
            let attempt = attempts.withLock { count in
                count += 1
                return count
            }
            transaction.afterCommit { calls.add("kept") }
            try transaction.execute("INSERT INTO words (id, word) VALUES ($1, 'x')", attempt)
            if attempt < 3 { try ending.kill(transaction) }
            try transaction.execute("INSERT INTO words (id, word) VALUES ($1, 'y')", 100 + attempt)
        }
        let ids = try await database.read {
            try $0.query("SELECT id FROM words ORDER BY id").map { try $0.value("id", as: Int.self) }
        }
        #expect(ids == [3, 103] && calls.all == ["kept"] && attempts.withLock { $0 } == 3)
        await database.close()
    }

    @Test("One that ends when it is to be kept: nobody claims to know, and it does not run again")
    func endAtTheEnd() async throws {
        let database = try await Place.postgreSQL.database(in: folder, migrations: [Self.words])
        let attempts = Mutex(0)
        let calls = Calls()
        let ending = KillBox(try PostgreSQLConnection(try #require(TestDatabase.address)))
        let error = await #expect(throws: SQLError.self) {
            try await database.write { transaction in
                attempts.withLock { $0 += 1 }
                transaction.afterCommit { calls.add("kept") }
                try transaction.execute("INSERT INTO words (id, word) VALUES (1, 'x')")
                try ending.kill(transaction)
            }
        }
        #expect(error?.code == .unknownOutcome && attempts.withLock { $0 } == 1 && calls.all.isEmpty)
        // The next one has a connection of its own.
        try await database.write { _ = try $0.execute("INSERT INTO words (id, word) VALUES (2, 'x')") }
        await database.close()
    }

    @Test("While nobody answers, the first waits for a while and all others are told at once")
    func unreachable() async throws {
        let looks = Mutex(0)
        let pool = try SQLPool(name: "test", threads: 2) {
            looks.withLock { $0 += 1 }
            throw SQLError(.disconnected, "nobody")
        }
        for _ in 0..<2 {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<500 {
                    group.addTask {
                        let error = await #expect(throws: SQLError.self) { try await pool.run { _ in } }
                        #expect(error?.code == .disconnected && error?.detail == "nobody")
                    }
                }
            }
        }
        // Two threads that look for five seconds, with longer and longer pauses, and then once a second at most.
        #expect((2...400).contains(looks.withLock { $0 }))
        await pool.close()
    }

    @Test("A table that another server has changed meanwhile is read as it is now")
    func changedTable() async throws {
        let database = try await Place.postgreSQL.database(in: folder, migrations: [Self.words])
        let other = try await Place.postgreSQL.database(
            in: folder,
            migrations: [Self.words, [Migration("words-0002", ["ALTER TABLE words ADD COLUMN more BIGINT"])]])
        try await other.write { _ = try $0.execute("INSERT INTO words (id, word, more) VALUES (1, 'x', 7)") }
        // Prepared by the first before, and by none of them twice.
        for _ in 0..<2 {
            _ = try await database.read { try $0.query("SELECT * FROM words") }
            _ = try await database.scan { try $0.query("SELECT * FROM words") }
        }
        try await other.write { _ = try $0.define("ALTER TABLE words ADD COLUMN most BIGINT") }
        for _ in 0..<3 {
            let row = try await database.read { try $0.first("SELECT * FROM words") }
            #expect(row?["more"] == .integer(7) && row?.names.contains("most") == true)
        }
        await database.close()
        await other.close()
    }
}

/// Ends the connection of a transaction from outside.
///
/// `@unchecked Sendable`: used by one transaction at a time.
private final class KillBox: @unchecked Sendable {
    private let killer: PostgreSQLConnection
    init(_ killer: PostgreSQLConnection) { self.killer = killer }

    func kill(_ transaction: Transaction) throws {
        let pid = try transaction.first("SELECT pg_backend_pid() AS pid")?.value("pid", as: Int64.self) ?? 0
        _ = try killer.query("SELECT pg_terminate_backend(CAST($1 AS integer), 5000)", [.integer(pid)], access: .write)
    }
}
