import Testing

@testable import SQL
@testable import TestSupport

@Suite("The score of full-text rows in SQLite")
struct ColumnScoreTests {
    static let texts = Migration(
        "texts-0001", [],
        derived: Migration.Derived(
            sqlite: ["CREATE VIRTUAL TABLE texts USING fts5(title, body, tokenize = 'ascii', detail = 'column')"],
            postgreSQL: []))

    @Test(
        "Of each phrase that a row has, the best column counts, whatever other rows have",
        arguments: [
            ("\"heart\"", [8, 3, 8]), ("\"heart\" OR \"valve\"", [8, 6, 16]), ("\"heart\" AND \"valve\"", [6, 16]),
            ("\"hea\" *", [8, 3, 8]), ("\"nothing\"", []), ("body : (\"heart\")", [3, 3]),
        ])
    func score(query: String, scores: [Int]) async throws {
        #expect(try await Self.scores(of: query, "8, 3") == scores)
    }

    @Test(
        "Phrases before one number count for nothing, those from another one on as one",
        arguments: [("8, 3, 1, 9", [0, 3, 8]), ("8, 3, 0, 1", [8, 6, 16]), ("8, 3, 0, 0", [8, 3, 8])])
    func numbers(arguments: String, scores: [Int]) async throws {
        #expect(try await Self.scores(of: "\"heart\" OR \"valve\"", arguments) == scores)
    }

    private static func scores(of query: String, _ arguments: String) async throws -> [Int] {
        let database = try await Database.open(.memory, migrations: [[Self.texts]])
        try await database.write { transaction in
            let rows = [
                ("heart", "other"), ("other", "heart heart valve"), ("valve heart", "heart"), ("other", "other"),
            ]
            for (title, body) in rows {
                try transaction.execute("INSERT INTO texts (title, body) VALUES ($1, $2)", title, body)
            }
        }
        let found = try await database.read { access in
            try access.query(
                "SELECT column_score(texts, \(arguments)) AS score FROM texts WHERE texts MATCH $1 ORDER BY rowid",
                query
            ).map { try $0.value("score", as: Int.self) }
        }
        await database.close()
        return found
    }
}
