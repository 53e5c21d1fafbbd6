import BaseEncoding
import FoundationEssentials
import SQL
import Web

/// Which entries of the audit are wanted.
public struct AuditQuery: Sendable, Equatable {
    /// The place after one entry.
    struct Cursor: Sendable, Equatable {
        var at: Date
        var id: AuditEntryID

        init(after entry: AuditEntry) { (at, id) = (entry.at, entry.id) }

        init?(text: String) {
            guard let bytes = Base64.url.decode(text) else { return nil }
            let parts = String(decoding: bytes, as: UTF8.self).split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let time = Int64(parts[0]), let at = Date(sqlValue: .integer(time)),
                let id = AuditEntryID(String(parts[1]))
            else { return nil }
            (self.at, self.id) = (at, id)
        }

        var text: String {
            guard case .integer(let time) = at.sqlValue else { return "" }
            return Base64.url.encode(Array("\(time):\(id)".utf8))
        }
    }

    static let usualLimit = 20
    static let mostLimit = 100
    /// Words that are looked for, at most.
    private static let mostWords = 8

    var limit = AuditQuery.usualLimit
    var cursor: Cursor?
    var actor: UserID?
    var actions: [AuditAction] = []
    var target: String?
    /// Words of names and addresses.
    var words: String?
    var from: Date?
    /// Before this time.
    var to: Date?
    var isOldestFirst = false

    public init() {}

    /// Reads the parameters of an address.
    ///
    /// - Throws: a `Problem` that names each one that cannot be read.
    public init(parameter: (String) -> String?) throws {
        var problems: [FieldProblem] = []
        func read<T>(_ name: String, _ detail: String, _ parse: (String) -> T?) -> T? {
            guard let text = parameter(name), !text.isEmpty else { return nil }
            if let value = parse(text) { return value }
            problems.append(FieldProblem(field: name, code: "invalid_\(name)", detail: detail))  // bound: parameters
            return nil
        }
        limit =
            read("limit", "A number from 1 to \(Self.mostLimit).") {
                Int($0).flatMap { (1...Self.mostLimit).contains($0) ? $0 : nil }
            } ?? Self.usualLimit
        cursor = read("cursor", "Use the next_cursor of the page before.", Cursor.init(text:))
        actor = read("actor", "The id of a user.") { UserID($0) }
        actions = read("action", "Actions such as user.signed_in, separated by commas.", Self.actions) ?? []
        target = read("target", "An id of at most 200 characters.") { $0.count <= 200 ? $0 : nil }
        words = read("q", "At most 200 characters.") { $0.count <= 200 && !$0.contains("\0") ? $0 : nil }
        from = read("from", "A time like 2026-01-31T00:00:00Z.") { InternetTime(parsing: $0)?.date }
        to = read("to", "A time like 2026-01-31T00:00:00Z.") { InternetTime(parsing: $0)?.date }
        if !problems.isEmpty { throw Problem.invalid(problems) }
    }

    private static func actions(_ text: String) -> [AuditAction]? {
        let names = text.split(separator: ",")
        let actions = names.compactMap { AuditAction(rawValue: String($0)) }
        return actions.count == names.count && actions.count <= AuditAction.allCases.count ? actions : nil
    }

    /// For a statement about the table `audit`.
    var conditions: SQLConditions {
        var conditions = SQLConditions()
        if let actor { conditions.require("actor_id = \(conditions.bind(actor))") }
        if !actions.isEmpty { conditions.require("action", isOneOf: actions) }
        if let target { conditions.require("target_id = \(conditions.bind(target))") }
        if let from { conditions.require("at >= \(conditions.bind(from))") }
        if let to { conditions.require("at < \(conditions.bind(to))") }
        let text = ["actor_name", "target_name", "address", "action"].map { "COALESCE(\($0), '')" }
        for word in (words ?? "").split(separator: " ").prefix(Self.mostWords) {
            // As `LOWER` does, which knows ASCII's letters only.
            let small = String(word.map { $0.isASCII ? Character($0.lowercased()) : $0 })
            conditions.require("LOWER(\(text.joined(separator: " || ' ' || ")))", contains: small)
        }
        if let cursor {
            let sign = isOldestFirst ? ">" : "<"
            let (at, id) = (conditions.bind(cursor.at), conditions.bind(cursor.id))
            conditions.require("(at \(sign) \(at) OR (at = \(at) AND id \(sign) \(id)))")
        }
        return conditions
    }
}
