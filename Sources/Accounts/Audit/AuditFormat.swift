import FoundationEssentials
import Web

/// How the audit is written into a file.
public enum AuditFormat: String, Sendable, CaseIterable {
    /// RFC 4180, with a head.
    case csv
    /// One object a line.
    case jsonl

    var mediaType: String {
        switch self {
        case .csv: "text/csv; charset=utf-8; header=present"
        case .jsonl: "application/jsonl"
        }
    }

    /// What stands before the first entry.
    var head: String {
        switch self {
        case .csv: Self.columns.joined(separator: ",") + "\r\n"
        case .jsonl: ""
        }
    }

    private static let columns = [
        "id", "at", "action", "outcome", "actor_kind", "actor_id", "actor_name", "token_id", "target_kind", "target_id",
        "target_name", "address", "before", "after",
    ]

    func line(_ entry: AuditEntry) throws -> String {
        guard self == .csv else { return String(decoding: try JSON.encode(entry), as: UTF8.self) + "\n" }
        func json(_ details: [String: AuditValue]?) throws -> String {
            try details.map { String(decoding: try JSON.encode($0), as: UTF8.self) } ?? ""
        }
        let (actor, target) = (entry.actor, entry.target)
        let cells: [String?] = [
            "\(entry.id)", InternetTime(entry.at).description, entry.action.rawValue, entry.outcome.rawValue,
            actor.kind.rawValue, actor.id?.description, actor.name, actor.tokenId?.description, target?.kind.rawValue,
            target?.id, target?.name, entry.address, try json(entry.before), try json(entry.after),
        ]
        return cells.map { Self.cell($0 ?? "") }.joined(separator: ",") + "\r\n"
    }

    /// Between quotation marks, so that commas and line ends are none of the file's. A program for tables takes what begins with one
    /// of these signs for a formula, quoted or not; behind an apostrophe it is a text.
    static func cell(_ text: String) -> String {
        let isFormula = text.unicodeScalars.first.map { "=+-@\t\r\n|%＝＋－＠".unicodeScalars.contains($0) } ?? false
        var cell = (isFormula ? "\"'" : "\"").unicodeScalars
        // Scalar by scalar: a mark with an accent over it is one character, and still ends the cell.
        for scalar in text.unicodeScalars {
            if scalar == "\"" { cell.append(scalar) }
            cell.append(scalar)
        }
        cell.append("\"")
        return String(cell)
    }
}
