import CPostgreSQL
import Glibc
import Reactor

/// A connection to PostgreSQL by libpq, with its prepared statements.
final class PostgreSQLConnection: SQLConnection {
    /// Statements kept prepared; when there are more, all are dropped, which texts put together at run time may cause.
    private static let cacheCapacity = 256
    /// The oldest server that has all that is asked for.
    private static let leastVersion: Int32 = 120_000
    /// What migrations wait for: one number for all servers of one database.
    private static let migrationLock: Int64 = 0x5061_6C63_6F31
    /// What whoever has the database open holds together with others: a number for each schema.
    private static let presenceLock = "hashtextextended('palco ' || current_schema(), 0)"
    /// What has not answered for so long is asked whether it is there.
    private static let trustedRest = Duration.seconds(30)

    private struct Key: Hashable {
        let sql: String
        let types: [Oid]
    }

    let connection: OpaquePointer
    /// Names the opener among all that have the database open.
    let instance: String
    private let access: SQLAccess?
    private var statements: [Key: PostgreSQLStatement] = [:]
    private var nextStatement = 0
    private var lastUse = MonotonicTime.now
    private var isInTransaction = false
    /// What begins the transaction, while nothing else was said in it: it goes with the first statement, in one message.
    private var beginning: String?
    private var isReading = false
    /// The end of a look was said, and nobody waited for the answer.
    private var isAnswerOwed = false

    /// - Parameters:
    ///   - address: as libpq reads it (34.1.1); its password is shown nowhere.
    ///   - access: what most of its transactions are for; nil where there will hardly be any.
    ///   - plansAnew: whether each statement is planned for the values that it is run with: which way is short through many rows
    ///     depends on how many of them have a word.
    init(_ address: String, for access: SQLAccess? = nil, instance: String = "", plansAnew: Bool = false) throws {
        try Self.loadLibrary()
        guard let connection = Self.connect(address) else {
            throw SQLError(.cannotOpen, "no memory for a connection to the database")
        }
        self.connection = connection
        self.instance = instance
        self.access = access
        guard PQstatus(connection) == CONNECTION_OK else {
            // Whoever waits for a server that is starting tries again; a wrong password stays wrong.
            let isAway = PQconnectionNeedsPassword(connection) == 0 && PQconnectionUsedPassword(connection) == 0
            let reason = Self.message(connection)
            throw SQLError(
                isAway ? .disconnected : .cannotOpen, "cannot reach the database \(Self.name(of: address)): \(reason)")
        }
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
        guard PQserverVersion(connection) >= Self.leastVersion else {
            throw SQLError(.cannotOpen, "PostgreSQL 12 or later is needed")
        }
        try prepareSession()
        // To start other processes and to compile takes longer than what is looked for. What is looked through often is in memory, where
        // a page that lies elsewhere costs hardly more than the next one (19.7.2): so an index in the right order is gone through, and not
        // all that might be found is sorted.
        let quick = [
            "plan_cache_mode = force_custom_plan", "jit = off", "max_parallel_workers_per_gather = 0",
            "random_page_cost = 1.1",
        ]
        if plansAnew { try runOnce(quick.map { "SET \($0)" }.joined(separator: "; ")) }
    }

    deinit { PQfinish(connection) }

    private static func loadLibrary() throws {
        guard let missing = cpostgresql_load() else { return }
        throw SQLError(
            .cannotOpen, "PostgreSQL needs libpq 14 or later (Debian's package libpq5): \(String(cString: missing))")
    }

    private static func connect(_ address: String) -> OpaquePointer? {
        // What is said later counts: what comes before the address is a default, what comes after it is not to be changed.
        let parameters: [(String, String)] = [
            ("application_name", "palco"), ("connect_timeout", "10"), ("keepalives_idle", "30"),
            ("keepalives_interval", "10"),
            ("keepalives_count", "3"),
            ("tcp_user_timeout", "30000"), ("dbname", address), ("client_encoding", "UTF8"),
        ]
        let names = parameters.map { strdup($0.0) }
        let values = parameters.map { strdup($0.1) }
        defer { for text in names + values { free(text) } }
        let (keywords, texts) = (names.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil])
        return PQconnectdbParams(keywords, texts, 1)
    }

    /// An address without what is secret.
    static func name(of address: String) -> String {
        guard (try? loadLibrary()) != nil, let options = PQconninfoParse(address, nil) else { return "postgres:" }
        defer { PQconninfoFree(options) }
        var found: [String: String] = [:]
        var next = options
        while let keyword = next.pointee.keyword {
            if let value = next.pointee.val { found[String(cString: keyword)] = String(cString: value) }
            next += 1
        }
        let port = found["port"].map { ":\($0)" } ?? ""
        return "postgres://\(found["host"] ?? "")\(port)/\(found["dbname"] ?? "")"
    }

    private func prepareSession() throws {
        guard String(cString: PQparameterStatus(connection, "server_encoding")) == "UTF8" else {
            throw SQLError(.cannotOpen, "the database must be made with the encoding UTF8")
        }
        // Nothing that hangs holds others up for ever.
        var settings = ["lock_timeout = 10000", "idle_in_transaction_session_timeout = 60000"]
        // What most transactions would have to say of themselves costs the server more than a small statement does.
        switch access {
        case .read:
            settings.append("default_transaction_isolation = 'repeatable read'")
            settings.append("default_transaction_read_only = on")
        case .write: settings.append("default_transaction_isolation = 'serializable'")
        case nil: break
        }
        try runOnce(settings.map { "SET \($0)" }.joined(separator: "; "))
    }

    // MARK: Poolers

    /// - Throws: where a pooler stands between that gives each transaction another connection to the server: prepared statements,
    ///   locks and notifications do not work through it.
    static func refusePooler(_ address: String) throws {
        let (one, other) = (try PostgreSQLConnection(address), try PostgreSQLConnection(address))
        // A pooler tells a process number of its own.
        guard try one.serverProcess() != PQbackendPID(one.connection) else { return }
        for _ in 0..<3 {
            let known = try one.serverProcess()
            try other.runOnce("BEGIN")
            defer { _ = try? other.runOnce("ROLLBACK") }
            guard try other.serverProcess() != known else {
                throw SQLError(
                    .cannotOpen,
                    "\(name(of: address)) is a pooler that gives each transaction another connection (as pgbouncer's "
                        + "pool_mode = transaction does): set pool_mode = session there, or name the server itself")
            }
        }
    }

    private func serverProcess() throws -> Int32? {
        let result = PostgreSQLResult(PQexec(connection, "SELECT pg_backend_pid()"))
        try require(result, "SELECT pg_backend_pid()")
        return PQgetvalue(result.pointer, 0, 0).flatMap { Int32(String(cString: $0)) }
    }

    var isUsable: Bool { PQstatus(connection) == CONNECTION_OK && !isInTransaction }

    func check() -> Bool {
        guard PQstatus(connection) == CONNECTION_OK else { return false }
        // Whoever answers is there.
        if isAnswerOwed { return (try? takeOwedAnswer()) != nil }
        if MonotonicTime.now - lastUse > Self.trustedRest { return (try? runOnce("SELECT")) != nil }
        // A server that goes says so, which nobody has read yet.
        var descriptor = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
        if poll(&descriptor, 1, 0) > 0 {
            return PQconsumeInput(connection) == 1 && PQstatus(connection) == CONNECTION_OK
        }
        return true
    }

    // MARK: Transactions

    func begin(_ kind: TransactionKind) throws {
        isReading = kind == .read
        switch kind {
        case .read: beginning = access == .read ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        case .write: beginning = access == .write ? "BEGIN" : "BEGIN ISOLATION LEVEL SERIALIZABLE"
        case .claim: beginning = "BEGIN ISOLATION LEVEL READ COMMITTED"
        case .migration:
            try runOnce("BEGIN ISOLATION LEVEL READ COMMITTED")
            isInTransaction = true
            try runOnce("SET LOCAL lock_timeout = 0")
            try runOnce("SELECT pg_advisory_xact_lock(\(Self.migrationLock))")
        }
        isInTransaction = true
    }

    func commit() throws {
        defer { beginning = nil }
        if beginning != nil {
            // Nothing was said, so there is nothing to end.
        } else if isReading {
            // What was read is true whatever the answer is: whoever comes next waits for it.
            isAnswerOwed = PQsendQuery(connection, "COMMIT") == 1
        } else {
            do {
                try runOnce("COMMIT")
            } catch let error as SQLError where error.code == .disconnected {
                throw SQLError(.unknownOutcome, "the connection to the database ended while a change was to be kept")
            }
        }
        isInTransaction = false
    }

    private func takeOwedAnswer() throws {
        guard isAnswerOwed else { return }
        isAnswerOwed = false
        try require(lastResult(), "COMMIT")
    }

    /// Of what was sent; nothing more is on its way afterwards.
    private func lastResult() -> PostgreSQLResult {
        var last = PostgreSQLResult(nil)
        while let next = PQgetResult(connection) { last = PostgreSQLResult(next) }
        return last
    }

    func rollback() {
        if beginning != nil {
            beginning = nil
        } else {
            guard isInTransaction, (try? runOnce("ROLLBACK")) != nil else { return }
        }
        isInTransaction = false
    }

    func currentTime() throws -> Int64 {
        let rows = try query(
            "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT AS now", [], access: .read)
        guard case .integer(let now)? = rows.first?["now"] else {
            throw SQLError(.misuse, "the database tells no time")
        }
        return now
    }

    func waitForTurn(_ name: String) throws {
        _ = try query(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0)) IS NULL AS done", [.text(name)], access: .write)
    }

    /// From now on others see that somebody has the database open, until the connection ends.
    func becomePresent() throws {
        _ = try query("SELECT pg_advisory_lock_shared(\(Self.presenceLock)) IS NULL AS done", [], access: .read)
    }

    func isAlone() throws -> Bool {
        for attempt in 0..<100 {
            // Whoever has just ended may be on the way out.
            if attempt > 0 { usleep(20_000) }
            // Held by a transaction of its own, and so for a moment.
            let rows = try query("SELECT pg_try_advisory_xact_lock(\(Self.presenceLock)) AS done", [], access: .read)
            if rows.first?["done"] == .integer(1) { return true }
        }
        return false
    }

    func skippingLocked(_ table: String) -> String { " FOR UPDATE OF \(table) SKIP LOCKED" }

    var dialect: SQLDialect { .postgreSQL }

    func hasTable(_ name: String) throws -> Bool {
        try query("SELECT to_regclass($1) AS name", [.text(name)], access: .read).first?["name"] != .null
    }

    /// Texts are compared byte by byte, as SQLite does, whatever the database was made with. Numbers that it gives to rows grow as there.
    func define(_ sql: String) throws {
        if let refusal = Refusal(sql) { return try refusal.statements.forEach(runOnce) }
        let sql = sql.replacing(
            "INTEGER PRIMARY KEY AUTOINCREMENT", with: "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY")
        let words = sql.split(separator: " ", omittingEmptySubsequences: false).map { word in
            let name = word.prefix { $0 != "," && $0 != "\n" && $0 != ")" }
            return name == "TEXT" ? "TEXT COLLATE \"C\"" + word.dropFirst(name.count) : String(word)
        }
        try runOnce(words.joined(separator: " "))
    }

    func continueNumbering(_ table: String, by column: String) throws {
        // Nothing where the column is given no numbers.
        _ = try query(
            "SELECT setval(pg_get_serial_sequence($1, $2), MAX(\(column))) FROM \(table) HAVING MAX(\(column)) IS NOT NULL",
            [.text(table), .text(column)], access: .write)
    }

    // MARK: Statements

    func query(_ sql: String, _ arguments: [SQLValue], access: SQLAccess) throws -> [Row] {
        let (statement, result) = try run(sql, arguments)
        return statement.rows(of: result)
    }

    func execute(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
        let (_, result) = try run(sql, arguments)
        // Of a statement that only reads, the number of rows is told, too.
        let isSelect = PQresultStatus(result.pointer) == PGRES_TUPLES_OK && PQftype(result.pointer, 0) == 0
        return isSelect ? 0 : Int(String(cString: PQcmdTuples(result.pointer))) ?? 0
    }

    private func run(_ sql: String, _ arguments: [SQLValue]) throws -> (PostgreSQLStatement, PostgreSQLResult) {
        try takeOwedAnswer()
        let statement = try prepared(sql, arguments)
        do {
            let result = try ran(statement, arguments)
            try require(result, sql)
            return (statement, result)
        } catch let error as SQLError where error.code == .mustRetry {
            // Its plan may be the reason: another server has changed the tables.
            statements = [:]
            throw error
        }
    }

    /// The first statement of a transaction goes with what begins it (libpq's pipeline mode, 34.5).
    private func ran(_ statement: PostgreSQLStatement, _ arguments: [SQLValue]) throws -> PostgreSQLResult {
        guard let beginning else {
            _ = statement.send(arguments, on: connection)
            return lastResult()
        }
        self.beginning = nil
        guard PQenterPipelineMode(connection) == 1 else { throw Self.ended }
        defer { PQexitPipelineMode(connection) }
        guard PQsendQueryParams(connection, beginning, 0, nil, nil, nil, nil, 0) == 1,
            statement.send(arguments, on: connection), PQpipelineSync(connection) == 1
        else { throw Self.ended }
        let (begun, result) = (lastResult(), lastResult())
        let end = PostgreSQLResult(PQgetResult(connection))
        try require(begun, beginning)
        guard PQresultStatus(end.pointer) == PGRES_PIPELINE_SYNC else { throw Self.ended }
        return result
    }

    private func prepared(_ sql: String, _ arguments: [SQLValue]) throws -> PostgreSQLStatement {
        let key = Key(sql: sql, types: arguments.map(PostgreSQLStatement.type))
        if let statement = statements[key] { return statement }
        guard PostgreSQLStatement.parameterCount(sql) == arguments.count else {
            throw SQLError(
                .misuse, "\(arguments.count) arguments for another number of parameters", statement: sql)
        }
        if statements.count >= Self.cacheCapacity {
            try runOnce("DEALLOCATE ALL")
            statements = [:]
        }
        nextStatement += 1
        let statement = PostgreSQLStatement(name: "p\(nextStatement)")
        let result = PostgreSQLResult(
            PQprepare(connection, statement.name, sql, Int32(key.types.count), key.types))
        try require(result, sql)
        statements[key] = statement
        return statement
    }

    /// For statements without parameters that are not worth keeping.
    func runOnce(_ sql: String) throws {
        try takeOwedAnswer()
        let result = PostgreSQLResult(PQexec(connection, sql))
        try require(result, sql)
        // A transaction in which something failed is not kept, which is no error to PostgreSQL.
        if sql == "COMMIT", String(cString: PQcmdStatus(result.pointer)) != "COMMIT" {
            isInTransaction = false
            throw SQLError(.other, "the transaction was not kept")
        }
    }

    private func require(_ result: PostgreSQLResult, _ sql: String) throws {
        lastUse = .now
        switch PQresultStatus(result.pointer) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK: return
        case PGRES_EMPTY_QUERY: throw SQLError(.misuse, "an empty statement", statement: sql)
        default:
            guard PQstatus(connection) == CONNECTION_OK else {
                throw Self.ended
            }
            throw SQLError(result, statement: sql)
        }
    }

    private static var ended: SQLError { SQLError(.disconnected, "the connection to the database ended") }

    private static func message(_ connection: OpaquePointer) -> String {
        let text = String(cString: PQerrorMessage(connection))
        return text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
