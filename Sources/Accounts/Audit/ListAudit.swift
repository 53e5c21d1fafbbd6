import SQL
import Web

/// Shows what the audit tells, the newest first.
public struct ListAudit: Sendable {
    let audit: AuditLog

    func callAsFunction(_ query: AuditQuery) async throws -> ListBody<AuditEntry> {
        // So that who looks sees what happened just now.
        try await audit.writeCounted()
        let entries = try await audit.database.scan { [store = audit.store] in
            try store.list(query, count: query.limit + 1, in: $0)
        }
        let page = Array(entries.prefix(query.limit))
        let next = entries.count > query.limit ? page.last.map { AuditQuery.Cursor(after: $0).text } : nil
        return ListBody(data: page, nextCursor: next)
    }
}
