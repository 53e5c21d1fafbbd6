import Reactor

/// The one way to the data: any number of readers beside one writer, on threads that may wait.
///
/// Rule: `write` for changes, `read` for the rest. Why: writers of SQLite exclude each other, readers see the last commit and
/// wait for nobody. Advice: do in one closure what must be true together; hand values out, never rows' owners. What looks
/// through many rows is a `scan`: it has readers of its own, so that no search stands in the way of sessions.
/// A transaction is durable when `write` returns: it survives a kill and a power cut.
public final class Database: Sendable {
    private let writerPool: BlockingPool
    private let readerPool: BlockingPool
    private let scanPool: BlockingPool
    private let connections: Connections

    /// The migrations that were applied when it was opened.
    public let appliedMigrations: [String]

    /// Opens or makes the database and brings it up to date.
    public static func open(
        _ location: DatabaseLocation, migrations: [MigrationSet], readers: Int = 2, scanners: Int = 1
    ) async throws -> Database {
        let writerPool = try BlockingPool(name: "sql-write", threads: 1)
        do {
            let migrator = try Migrator(migrations)
            let (connections, applied) = try await writerPool.run {
                let writer = try SQLiteConnection(location, access: .write)
                let applied = try migrator.run(on: writer)
                return (Connections(writer: writer, readers: try location.readers(readers + scanners)), applied)
            }
            // A database in memory has one connection, and so one thread for both.
            let readerPool =
                try connections.hasReaders ? BlockingPool(name: "sql-read", threads: max(1, readers)) : writerPool
            let scanPool =
                try connections.hasReaders
                ? BlockingPool(name: "sql-scan", threads: max(1, scanners), maxQueued: 256) : writerPool
            return Database(connections, (writerPool, readerPool, scanPool), applied: applied)
        } catch {
            await writerPool.shutdown()
            throw error
        }
    }

    /// What `open` would apply, without applying it. Nothing is changed.
    ///
    /// - Throws: as `open` does, for a database that this binary cannot use.
    public static func pendingMigrations(
        _ location: DatabaseLocation, migrations: [MigrationSet]
    ) async throws -> [String] {
        let pool = try BlockingPool(name: "sql-look", threads: 1)
        do {
            let pending = try await pool.run {
                try Migrator(migrations).pending(on: SQLiteConnection(location, access: .read))
            }
            await pool.shutdown()
            return pending
        } catch {
            await pool.shutdown()
            throw error
        }
    }

    private init(
        _ connections: Connections, _ pools: (writer: BlockingPool, reader: BlockingPool, scan: BlockingPool),
        applied: [String]
    ) {
        self.connections = connections
        (writerPool, readerPool, scanPool) = pools
        appliedMigrations = applied
    }

    /// Rows that are true at one moment.
    public func read<T: Sendable>(_ body: @escaping @Sendable (ReadAccess) throws -> T) async throws -> T {
        let connections = connections
        return try await readerPool.run { try connections.withReader { try $0.read(body) } }
    }

    /// The same for what looks through many rows: searches, lists, counts.
    ///
    /// - Throws: `SQLError` with the code `busy` when too many wait already.
    public func scan<T: Sendable>(_ body: @escaping @Sendable (ReadAccess) throws -> T) async throws -> T {
        let connections = connections
        do {
            return try await scanPool.run { try connections.withReader { try $0.read(body) } }
        } catch BlockingPoolError.full {
            throw SQLError(.busy, "too many searches are waiting")
        }
    }

    /// All of the closure's changes or none; durable when this returns.
    public func write<T: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> T) async throws -> T {
        let connections = connections
        return try await writerPool.run { try connections.withWriter { try $0.transaction(body) } }
    }

    /// Ends what is queued, then closes the files.
    public func close() async {
        await scanPool.shutdown()
        await readerPool.shutdown()
        await writerPool.shutdown()
        connections.close()
    }
}
