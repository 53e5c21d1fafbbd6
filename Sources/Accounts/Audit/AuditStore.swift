import FoundationEssentials
import SQL
import Web

/// The rows of the audit.
struct AuditStore: Sendable {
    private static let columns = """
        id, at, action, outcome, actor_kind, actor_id, actor_name, token_id, target_kind, target_id, target_name, address, \
        before_json, after_json
        """

    /// One statement that reads nothing but the actor's address, so that no other transaction has to run again for it.
    func insert(_ event: AuditEvent, at time: Date, in transaction: Transaction) throws {
        let (actor, target) = (event.origin.actor, event.target)
        let (user, name) = try identity(of: actor, in: transaction)
        try transaction.execute(
            """
            INSERT INTO audit (\(Self.columns)) VALUES ($1, $2, $3, $4, $5, $6, \
            COALESCE($7, (SELECT email FROM users WHERE users.id = $6)), $8, $9, $10, $11, $12, $13, $14)
            """,
            AuditEntryID(), time, event.action, event.outcome, actor.kind, user, name, actor.token, target?.kind,
            target?.id, target?.name, event.origin.address.map(AuditValue.bounded), try Self.json(event.before),
            try Self.json(event.after))
    }

    private func identity(of actor: AuditActor, in access: ReadAccess) throws -> (UserID?, name: String?) {
        switch actor.identity {
        case nil: return (nil, actor.name)
        case .user(let id): return (id, actor.name)
        case .short(let short):
            // The last 17 characters of an id are this half of it.
            let ending = UserID(high: 0, low: short).description.suffix(17)
            let row = try access.first("SELECT id, email FROM users WHERE id LIKE $1 LIMIT 1", "%\(ending)")
            return (try row?.value("id"), try row?.value("email"))
        }
    }

    /// Nil for the account that nobody has.
    func resolved(_ target: AuditTarget, in access: ReadAccess) throws -> AuditTarget? {
        guard let account = target.account else { return target }
        return try UserStore().find(email: account, in: access).map { AuditTarget($0) }
    }

    private static func json(_ details: AuditDetails) throws -> String? {
        guard !details.isEmpty else { return nil }
        return String(decoding: try JSON.encode(named(details)), as: UTF8.self)
    }

    static func named(_ details: AuditDetails) -> [String: AuditValue] {
        Dictionary(uniqueKeysWithValues: details.map { ($0.key.rawValue, $0.value) })
    }

    /// Entries that a query wants, in its order.
    ///
    /// - Parameter count: at most.
    func list(_ query: AuditQuery, count: Int, in access: ReadAccess) throws -> [AuditEntry] {
        var conditions = query.conditions
        let limit = conditions.bind(count)
        let direction = query.isOldestFirst ? "" : "DESC"
        return try access.query(
            """
            SELECT \(Self.columns) FROM audit \(conditions.whereClause) ORDER BY at \(direction), id \(direction) \
            LIMIT \(limit)
            """, arguments: conditions.arguments
        ).map(AuditEntry.init)
    }

    /// The last entry of an action with a target of this name.
    func last(_ action: AuditAction, ofTargetNamed name: String, in access: ReadAccess) throws -> AuditEntry? {
        try access.first(
            """
            SELECT \(Self.columns) FROM audit WHERE action = $1 AND target_name = $2 ORDER BY at DESC, id DESC LIMIT 1
            """, action, name
        ).map(AuditEntry.init)
    }

    /// Removes entries of before a time, at most so many.
    ///
    /// - Returns: how many were removed.
    func prune(before time: Date, most count: Int, in transaction: Transaction) throws -> Int {
        try transaction.execute(
            "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < $1 ORDER BY at LIMIT $2)", time, count)
    }
}
