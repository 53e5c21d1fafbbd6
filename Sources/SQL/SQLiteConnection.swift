import CSQLite
import Glibc

/// A connection to SQLite with its prepared statements.
final class SQLiteConnection: SQLConnection {
    enum Place {
        case file(String)
        case memory
    }

    /// Statements kept prepared; when there are more, all are dropped, which texts put together at run time may cause.
    private static let cacheCapacity = 256
    /// How long a statement waits for another process (`palco admin create` beside a running server).
    private static let busyTimeoutMilliseconds: Int32 = 5_000

    private let database: OpaquePointer
    private var cache: [String: SQLiteStatement] = [:]

    /// - Parameter looksFar: whether it goes through many rows, which are then kept in four times as much memory: those that were
    ///   uploaded last are looked at again and again.
    init(_ place: Place, access: SQLAccess, looksFar: Bool = false) throws {
        var path = ":memory:"
        if case .file(let file) = place {
            path = file
            if access == .write { try Self.makePrivateFile(file) }
        }
        var pointer: OpaquePointer?
        // A reader cannot be opened read-only: it may have to make the shared memory of the log.
        let mode = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let status = sqlite3_open_v2(path, &pointer, mode, nil)
        guard status == SQLITE_OK, let pointer else {
            let reason = String(cString: sqlite3_errstr(status))
            sqlite3_close_v2(pointer)
            throw SQLError(.cannotOpen, "cannot open the database \(path): \(reason)")
        }
        database = pointer
        sqlite3_busy_timeout(database, Self.busyTimeoutMilliseconds)
        for pragma in Self.pragmas(place, access, looksFar) { try runOnce(pragma) }
        try SQLiteColumnScore.register(on: database)
        if case .file = place,
            try query("PRAGMA journal_mode", [], access: .write).first?["journal_mode"] != .text("wal")
        {
            throw SQLError(.cannotOpen, "\(path) cannot use a write-ahead log: keep the data on a local disk")
        }
    }

    deinit {
        cache = [:]
        sqlite3_close_v2(database)
    }

    func query(_ sql: String, _ arguments: [SQLValue], access: SQLAccess) throws -> [Row] {
        let statement = try prepared(sql)
        guard statement.isReadOnly || access == .write else {
            throw SQLError(.misuse, "a read cannot change anything", statement: sql)
        }
        return try statement.run(arguments, on: database)
    }

    func execute(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
        let before = sqlite3_total_changes64(database)
        let statement = try prepared(sql)
        _ = try statement.run(arguments, on: database)
        return statement.isReadOnly || sqlite3_total_changes64(database) == before
            ? 0 : Int(sqlite3_changes64(database))
    }

    func define(_ sql: String) throws { _ = try execute(sql, []) }

    func begin(_ kind: TransactionKind) throws { _ = try execute(kind == .read ? "BEGIN" : "BEGIN IMMEDIATE", []) }

    func commit() throws { _ = try execute("COMMIT", []) }

    func rollback() {
        // Some errors (a full disk) have rolled back already.
        if sqlite3_get_autocommit(database) == 0 { _ = try? execute("ROLLBACK", []) }
    }

    var dialect: SQLDialect { .sqlite }

    func hasTable(_ name: String) throws -> Bool {
        try !query("SELECT name FROM sqlite_master WHERE name = $1", [.text(name)], access: .read).isEmpty
    }

    var isUsable: Bool { true }

    func check() -> Bool { true }

    /// One server has the file.
    func currentTime() -> Int64 {
        DatabaseClock.microseconds(of: CLOCK_REALTIME)
    }

    /// One server has the file; commands beside it are found out by looking.
    var instance: String { "" }

    func announce(_ payload: String) {}

    func send(_ messages: [String]) {}

    /// One server has the file, and a lock of its own on the folder.
    func isAlone() -> Bool { true }

    /// There is one writer.
    func waitForTurn(_ name: String) {}

    func skippingLocked(_ table: String) -> String { "" }

    /// What was given to a row counts in any case.
    func continueNumbering(_ table: String, by column: String) {}

    private func prepared(_ sql: String) throws -> SQLiteStatement {
        if let statement = cache[sql] { return statement }
        if cache.count >= Self.cacheCapacity { cache = [:] }
        let statement = try SQLiteStatement(sql, on: database)
        cache[sql] = statement
        return statement
    }

    private static func pragmas(_ place: Place, _ access: SQLAccess, _ looksFar: Bool) -> [String] {
        // What is committed survives a power cut: in WAL mode that takes FULL, which syncs the log with each commit.
        var pragmas = [
            "PRAGMA foreign_keys = ON", "PRAGMA trusted_schema = OFF",
            "PRAGMA cache_size = \(looksFar ? -8192 : -2048)",
        ]
        switch access {
        case .read: pragmas.append("PRAGMA query_only = ON")
        case .write:
            if case .file = place { pragmas.append("PRAGMA journal_mode = WAL") }
            pragmas += ["PRAGMA synchronous = FULL", "PRAGMA journal_size_limit = 8388608"]
        }
        return pragmas
    }

    /// For statements that are not worth keeping.
    func runOnce(_ sql: String) throws {
        guard sqlite3_exec(database, sql, nil, nil, nil) == SQLITE_OK else { throw SQLError(database, statement: sql) }
    }

    /// The database holds password hashes: a file that is not there yet is made readable for its owner only.
    /// SQLite gives its companion files the same mode.
    private static func makePrivateFile(_ path: String) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 {
            close(descriptor)
            return
        }
        // One that is there is not opened: to close it would end the locks that other connections of this process have on it (fcntl(2)),
        // and another process that leaves would take itself for the last one, and the log away.
        guard errno == EEXIST, access(path, R_OK | W_OK) == 0 else {
            throw SQLError(.cannotOpen, "cannot open the database \(path): \(String(cString: strerror(errno)))")
        }
    }
}
