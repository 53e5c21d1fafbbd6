import FoundationEssentials
import SQL

/// Writes the audit out, the oldest first, some entries at a time. That somebody has done so is an entry too.
public struct ExportAudit: Sendable {
    /// Entries that are in memory at a time.
    private static let piece = 500

    let audit: AuditLog

    public init(_ audit: AuditLog) { self.audit = audit }

    /// - Parameters:
    ///   - write: takes a piece of the text; what it throws ends the export.
    ///   - mayGoOn: asked before each piece.
    public func callAsFunction(
        _ query: AuditQuery, as format: AuditFormat, mayGoOn: () async throws -> Bool = { true },
        write: (String) async throws -> Void
    ) async throws {
        var query = query
        query.isOldestFirst = true
        query.cursor = nil
        // What is added meanwhile is not waited for.
        let moment = audit.now()
        query.to = min(query.to ?? moment, moment)
        try await write(format.head)
        while try await mayGoOn() {
            let wanted = query
            let entries = try await audit.database.scan { [store = audit.store] in
                try store.list(wanted, count: Self.piece, in: $0)
            }
            guard let last = entries.last else { return }
            var text = ""
            for entry in entries { text += try format.line(entry) }
            try await write(text)
            query.cursor = AuditQuery.Cursor(after: last)
        }
    }

    /// Tells who takes what, before it goes.
    public func record(_ query: AuditQuery, as format: AuditFormat, by origin: AuditOrigin) async throws {
        try await audit.writeCounted()
        var after: AuditDetails = [.format: .name(format.rawValue)]
        after[AuditField(rawValue: "from")] = query.from.map { .time($0) }
        after[AuditField(rawValue: "to")] = query.to.map { .time($0) }
        after[AuditField(rawValue: "actor")] = query.actor.map { .name("\($0)") }
        after[AuditField(rawValue: "target")] = query.target.map { .name($0) }
        after[AuditField(rawValue: "q")] = query.words.map { .name($0) }
        if !query.actions.isEmpty { after[AuditField(rawValue: "action")] = .names(query.actions.map(\.rawValue)) }
        let event = AuditEvent(.auditExported, of: AuditTarget(.audit), by: origin, after: after)
        try await audit.database.write { [audit] in try audit.record(event, in: $0) }
    }
}
