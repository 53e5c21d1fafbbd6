/// Rows as columns of text, for people.
enum TextTable {
    static func aligned(_ rows: [[String]]) -> String {
        guard let first = rows.first else { return "" }
        let widths = first.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).dropLast().map { $0 + String(repeating: " ", count: $1 - $0.count) }
                .joined(separator: "  ") + "  " + (row.last ?? "")
        }.joined(separator: "\n")
    }
}
