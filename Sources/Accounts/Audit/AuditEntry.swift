import FoundationEssentials
import Identifiers
import SQL

public typealias AuditEntryID = Identifier<AuditEntry>

/// What the audit tells of: who did what, with what, when, from where.
public struct AuditEntry: Sendable, Equatable {
    public struct Actor: Sendable, Equatable, Encodable {
        /// The person, also behind a token.
        public var id: UserID?
        /// The person's address, or the machine's account of a command, as it was then.
        public var name: String?
        public var kind: AuditActor.Kind
        public var tokenId: APITokenID?
    }

    public struct Target: Sendable, Equatable, Encodable {
        public var kind: AuditTarget.Kind
        public var id: String?
        public var name: String?
    }

    public let id: AuditEntryID
    public let at: Date
    public let action: AuditAction
    public let outcome: AuditOutcome
    public let actor: Actor
    public let target: Target?
    public let address: String?
    public let before: [String: AuditValue]?
    public let after: [String: AuditValue]?
}

extension AuditEntry: Encodable {
    private enum CodingKeys: String, CodingKey { case id, at, action, outcome, actor, target, address, before, after }

    /// What is not known stands there as null.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(at, forKey: .at)
        try container.encode(action, forKey: .action)
        try container.encode(outcome, forKey: .outcome)
        try container.encode(actor, forKey: .actor)
        try container.encode(target, forKey: .target)
        try container.encode(address, forKey: .address)
        try container.encode(before, forKey: .before)
        try container.encode(after, forKey: .after)
    }
}

extension AuditEntry {
    init(_ row: Row) throws {
        func details(_ column: String) throws -> [String: AuditValue]? {
            guard let text = try row.value(column, as: String?.self) else { return nil }
            return try JSONDecoder().decode([String: AuditValue].self, from: Data(text.utf8))
        }
        id = try row.value("id")
        at = try row.value("at")
        action = try row.value("action")
        outcome = try row.value("outcome")
        actor = Actor(
            id: try row.value("actor_id"), name: try row.value("actor_name"), kind: try row.value("actor_kind"),
            tokenId: try row.value("token_id"))
        target = try row.value("target_kind", as: AuditTarget.Kind?.self).map { kind in
            Target(kind: kind, id: try row.value("target_id"), name: try row.value("target_name"))
        }
        address = try row.value("address")
        before = try details("before_json")
        after = try details("after_json")
    }
}
