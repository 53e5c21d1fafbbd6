import SQL

/// The rows of the outbox.
struct OutboxStore: Sendable {
    static let migrations: MigrationSet = [
        Migration(
            "outbox-0001",
            [
                """
                CREATE TABLE outbox (
                    position INTEGER PRIMARY KEY AUTOINCREMENT,
                    fact_key TEXT NOT NULL,
                    fact TEXT NOT NULL,
                    recorded_at BIGINT NOT NULL
                )
                """
            ])
    ]

    /// A fact that waits.
    struct Waiting: Sendable, Equatable {
        var position: Int64
        var key: String
        var json: String
    }

    func insert(_ fact: Fact, in transaction: Transaction) throws {
        try transaction.execute(
            "INSERT INTO outbox (fact_key, fact, recorded_at) VALUES ($1, $2, $3)", fact.key, fact.json, fact.time)
    }

    /// The first ones that can be seen.
    func next(_ count: Int, in access: ReadAccess) throws -> [Waiting] {
        try access.query("SELECT position, fact_key, fact FROM outbox ORDER BY position LIMIT $1", count).map {
            Waiting(
                position: try $0.value("position"), key: try $0.value("fact_key"), json: try $0.value("fact"))
        }
    }

    /// Exactly these. Another may have become visible between them meanwhile.
    func remove(_ positions: [Int64], in transaction: Transaction) throws {
        let size = 256
        // Always as many parameters, so that there is one statement.
        let parameters = (1...size).map { "$\($0)" }.joined(separator: ", ")
        for start in stride(from: 0, to: positions.count, by: size) {
            var some = Array(positions[start..<min(start + size, positions.count)])
            some += Array(repeating: some[0], count: size - some.count)
            try transaction.execute("DELETE FROM outbox WHERE position IN (\(parameters))", arguments: some)
        }
    }

    func count(in access: ReadAccess) throws -> OutboxCount {
        let rows = try access.first("SELECT COUNT(*) AS count FROM outbox")
        let oldest = try access.first("SELECT recorded_at FROM outbox ORDER BY position LIMIT 1")
        return OutboxCount(count: try rows?.value("count") ?? 0, oldest: try oldest?.value("recorded_at"))
    }
}

struct OutboxCount: Sendable, Equatable {
    var count: Int
    /// Microseconds since 1970.
    var oldest: Int64?
}
