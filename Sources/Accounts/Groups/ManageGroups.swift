import FoundationEssentials
import SQL
import Web

/// Makes, names and removes groups, and says who is in them.
struct ManageGroups: Sendable {
    static let most = 1_000

    let database: Database
    let changes: AccessChanges
    let audit: AuditLog
    let now: @Sendable () -> Date
    private let groups = GroupStore()
    private let users = UserStore()

    init(database: Database, changes: AccessChanges, audit: AuditLog, now: @escaping @Sendable () -> Date) {
        self.database = database
        self.changes = changes
        self.audit = audit
        self.now = now
    }

    /// - Throws: `AccountsError.groupNameTaken`; `Problem` where the name will not do or there are `most` already.
    func create(_ name: String, by origin: AuditOrigin) async throws -> Group {
        let group = Group(id: GroupID(), name: try PersonName(name).text, createdAt: now())
        try await database.write { transaction in
            guard try groups.find(name: group.name, in: transaction) == nil else { throw AccountsError.groupNameTaken }
            guard try groups.count(in: transaction) < Self.most else {
                throw Problem.conflict(code: "too_many_groups", "There are \(Self.most) groups, which is the most.")
            }
            try groups.insert(group, in: transaction)
            try audit.record(AuditEvent(.groupCreated, of: AuditTarget(group), by: origin), in: transaction)
        }
        return group
    }

    /// - Throws: `AccountsError.noSuchGroup`, `groupNameTaken`; `Problem` where the name will not do.
    func rename(
        _ id: GroupID, _ name: String, by origin: AuditOrigin
    ) async throws -> (group: Group, memberCount: Int) {
        let name = try PersonName(name).text
        return try await database.write { transaction in
            guard var group = try groups.find(id, in: transaction) else { throw AccountsError.noSuchGroup }
            if let other = try groups.find(name: name, in: transaction), other.id != id {
                throw AccountsError.groupNameTaken
            }
            try groups.rename(id, name, in: transaction)
            if group.name != name {
                try audit.record(
                    AuditEvent(
                        .groupChanged, of: AuditTarget(group), by: origin, before: [.name: .name(group.name)],
                        after: [.name: .name(name)]), in: transaction)
            }
            group.name = name
            return (group, try groups.memberCount(id, in: transaction))
        }
    }

    /// - Throws: `AccountsError.noSuchGroup`.
    func remove(_ id: GroupID, by origin: AuditOrigin) async throws {
        try await database.write { transaction in
            guard let group = try groups.find(id, in: transaction) else { throw AccountsError.noSuchGroup }
            let members = try groups.memberCount(id, in: transaction)
            try audit.record(
                AuditEvent(
                    .groupRemoved, of: AuditTarget(group), by: origin, before: [.members: .number(members)]),
                in: transaction)
            try groups.remove(id, in: transaction)
            try changes.announce(.groupRemoved(id), in: transaction)
        }
    }

    /// - Throws: `AccountsError.noSuchGroup`.
    func find(_ id: GroupID) async throws -> (group: Group, memberCount: Int) {
        try await database.read { access in
            guard let group = try groups.find(id, in: access) else { throw AccountsError.noSuchGroup }
            return (group, try groups.memberCount(id, in: access))
        }
    }

    /// By name.
    func list(after cursor: String?, limit: Int) async throws -> [(group: Group, memberCount: Int)] {
        try await database.readOnce { try groups.page(after: cursor, limit: limit, in: $0) }
    }

    /// - Throws: `AccountsError.noSuchGroup`, `noSuchPerson`.
    func add(_ person: UserID, to id: GroupID, by origin: AuditOrigin) async throws {
        try await database.write { transaction in
            guard let group = try groups.find(id, in: transaction) else { throw AccountsError.noSuchGroup }
            guard let user = try users.find(person, in: transaction) else { throw AccountsError.noSuchPerson }
            guard try groups.add(person, to: id, in: transaction) else { return }
            try changes.announce(.groupJoined(person), in: transaction)
            try audit.record(.joined(user, group, by: origin), in: transaction)
        }
    }

    /// - Throws: `AccountsError.noSuchGroup`.
    func remove(_ person: UserID, from id: GroupID, by origin: AuditOrigin) async throws {
        try await database.write { transaction in
            guard let group = try groups.find(id, in: transaction) else { throw AccountsError.noSuchGroup }
            guard try groups.remove(person, from: id, in: transaction),
                let user = try users.find(person, in: transaction)
            else { return }
            try changes.announce(.personChanged(person), in: transaction)
            try audit.record(.left(user, group, by: origin), in: transaction)
        }
    }
}
