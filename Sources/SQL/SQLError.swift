/// What went wrong in the database. `description` may name tables and columns but holds no values.
public struct SQLError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// A row with this key exists.
        case uniqueViolation
        /// A row that is referred to is missing, or a row to be removed is referred to.
        case foreignKeyViolation
        /// `NOT NULL` or `CHECK`.
        case otherViolation
        /// Others held the database for too long.
        case busy
        /// The server of the database cannot be reached.
        case disconnected
        /// The connection ended while the transaction was to be kept: it may have been.
        case unknownOutcome
        /// Others came between: the transaction is run again, which is not seen outside.
        case mustRetry
        /// A text that no database keeps.
        case invalidText
        case diskFull
        /// The file is damaged or is no database.
        case corrupt
        case cannotOpen
        /// The database was written by a newer Palco, or its past differs from what this one knows.
        case incompatible
        /// A column is missing or of another type than the code expects.
        case badColumn
        /// The statement or its use is wrong: a programmer's mistake.
        case misuse
        /// The database was closed.
        case closed
        case other
    }

    public let code: Code
    public let detail: String
    /// The statement, without its values.
    public let statement: String?

    public init(_ code: Code, _ detail: String, statement: String? = nil) {
        self.code = code
        self.detail = detail
        self.statement = statement
    }

    /// Nobody outside repeats anything: too many met too often.
    var asSeenOutside: SQLError { code == .mustRetry ? SQLError(.busy, detail, statement: statement) : self }

    public var description: String {
        statement.map { "\(detail) in: \($0)" } ?? detail
    }
}
