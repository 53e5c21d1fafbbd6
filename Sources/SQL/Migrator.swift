import FoundationEssentials

/// Brings a database to the state that this binary knows, each step in a transaction of its own.
struct Migrator {
    private static let bookkeeping = """
        CREATE TABLE IF NOT EXISTS schema_migrations \
        (id TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL, generation BIGINT NOT NULL)
        """

    let known: [Migration]

    /// Of this program.
    private var generation: Int { known.map(\.generation).max() ?? 1 }

    init(_ sets: [MigrationSet]) throws(SQLError) {
        known = sets.flatMap(\.self)
        var seen: Set<String> = []
        for migration in known where !seen.insert(migration.id).inserted {
            throw SQLError(.misuse, "two migrations are called \(migration.id)")
        }
        for migration in known {
            guard let statement = migration.breach else { continue }
            throw SQLError(
                .misuse, "programs of the generation before \(migration.id) cannot go on with it", statement: statement)
        }
    }

    /// The steps that were applied now, and those of a newer program.
    func run(on connection: any SQLConnection) throws -> (applied: [String], newer: [String]) {
        _ = try connection.transaction(.migration) { try $0.define(Self.bookkeeping) }
        var found = try connection.read { try look($0) }
        if found.isJump, try !found.pending.isEmpty && !connection.isAlone() {
            // Perhaps those who have it have changed it by now.
            found = try connection.read { try look($0) }
            guard found.pending.isEmpty else {
                throw SQLError(
                    .incompatible,
                    "palco of a version that is older by more than one step still runs on the database and could not go "
                        + "on with the new tables: stop all servers and workers first, or update to the version between"
                )
            }
        }
        return (try found.pending.filter { try apply($0, on: connection) }.map(\.id), found.newer)
    }

    /// What `run` would find in a database that is there.
    func state(of connection: any SQLConnection) throws -> MigrationState {
        try connection.read { access in
            guard try connection.hasTable("schema_migrations") else {
                return MigrationState(pending: known.map(\.id), newer: [])
            }
            let found = try look(access)
            return MigrationState(pending: found.pending.map(\.id), newer: found.newer)
        }
    }

    private struct Findings {
        var pending: [Migration]
        var newer: [String]
        /// Programs of the generation that is there could not go on with this one's tables.
        var isJump: Bool
    }

    /// What is left to do; throws where the past is not ours.
    private func look(_ access: ReadAccess) throws -> Findings {
        let rows = try access.query("SELECT id, checksum, generation FROM schema_migrations ORDER BY id")
        var applied: [String: String] = [:]
        var (newer, last): ([String], Int) = ([], 0)
        let knownIDs = Set(known.map(\.id))
        for row in rows {
            let (id, itsGeneration) = (try row.value("id", as: String.self), try row.value("generation", as: Int.self))
            applied[id] = try row.value("checksum", as: String.self)
            last = max(last, itsGeneration)
            guard !knownIDs.contains(id) else { continue }
            guard itsGeneration == generation + 1 else {
                throw SQLError(
                    .incompatible,
                    "the database was written by a newer palco (it knows \(id), this one does not, and cannot go on with "
                        + "it): start that version again, or restore a backup made before it")
            }
            newer.append(id)  // bound: rows of a database
        }
        for migration in known {
            guard let checksum = applied[migration.id], checksum != migration.checksum else { continue }
            throw SQLError(.incompatible, "migration \(migration.id) is not the one that this database was made with")
        }
        let pending = known.filter { applied[$0.id] == nil }
        return Findings(pending: pending, newer: newer, isJump: last > 0 && generation > last + 1)
    }

    /// False where another process was faster.
    private func apply(_ migration: Migration, on connection: any SQLConnection) throws -> Bool {
        try connection.transaction(.migration) { transaction in
            let done = try transaction.first("SELECT id FROM schema_migrations WHERE id = $1", migration.id)
            guard done == nil else { return false }
            for statement in migration.statements(for: connection.dialect) { try transaction.define(statement) }
            try transaction.execute(
                "INSERT INTO schema_migrations (id, checksum, applied_at, generation) VALUES ($1, $2, $3, $4)",
                migration.id, migration.checksum, Date(), migration.generation)
            return true
        }
    }
}
