import Bus
import FoundationEssentials
import SQL

/// What of a person was changed, for other systems.
enum PersonChange: String, Encodable {
    case profile, role, password
    /// Whether they may be here.
    case access
}

/// What other systems are told of people: neither addresses nor names. The shapes stand in `api/events.yaml`.
extension Fact {
    static func created(_ user: User) throws -> Fact {
        try Fact("user.created", of: user.id, at: user.createdAt, UserFact(user))
    }

    static func changed(_ user: User, _ change: PersonChange, at time: Date) throws -> Fact {
        try Fact("user.changed", of: user.id, at: time, UserFact(user, change))
    }

    static func removed(_ user: User, at time: Date) throws -> Fact {
        try Fact("user.removed", of: user.id, at: time, UserFact(user))
    }

    static func signedIn(_ user: User, at time: Date) throws -> Fact {
        try Fact("user.signed_in", of: user.id, at: time, UserFact(user))
    }
}

/// Records them, where another system wants to know.
struct PersonFacts: Sendable {
    let outbox: Outbox?
    let now: @Sendable () -> Date

    /// Call it after the change.
    func changed(_ change: PersonChange, of id: UserID, in transaction: Transaction) throws {
        guard let outbox, let user = try UserStore().find(id, in: transaction) else { return }
        try outbox.record(.changed(user, change, at: now()), in: transaction)
    }

    func created(_ user: User, in transaction: Transaction) throws {
        try outbox?.record(.created(user), in: transaction)
    }

    func removed(_ user: User, in transaction: Transaction) throws {
        try outbox?.record(.removed(user, at: now()), in: transaction)
    }

    func signedIn(_ user: User, at moment: Date, in transaction: Transaction) throws {
        try outbox?.record(.signedIn(user, at: moment), in: transaction)
    }
}

private struct UserFact: Encodable {
    var role: Role
    var locale: String?
    var isDisabled: Bool
    var changed: PersonChange?

    init(_ user: User, _ change: PersonChange? = nil) {
        (role, locale, isDisabled) = (user.role, user.locale, user.isDisabled)
        changed = change
    }
}
