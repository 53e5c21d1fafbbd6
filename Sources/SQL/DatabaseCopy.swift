/// Moves all rows of one database into another, of whichever kind, and compares them. Nobody may write into the target meanwhile,
/// nor into the source, unless it is only to be copied as it was at one moment.
///
/// Each piece is kept as it arrives: what was cut off goes on where it was. Until all is there and alike, no server opens the target.
public struct DatabaseCopy: Sendable {
    /// What was done with one table.
    public struct Table: Sendable, Equatable {
        public let name: String
        /// In the source, and so in the target.
        public let rowCount: Int
        /// Those that this run brought.
        public let copiedCount: Int
    }

    /// Marks a target in which something is missing.
    static let mark = "unfinished_copy"
    /// Rows that are in memory at a time.
    private static let pieceSize = 100

    let source: DatabaseLocation
    let target: DatabaseLocation
    let migrations: [MigrationSet]
    let isSnapshot: Bool

    /// - Parameter isSnapshot: servers go on with the source; what they write after the first look at it is not copied.
    public init(
        from source: DatabaseLocation, to target: DatabaseLocation, migrations: [MigrationSet], isSnapshot: Bool = false
    ) {
        self.source = source
        self.target = target
        self.migrations = migrations
        self.isSnapshot = isSnapshot
    }

    /// - Parameter report: called for each table once it is copied and compared.
    /// - Throws: `SQLError`; with the code `incompatible` where the target is in use, or the source is of another version.
    public func callAsFunction(report: @escaping @Sendable (Table) -> Void) async throws {
        try await copyRows(report: report)
        try await finish()
    }

    /// The same, where something else is still to be brought: no server begins on the target before `finish`.
    public func copyRows(report: @escaping @Sendable (Table) -> Void) async throws {
        let (source, target, isSnapshot) = (source, target, isSnapshot)
        let migrator = try Migrator(migrations)
        guard source != target else { throw SQLError(.incompatible, "both are the same database") }
        let pool = try SQLPool(name: "sql-copy", threads: 1) { try source.connect(.read) }
        let result: Result<Void, any Error>
        do {
            try await pool.run { reader in
                let isOfThisVersion = MigrationState(pending: [], newer: [])
                guard try migrator.state(of: reader) == isOfThisVersion else {
                    throw SQLError(
                        .incompatible, "\(source) is not of this version: run palco migrate on it, or start it once")
                }
                guard try !reader.hasTable(Self.mark) else {
                    throw SQLError(.incompatible, "not everything was copied into \(source) yet")
                }
                if !isSnapshot { try Self.requireRest(of: source, reader) }
                let writer = try target.connect(.write)
                try Self.take(writer, migrator, target)
                // One moment of the source, however long it takes.
                try reader.read { access in
                    for table in Self.tables(of: migrator.known) {
                        report(try Self.copy(table, from: access, to: writer))
                    }
                }
                // Somebody who began meanwhile may have changed what was copied.
                if !isSnapshot { try Self.requireRest(of: source, reader) }
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await pool.close()
        try result.get()
    }

    /// Servers may begin on the target now.
    public func finish() async throws {
        try await onTarget { try $0.transaction(.write) { try $0.define("DROP TABLE \(Self.mark)") } }
    }

    /// Whether a copy into the target was begun that is not finished.
    public func isBegun() async throws -> Bool { try await onTarget { try $0.hasTable(Self.mark) } }

    private func onTarget<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        let target = target
        let pool = try SQLPool(name: "sql-copy", threads: 1) { try target.connect(.write) }
        let result: Result<Value, any Error>
        do { result = .success(try await pool.run { try body($0) }) } catch { result = .failure(error) }
        await pool.close()
        return try result.get()
    }

    private static func requireRest(of source: DatabaseLocation, _ reader: any SQLConnection) throws {
        guard try !reader.isAlone() else { return }
        throw SQLError(
            .incompatible, "a server or worker runs on \(source): stop all of them, then copy once more")
    }

    /// Makes the tables, and marks them as unfinished before.
    private static func take(_ writer: any SQLConnection, _ migrator: Migrator, _ target: DatabaseLocation) throws {
        if try !writer.hasTable(mark) {
            guard try !writer.hasTable("schema_migrations") else {
                throw SQLError(.incompatible, "\(target) has an installation already: name an empty database")
            }
            try writer.transaction(.migration) { try $0.define("CREATE TABLE IF NOT EXISTS \(mark) (id BIGINT)") }
        }
        _ = try migrator.run(on: writer)
    }

    private static func copy(
        _ table: TableKeys, from source: ReadAccess, to writer: any SQLConnection
    ) throws -> Table {
        var copied = 0
        var last = try writer.read { try table.last(in: $0) }
        while case let rows = try table.rows(after: last, count: pieceSize, in: source), let end = rows.last {
            try writer.transaction(.write) { try table.insert(rows, in: $0) }
            copied += rows.count  // bound: rows of a database
            last = table.key(of: end)
        }
        if let column = table.numbered {
            try writer.transaction(.write) { _ in try writer.continueNumbering(table.name, by: column) }
        }
        return Table(name: table.name, rowCount: try compare(table, source, writer), copiedCount: copied)
    }

    /// The number of rows.
    private static func compare(_ table: TableKeys, _ source: ReadAccess, _ writer: any SQLConnection) throws -> Int {
        var (count, last): (Int, [SQLValue]?) = (0, nil)
        while true {
            let wanted = try table.rows(after: last, count: pieceSize, in: source)
            let found = try writer.read { try table.rows(after: last, count: pieceSize, in: $0) }
            guard wanted.map(\.values) == found.map(\.values), wanted.first?.names == found.first?.names else {
                throw SQLError(
                    .incompatible,
                    "the table \(table.name) is not the same in both: remove the target, and copy again while no server runs"
                )
            }
            guard let end = wanted.last else { return count }
            count += wanted.count  // bound: rows of a database
            last = table.key(of: end)
        }
    }

    /// In the order in which they were made, so that what is referred to comes first.
    static func tables(of migrations: [Migration]) -> [TableKeys] {
        migrations.flatMap(\.sql).compactMap(TableKeys.init(definition:))
    }
}

/// A table and the columns that tell its rows apart.
struct TableKeys: Equatable {
    let name: String
    let columns: [String]
    /// The column whose numbers the database gives.
    let numbered: String?

    /// Nil for a statement that makes no table.
    init?(definition: String) {
        let words = definition.split { " \n(),".contains($0) }
        guard words.count > 3, words[0] == "CREATE", words[1] == "TABLE" else { return nil }
        name = String(words[2])
        let lines = definition.split(separator: "\n")
        if let line = lines.first(where: { $0.drop { $0 == " " }.hasPrefix("PRIMARY KEY (") }) {
            columns = line.split { " (),".contains($0) }.dropFirst(2).map(String.init)
        } else if let line = lines.first(where: { $0.contains(" PRIMARY KEY") }) {
            // A short table stands in one line: `CREATE TABLE name (id TEXT PRIMARY KEY, …`.
            let words = line.split { " (),".contains($0) }
            columns = [String(words[(words.firstIndex(of: "PRIMARY") ?? 2) - 2])]
        } else {
            return nil
        }
        numbered = definition.contains(" PRIMARY KEY AUTOINCREMENT") ? columns.first : nil
    }

    private var order: String { columns.joined(separator: ", ") }

    func last(in access: ReadAccess) throws -> [SQLValue]? {
        let descending = columns.map { "\($0) DESC" }.joined(separator: ", ")
        return try access.first("SELECT \(order) FROM \(name) ORDER BY \(descending) LIMIT 1")?.values
    }

    func rows(after key: [SQLValue]?, count: Int, in access: ReadAccess) throws -> [Row] {
        let parameters = columns.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        let condition = key == nil ? "" : "WHERE (\(order)) > (\(parameters))"
        return try access.query(
            "SELECT * FROM \(name) \(condition) ORDER BY \(order) LIMIT \(count)",
            arguments: (key ?? []).map { Given(value: $0) })
    }

    func key(of row: Row) -> [SQLValue] { columns.map { row[$0] ?? .null } }

    func insert(_ rows: [Row], in transaction: Transaction) throws {
        for row in rows {
            let parameters = row.names.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
            try transaction.execute(
                "INSERT INTO \(name) (\(row.names.joined(separator: ", "))) VALUES (\(parameters))",
                arguments: row.values.map { Given(value: $0) })
        }
    }

    /// A value as it came out of the other database.
    private struct Given: SQLConvertible {
        let value: SQLValue
        var sqlValue: SQLValue { value }
        init(value: SQLValue) { self.value = value }
        init?(sqlValue: SQLValue) { value = sqlValue }
    }
}
