import CSQLite
import Glibc

/// One connection with its prepared statements. It belongs to one job at a time: `Database` sees to that.
final class SQLiteConnection {
    enum Access { case read, write }

    /// Statements kept prepared; when there are more, all are dropped, which texts put together at run time may cause.
    private static let cacheCapacity = 256
    /// How long a statement waits for another process (`palco admin create` beside a running server).
    private static let busyTimeoutMilliseconds: Int32 = 5_000

    private let database: OpaquePointer
    private var cache: [String: SQLiteStatement] = [:]

    init(_ location: DatabaseLocation, access: Access) throws {
        let (path, mode) = location.opening(access)
        if case .file(let file) = location, access == .write { try Self.makePrivateFile(file) }
        var pointer: OpaquePointer?
        let status = sqlite3_open_v2(path, &pointer, mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard status == SQLITE_OK, let pointer else {
            let reason = String(cString: sqlite3_errstr(status))
            sqlite3_close_v2(pointer)
            throw SQLError(.cannotOpen, "cannot open the database \(path): \(reason)")
        }
        database = pointer
        sqlite3_busy_timeout(database, Self.busyTimeoutMilliseconds)
        for pragma in location.pragmas(access) { try runOnce(pragma) }
        if case .file = location,
            try query("PRAGMA journal_mode", [], access: .write).first?["journal_mode"] != .text("wal")
        {
            throw SQLError(.cannotOpen, "\(path) cannot use a write-ahead log: keep the data on a local disk")
        }
    }

    deinit {
        cache = [:]
        sqlite3_close_v2(database)
    }

    func query(_ sql: String, _ arguments: [SQLValue], access: Access) throws -> [Row] {
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

    func transaction<T>(_ body: (Transaction) throws -> T) throws -> T {
        let transaction = Transaction(self)
        let result = try bracket("BEGIN IMMEDIATE") {
            defer { transaction.end() }
            return try body(transaction)
        }
        transaction.runAfterCommit()
        return result
    }

    func read<T>(_ body: (ReadAccess) throws -> T) throws -> T {
        let access = ReadAccess(self)
        return try bracket("BEGIN") {
            defer { access.end() }
            return try body(access)
        }
    }

    private func bracket<T>(_ begin: String, _ body: () throws -> T) throws -> T {
        _ = try execute(begin, [])
        do {
            let result = try body()
            _ = try execute("COMMIT", [])
            return result
        } catch {
            // Some errors (a full disk) have rolled back already.
            if sqlite3_get_autocommit(database) == 0 { _ = try? execute("ROLLBACK", []) }
            throw error
        }
    }

    private func prepared(_ sql: String) throws -> SQLiteStatement {
        if let statement = cache[sql] { return statement }
        if cache.count >= Self.cacheCapacity { cache = [:] }
        let statement = try SQLiteStatement(sql, on: database)
        cache[sql] = statement
        return statement
    }

    /// For statements that are not worth keeping.
    func runOnce(_ sql: String) throws {
        guard sqlite3_exec(database, sql, nil, nil, nil) == SQLITE_OK else { throw SQLError(database, statement: sql) }
    }

    /// The database holds password hashes: a file that is not there yet is made readable for its owner only.
    /// SQLite gives its companion files the same mode.
    private static func makePrivateFile(_ path: String) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw SQLError(.cannotOpen, "cannot open the database \(path): \(String(cString: strerror(errno)))")
        }
        close(descriptor)
    }
}
