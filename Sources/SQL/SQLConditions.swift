/// Collects the conditions of a `WHERE` clause and the values bound to their numbered parameters.
public struct SQLConditions {
    public private(set) var clauses: [String] = []
    public private(set) var arguments: [any SQLConvertible] = []

    public init() {}

    /// Adds a value; the answer is the parameter that stands for it in a condition.
    public mutating func bind(_ value: any SQLConvertible) -> String {
        arguments.append(value)
        return "$\(arguments.count)"
    }

    public mutating func require(_ clause: String) {
        clauses.append(clause)
    }

    /// Asks that `column` has the text in it; both are in small letters.
    public mutating func require(_ column: String, contains text: String) {
        let pattern = String(text.flatMap { "!%_".contains($0) ? ["!", $0] : [$0] })
        require("\(column) LIKE \(bind("%\(pattern)%")) ESCAPE '!'")
    }

    /// Asks that `column` is one of the values.
    ///
    /// - Precondition: there is one at least.
    public mutating func require(_ column: String, isOneOf values: some Collection<some SQLConvertible>) {
        require("\(column) IN (\(values.map { bind($0) }.joined(separator: ", ")))")
    }

    /// `WHERE …`, or nothing where no condition was set.
    public var whereClause: String {
        clauses.isEmpty ? "" : "WHERE " + clauses.joined(separator: " AND ")
    }
}
