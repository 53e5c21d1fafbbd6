import FoundationEssentials

/// Brings a database to the state that this binary knows, each step in a transaction of its own.
struct Migrator {
    private static let bookkeeping = """
        CREATE TABLE IF NOT EXISTS schema_migrations \
        (id TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)
        """

    let known: [Migration]

    init(_ sets: [MigrationSet]) throws(SQLError) {
        known = sets.flatMap(\.self)
        var seen: Set<String> = []
        for migration in known where !seen.insert(migration.id).inserted {
            throw SQLError(.misuse, "two migrations are called \(migration.id)")
        }
    }

    /// The steps that were applied now.
    func run(on connection: SQLiteConnection) throws -> [String] {
        _ = try connection.transaction { try $0.execute(Self.bookkeeping) }
        let pending = try connection.transaction { try check($0) }
        return try pending.filter { try apply($0, on: connection) }.map(\.id)
    }

    /// The steps that would be applied to a database that is there.
    func pending(on connection: SQLiteConnection) throws -> [String] {
        try connection.read { access in
            let table = try access.first("SELECT name FROM sqlite_master WHERE name = 'schema_migrations'")
            return try table == nil ? known.map(\.id) : check(access).map(\.id)
        }
    }

    /// What is left to do; throws where the past is not ours.
    private func check(_ access: ReadAccess) throws -> [Migration] {
        let rows = try access.query("SELECT id, checksum FROM schema_migrations ORDER BY id")
        var applied: [String: String] = [:]
        for row in rows { applied[try row.value("id")] = try row.value("checksum", as: String.self) }
        let knownIDs = Set(known.map(\.id))
        if let unknown = applied.keys.filter({ !knownIDs.contains($0) }).min() {
            throw SQLError(
                .incompatible,
                "the database was written by a newer palco (it knows \(unknown), this one does not): "
                    + "start that version again, or restore a backup made before it")
        }
        for migration in known {
            guard let checksum = applied[migration.id], checksum != migration.checksum else { continue }
            throw SQLError(.incompatible, "migration \(migration.id) is not the one that this database was made with")
        }
        return known.filter { applied[$0.id] == nil }
    }

    /// False where another process was faster.
    private func apply(_ migration: Migration, on connection: SQLiteConnection) throws -> Bool {
        try connection.transaction { transaction in
            let done = try transaction.first("SELECT id FROM schema_migrations WHERE id = $1", migration.id)
            guard done == nil else { return false }
            for statement in migration.sql { try transaction.execute(statement) }
            try transaction.execute(
                "INSERT INTO schema_migrations (id, checksum, applied_at) VALUES ($1, $2, $3)",
                migration.id, migration.checksum, Date())
            return true
        }
    }
}
