/// One row of an answer.
public struct Row: Sendable {
    /// Names of an answer's columns, shared by its rows.
    final class Columns: Sendable {
        let names: [String]
        init(_ names: [String]) { self.names = names }
    }

    private let columns: Columns
    public let values: [SQLValue]

    init(columns: Columns, values: [SQLValue]) {
        self.columns = columns
        self.values = values
    }

    var names: [String] { columns.names }

    /// What a column holds; nil where the answer has no such column.
    public subscript(column: String) -> SQLValue? {
        columns.names.firstIndex(of: column).map { values[$0] }
    }

    /// A column as a Swift value, optional ones included. Throws where the column is missing or holds something else.
    public func value<T: SQLConvertible>(_ column: String, as type: T.Type = T.self) throws(SQLError) -> T {
        guard let stored = self[column] else {
            throw SQLError(.badColumn, "the answer has no column \(column)")
        }
        guard let value = T(sqlValue: stored) else {
            throw SQLError(.badColumn, "column \(column) does not hold a \(type)")
        }
        return value
    }
}
