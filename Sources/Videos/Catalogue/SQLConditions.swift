import SQL

/// Collects the conditions of a `WHERE` clause and the values bound to their numbered parameters.
struct SQLConditions {
    private(set) var clauses: [String] = []
    private(set) var arguments: [any SQLConvertible] = []

    /// Adds a value; the answer is the parameter that stands for it in a condition.
    mutating func bind(_ value: any SQLConvertible) -> String {
        arguments.append(value)
        return "$\(arguments.count)"
    }

    mutating func require(_ clause: String) {
        clauses.append(clause)
    }

    /// `WHERE …`, or nothing where no condition was set.
    var whereClause: String {
        clauses.isEmpty ? "" : "WHERE " + clauses.joined(separator: " AND ")
    }
}
