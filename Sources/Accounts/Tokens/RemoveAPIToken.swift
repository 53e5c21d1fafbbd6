import SQL

/// Ends a token at once, with all that was opened by it.
public struct RemoveAPIToken: Sendable {
    let audit: AuditLog
    let changes: AccessChanges
    private let tokens = APITokenStore()

    init(audit: AuditLog, changes: AccessChanges) {
        self.audit = audit
        self.changes = changes
    }

    /// - Parameter person: whose it must be; nil for anybody's.
    /// - Throws: `APITokenError.notFound`.
    public func callAsFunction(_ id: APITokenID, of person: UserID? = nil, by origin: AuditOrigin) async throws {
        try await audit.database.write { transaction in
            guard let token = try tokens.find(id, in: transaction), person == nil || token.userID == person else {
                throw APITokenError.notFound
            }
            try tokens.remove(id, in: transaction)
            try changes.announce(.sessionEnded(id.session, of: token.userID), in: transaction)
            try audit.record(AuditEvent(.tokenRemoved, of: AuditTarget(token), by: origin), in: transaction)
        }
    }
}
