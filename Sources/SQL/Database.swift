import BaseEncoding
import Cryptography
import FoundationEssentials
import Reactor
import Synchronization

/// The one way to the data: readers beside writers, on threads that may wait.
///
/// Rule: `write` for changes, `read` for the rest; a closure has no effect but in the database and by `afterCommit`. Why: readers
/// see the last commit and wait for nobody; writers of SQLite exclude each other, those of PostgreSQL run side by side as if each
/// were alone (serializable), and one that cannot runs again. Advice: do in one closure what must be true together; hand values
/// out, never rows' owners. What looks through many rows is a `scan`: it has readers of its own, so that no search stands in the way
/// of sessions. A transaction is durable when `write` returns: it survives a kill and a power cut.
public final class Database: Sendable {
    private let writing: SQLPool
    private let reading: SQLPool
    let scanning: SQLPool
    private let listener: DatabaseListener?
    private let order = CommitOrder()
    private let clock: DatabaseClock
    private let otherRoad = Mutex<(@Sendable (String) -> Void)?>(nil)

    /// The migrations that were applied when it was opened.
    public let appliedMigrations: [String]
    /// The migrations of a newer program, which this one can go on with.
    public let newerMigrations: [String]

    /// Opens or makes the database and brings it up to date.
    public static func open(
        _ location: DatabaseLocation, migrations: [MigrationSet], readers: Int = 2, scanners: Int = 2
    ) async throws -> Database {
        let shares = location.shares(readers: readers, scanners: scanners)
        let instance = Hex.encode(Random.bytes(8))
        let writing = try SQLPool(name: "sql-write", threads: shares.writers) {
            try location.connect(.write, instance: instance)
        }
        do {
            let migrator = try Migrator(migrations)
            let found = try await writing.run { connection in
                if case .postgreSQL(let address, _) = location { try PostgreSQLConnection.refusePooler(address) }
                if try connection.hasTable(DatabaseCopy.mark) {
                    throw SQLError(
                        .incompatible,
                        "not everything was copied into \(location) yet: run palco database copy (or palco restore) again, until it says that all is there"
                    )
                }
                return try migrator.run(on: connection)
            }
            let clock = DatabaseClock()
            guard location.isShared else { return Database(writing, writing, writing, nil, clock, found) }
            // The one that migrated.
            writing.renew()
            let reading = try SQLPool(name: "sql-read", threads: shares.readers) { try location.connect(.read) }
            let scanning = try SQLPool(name: "sql-scan", threads: shares.scanners, maxQueued: 256) {
                try location.connect(.read, looksFar: true)
            }
            var listener: DatabaseListener?
            if case .postgreSQL(let address, _) = location {
                clock.learn(try await writing.run { try $0.currentTime() })
                listener = try DatabaseListener(address, instance: instance, clock: clock)
            }
            let database = Database(writing, reading, scanning, listener, clock, found)
            do {
                let counts = location.connectionsAtStart(shares)
                try await reading.open(counts.readers)
                try await scanning.open(counts.scanners)
            } catch {
                await database.close()
                throw error
            }
            return database
        } catch {
            await writing.close()
            throw error
        }
    }

    /// What `open` would find, without applying anything.
    ///
    /// - Throws: as `open` does, for a database that this binary cannot use.
    public static func migrationState(
        of location: DatabaseLocation, migrations: [MigrationSet]
    ) async throws -> MigrationState {
        let pool = try SQLPool(name: "sql-look", threads: 1) { try location.connect(.read) }
        do {
            let migrator = try Migrator(migrations)
            let state = try await pool.run { try migrator.state(of: $0) }
            await pool.close()
            return state
        } catch {
            await pool.close()
            throw error
        }
    }

    /// Rows of a database that is not opened for good: nothing is applied to it.
    public static func look<T: Sendable>(
        at location: DatabaseLocation, _ body: @escaping @Sendable (ReadAccess) throws -> T
    ) async throws -> T {
        let pool = try SQLPool(name: "sql-look", threads: 1) { try location.connect(.read) }
        let result: Result<T, any Error>
        do { result = .success(try await pool.run { try $0.read(body) }) } catch { result = .failure(error) }
        await pool.close()
        return try result.get()
    }

    private init(
        _ writing: SQLPool, _ reading: SQLPool, _ scanning: SQLPool, _ listener: DatabaseListener?,
        _ clock: DatabaseClock, _ found: (applied: [String], newer: [String])
    ) {
        self.writing = writing
        self.reading = reading
        self.scanning = scanning
        self.listener = listener
        self.clock = clock
        (appliedMigrations, newerMigrations) = found
    }

    /// The time by which all servers of this database go, whatever the clocks of their machines say. It asks nobody.
    public var now: Date { clock.now }

    /// Rows that are true at one moment.
    public func read<T: Sendable>(_ body: @escaping @Sendable (ReadAccess) throws -> T) async throws -> T {
        try await reading.run { try $0.read(body) }
    }

    /// What one statement tells, which is one moment by itself, for less than `read` costs. A second statement is a mistake.
    public func readOnce<T: Sendable>(_ body: @escaping @Sendable (ReadAccess) throws -> T) async throws -> T {
        try await reading.run { try $0.readOnce(body) }
    }

    /// The same for what looks through many rows: searches, lists, counts.
    ///
    /// - Throws: `SQLError` with the code `busy` when too many wait already.
    public func scan<T: Sendable>(_ body: @escaping @Sendable (ReadAccess) throws -> T) async throws -> T {
        do {
            return try await scanning.run { try $0.read(body) }
        } catch BlockingPoolError.full {
            throw SQLError(.busy, "too many searches are waiting")
        }
    }

    /// All of the closure's changes or none; durable when this returns. The closure may run more than once.
    public func write<T: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> T) async throws -> T {
        let announced = otherRoad.withLock { $0 }
        return try await writing.run { [order] in try $0.transaction(.write, order: order, announced: announced, body) }
    }

    /// The same for taking rows out of a queue, one row at a time, by `Transaction.skippingLocked`: nobody waits for
    /// those who take others. What the closure reads of other rows may change before it ends.
    public func claim<T: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> T) async throws -> T {
        let announced = otherRoad.withLock { $0 }
        return try await writing.run { [order] in try $0.transaction(.claim, order: order, announced: announced, body) }
    }

    /// What other servers of the same database announce, for one who listens; nil where there can be no others. It ends with `close`.
    public var heard: AsyncStream<Heard>? { listener?.heard }

    /// Whether other servers may have it too.
    public var isShared: Bool { listener != nil }

    /// From now on announcements go another road as well, once they are kept; `hear` of the other servers takes them.
    ///
    /// - Parameter road: called on a writer's thread; it must be short.
    public func announceAlso(by road: @escaping @Sendable (_ payload: String) -> Void) {
        if isShared { otherRoad.withLock { $0 = road } }
    }

    /// What came by another road. It comes out of `heard`, but only once, whichever road is the shorter.
    ///
    /// - Returns: whether it came sooner than by the database.
    @discardableResult
    public func hear(_ payload: String) -> Bool { listener?.hear(payload) ?? false }

    /// Tells all who follow messages, this server as well, in this order and together: those of others come before or after. Nothing is
    /// kept, so whoever does not listen now does not hear it. Does nothing where there can be no others.
    ///
    /// - Parameter messages: all different, each of fewer than 8,000 bytes (PostgreSQL, NOTIFY).
    /// - Throws: `SQLError`; with the code `unknownOutcome` they may have been heard.
    public func send(_ messages: [String]) async throws {
        guard isShared else { return }
        try await writing.run { connection in try connection.transaction(.claim) { try $0.send(messages) } }
    }

    /// From now on messages are heard. Called once; `close` ends it.
    ///
    /// - Parameter listener: called on one thread of the database's; it must be short.
    public func follow(_ listener: @escaping @Sendable (HeardMessage) -> Void) {
        self.listener?.follow(listener)
    }

    /// Ends what is queued, then closes the connections. The writer comes last: it folds SQLite's log into the file.
    public func close() async {
        await listener?.stop()
        await scanning.close()
        await reading.close()
        await writing.close()
    }
}
