import Glibc
import Reactor
import SQL
import Storage
import Telemetry

extension Server {
    /// `palco migrate show`: what a start would change in the database, and what a newer palco has.
    public static func migrationState(_ settings: Settings) async throws -> MigrationState {
        if case .file(let path) = settings.database, access(path, F_OK) != 0 {
            return MigrationState(pending: migrations.flatMap { $0.map(\.id) }, newer: [])
        }
        return try await Database.migrationState(of: settings.database, migrations: migrations)
    }

    /// Says that the tables are newer than this program.
    static func tellNewer(_ database: Database, _ log: Log) {
        guard !database.newerMigrations.isEmpty else { return }
        log.warning(
            "a newer palco has changed the database: this one goes on, and is to be updated next",
            ["steps": "\(database.newerMigrations.joined(separator: ", "))"])
    }

    /// `palco migrate`: changes it now.
    public static func migrate(_ settings: Settings) async throws -> [String] {
        if case .file = settings.database { try makePrivateFolder(settings.dataFolder) }
        let database = try await Database.open(settings.database, migrations: migrations)
        await database.close()
        return database.appliedMigrations
    }

    /// `palco database copy`.
    ///
    /// - Parameters:
    ///   - from: `sqlite:PATH` or `postgres://…`; so is `to`.
    ///   - report: a line for each table.
    /// - Throws: `ServerError.databaseName`; `StorageError.inUse` where a server runs on a file; `SQLError`.
    public static func copyDatabase(
        from: String, to: String, report: @escaping @Sendable (String) -> Void
    ) async throws {
        let (source, target) = (try location(from), try location(to))
        let pool = try BlockingPool(name: "locks", threads: 1)
        let locks = try [source, target].compactMap { try lock(folderOf: $0, pool) }
        let copy = DatabaseCopy(from: source, to: target, migrations: migrations)
        let result: Result<Void, any Error>
        do {
            result = .success(
                try await copy {
                    report("\($0.name): \($0.rowCount) rows, \($0.copiedCount) of them copied now, all alike")
                })
        } catch {
            result = .failure(error)
        }
        for lock in locks { lock.close() }
        await pool.shutdown()
        try result.get()
    }

    private static func location(_ name: String) throws -> DatabaseLocation {
        if name.hasPrefix("sqlite:"), name.utf8.count > 7 { return .file(String(name.dropFirst(7))) }
        guard name.hasPrefix("postgres://") || name.hasPrefix("postgresql://") else { throw ServerError.databaseName }
        return .postgreSQL(name)
    }

    /// No server may begin there meanwhile. Nil where no server has ever been.
    private static func lock(folderOf location: DatabaseLocation, _ pool: BlockingPool) throws -> DataFolder? {
        guard case .file(let path) = location else { return nil }
        let folder = path.contains("/") ? path.prefix(through: path.lastIndex(of: "/") ?? path.startIndex) : "./"
        guard access("\(folder).lock", F_OK) == 0 else { return nil }
        return try DataFolder(root: String(folder.dropLast()), pool: pool)
    }
}
