import CSQLite

/// A prepared statement, kept by its connection.
final class SQLiteStatement {
    /// SQLite copies what is bound with this mark.
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    private let pointer: OpaquePointer
    private let sql: String
    /// The number of the argument that each of SQLite's parameters takes, from 0.
    private let argumentIndexes: [Int]
    let isReadOnly: Bool
    private lazy var columns = Row.Columns(
        (0..<sqlite3_column_count(pointer)).map { String(cString: sqlite3_column_name(pointer, $0)) })

    init(_ sql: String, on database: OpaquePointer) throws {
        var pointer: OpaquePointer?
        var hasMore = false
        let status = sql.withCString { text in
            var tail: UnsafePointer<CChar>?
            let status = sqlite3_prepare_v3(database, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &pointer, &tail)
            hasMore = tail.map { String(cString: $0).contains { !$0.isWhitespace && $0 != ";" } } ?? false
            return status
        }
        guard status == SQLITE_OK else { throw SQLError(database, statement: sql) }
        guard let pointer, !hasMore else {
            sqlite3_finalize(pointer)
            throw SQLError(.misuse, "one statement at a time", statement: sql)
        }
        do {
            argumentIndexes = try Self.argumentIndexes(of: pointer, sql)
        } catch {
            sqlite3_finalize(pointer)
            throw error
        }
        self.pointer = pointer
        self.sql = sql
        isReadOnly = sqlite3_stmt_readonly(pointer) != 0
    }

    deinit { sqlite3_finalize(pointer) }

    /// Binds, steps to the end and hands out the rows. The statement is ready for the next run afterwards, whatever happened.
    func run(_ arguments: [SQLValue], on database: OpaquePointer) throws -> [Row] {
        defer {
            sqlite3_reset(pointer)
            sqlite3_clear_bindings(pointer)
        }
        try bind(arguments, on: database)
        var rows: [Row] = []
        while true {
            switch sqlite3_step(pointer) {
            case SQLITE_ROW: rows.append(row())
            case SQLITE_DONE: return rows
            default: throw SQLError(database, statement: sql)
            }
        }
    }

    private func bind(_ arguments: [SQLValue], on database: OpaquePointer) throws {
        guard arguments.count == (argumentIndexes.max() ?? -1) + 1 else {
            throw SQLError(.misuse, "\(arguments.count) arguments for another number of parameters", statement: sql)
        }
        for (position, argument) in argumentIndexes.enumerated() {
            let index = Int32(position + 1)
            let status =
                switch arguments[argument] {
                case .null: sqlite3_bind_null(pointer, index)
                case .integer(let value): sqlite3_bind_int64(pointer, index, value)
                case .real(let value): sqlite3_bind_double(pointer, index, value)
                case .text(let value): bind(value, at: index)
                case .blob(let value): bind(value, at: index)
                }
            guard status == SQLITE_OK else { throw SQLError(database, statement: sql) }
        }
    }

    private func bind(_ text: String, at index: Int32) -> Int32 {
        var text = text
        return text.withUTF8 { bytes in
            let start = UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self)
            guard let start else { return sqlite3_bind_text(pointer, index, "", 0, Self.transient) }
            return sqlite3_bind_text64(pointer, index, start, UInt64(bytes.count), Self.transient, UInt8(SQLITE_UTF8))
        }
    }

    private func bind(_ blob: [UInt8], at index: Int32) -> Int32 {
        guard !blob.isEmpty else { return sqlite3_bind_zeroblob(pointer, index, 0) }
        return blob.withUnsafeBytes {
            sqlite3_bind_blob64(pointer, index, $0.baseAddress, UInt64($0.count), Self.transient)
        }
    }

    private func row() -> Row {
        Row(columns: columns, values: (0..<sqlite3_column_count(pointer)).map(value))
    }

    private func value(_ column: Int32) -> SQLValue {
        switch sqlite3_column_type(pointer, column) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(pointer, column))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(pointer, column))
        case SQLITE_TEXT:
            let start = sqlite3_column_text(pointer, column)
            let text = UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(pointer, column)))
            return .text(String(decoding: text, as: UTF8.self))
        case SQLITE_BLOB:
            let start = sqlite3_column_blob(pointer, column)
            let bytes = UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(pointer, column)))
            return .blob(Array(bytes))
        default: return .null
        }
    }

    /// `$3` is a name to SQLite, which numbers names by appearance; the number meant is in the name.
    private static func argumentIndexes(of pointer: OpaquePointer, _ sql: String) throws -> [Int] {
        try (1...max(1, sqlite3_bind_parameter_count(pointer))).prefix(Int(sqlite3_bind_parameter_count(pointer))).map {
            index in
            guard let name = sqlite3_bind_parameter_name(pointer, index).map({ String(cString: $0) }),
                name.hasPrefix("$"), let number = Int(name.dropFirst()), number > 0
            else { throw SQLError(.misuse, "parameters are written $1, $2, …", statement: sql) }
            return number - 1
        }
    }
}
