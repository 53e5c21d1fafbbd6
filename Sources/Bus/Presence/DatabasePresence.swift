import BaseEncoding
import Reactor
import SQL

/// Presence in tables, where there is no Redis. A server has one row that beats, however many members it has.
struct DatabasePresence: PresenceStore {
    static let migrations: MigrationSet = [
        Migration(
            "presence-0001",
            [
                """
                CREATE TABLE presence (
                    topic TEXT NOT NULL,
                    member TEXT NOT NULL,
                    server TEXT NOT NULL,
                    value TEXT NOT NULL,
                    PRIMARY KEY (topic, member, server)
                )
                """,
                "CREATE INDEX presence_by_server ON presence (server)",
                "CREATE TABLE presence_servers (server TEXT PRIMARY KEY, beat_at BIGINT NOT NULL)",
            ])
    ]

    let database: Database
    let server: String
    /// With which the names of this presence's topics begin.
    let prefix: String
    let patience: Duration

    init(_ name: String, database: Database, server: [UInt8], patience: Duration) {
        self.database = database
        self.server = "\(name):\(Hex.encode(server))"
        prefix = "\(name):"
        self.patience = patience
    }

    func write(_ changes: [PresenceChange]) async throws {
        try await database.claim { [self] transaction in
            try beat(in: transaction)
            for change in changes {
                let topic = prefix + change.topic
                if change.isWhole {
                    try transaction.execute("DELETE FROM presence WHERE server = $1 AND topic = $2", server, topic)
                }
                for member in change.present {
                    try transaction.execute(
                        """
                        INSERT INTO presence (topic, member, server, value) VALUES ($1, $2, $3, $4)
                        ON CONFLICT (topic, member, server) DO UPDATE SET value = excluded.value
                        """, topic, member.id, server, member.value)
                }
                for id in change.gone {
                    try transaction.execute(
                        "DELETE FROM presence WHERE topic = $1 AND member = $2 AND server = $3", topic, id, server)
                }
            }
        }
    }

    func beat(_ counts: [String: Int]) async throws -> [String] {
        try await database.claim { [self] transaction in
            let isKnown = try beat(in: transaction)
            try sweep(in: transaction)
            return isKnown ? [] : Array(counts.keys)
        }
    }

    /// - Returns: whether it was there.
    @discardableResult
    private func beat(in transaction: Transaction) throws -> Bool {
        let now = try transaction.currentTime()
        let isKnown =
            try transaction.execute("UPDATE presence_servers SET beat_at = $2 WHERE server = $1", server, now) == 1
        if !isKnown {
            try transaction.execute("INSERT INTO presence_servers (server, beat_at) VALUES ($1, $2)", server, now)
        }
        return isKnown
    }

    /// Servers that beat no more are gone with all that they had. One that was only slow writes all of it again.
    private func sweep(in transaction: Transaction) throws {
        let limit = try transaction.currentTime() - patience.wholeNanoseconds / 1000
        let dead = try transaction.query(
            "SELECT server FROM presence_servers WHERE beat_at < $1"
                + transaction.skippingLocked("presence_servers"), limit)
        for row in dead { try remove(try row.value("server"), in: transaction) }
    }

    func forget(_ topics: [String]) async throws {
        try await database.claim { [self] in try remove(server, in: $0) }
    }

    private func remove(_ server: String, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM presence WHERE server = $1", server)
        try transaction.execute("DELETE FROM presence_servers WHERE server = $1", server)
    }

    func count(of topic: String) async throws -> Int {
        try await database.read { [self] access in
            let row = try access.first(
                """
                SELECT COUNT(DISTINCT member) AS count FROM presence
                JOIN presence_servers ON presence_servers.server = presence.server
                WHERE topic = $1 AND beat_at >= $2
                """, prefix + topic, try access.currentTime() - patience.wholeNanoseconds / 1000)
            return try row?.value("count") ?? 0
        }
    }

    func members(of topic: String, limit: Int) async throws -> [Presence.Member] {
        try await database.read { [self] access in
            try access.query(
                """
                SELECT member, MAX(value) AS value FROM presence
                JOIN presence_servers ON presence_servers.server = presence.server
                WHERE topic = $1 AND beat_at >= $2 GROUP BY member ORDER BY member LIMIT $3
                """, prefix + topic, try access.currentTime() - patience.wholeNanoseconds / 1000, limit
            ).map { Presence.Member(id: try $0.value("member"), value: try $0.value("value")) }
        }
    }
}
