import Synchronization

/// One row of an answer.
public struct Row: Sendable {
    /// Names of an answer's columns, shared by its rows.
    final class Columns: Sendable {
        let names: [String]
        /// Where the column is that will be asked for next, which is a guess: most read them in their order, and to compare a name with
        /// those of all columns before it takes longer than all else that is done with a row.
        private let next = Atomic(0)

        init(_ names: [String]) { self.names = names }

        func index(of column: String) -> Int? {
            let guess = next.load(ordering: .relaxed)
            let isRight = guess < names.count && names[guess] == column
            guard let found = isRight ? guess : names.firstIndex(of: column) else { return nil }
            next.store(found + 1 < names.count ? found + 1 : 0, ordering: .relaxed)
            return found
        }
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
        columns.index(of: column).map { values[$0] }
    }

    /// A column as a Swift value, optional ones included. Throws where the column is missing or holds something else.
    @inlinable
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
