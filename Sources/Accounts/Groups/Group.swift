import FoundationEssentials
import Identifiers
import SQL

public typealias GroupID = Identifier<Group>

/// People under one name, so that something is shared with all of them.
public struct Group: Sendable, Equatable {
    public let id: GroupID
    public var name: String
    public let createdAt: Date
}

extension Group {
    init(_ row: Row) throws {
        id = try row.value("id")
        name = try row.value("name")
        createdAt = try row.value("created_at")
    }
}

struct GroupStore: Sendable {
    static let migration = Migration(
        "accounts-0002-groups",
        [
            """
            CREATE TABLE people_groups (
                id TEXT PRIMARY KEY,
                name TEXT NOT NULL,
                name_key TEXT NOT NULL UNIQUE,
                created_at BIGINT NOT NULL
            )
            """,
            """
            CREATE TABLE group_members (
                group_id TEXT NOT NULL REFERENCES people_groups (id) ON DELETE CASCADE,
                user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                provider TEXT,
                PRIMARY KEY (group_id, user_id)
            )
            """,
            "CREATE INDEX group_members_by_user ON group_members (user_id)",
        ])

    func find(_ id: GroupID, in access: ReadAccess) throws -> Group? {
        try access.first("SELECT id, name, created_at FROM people_groups WHERE id = $1", id).map(Group.init)
    }

    /// Names that differ in capital letters only are one.
    func find(name: String, in access: ReadAccess) throws -> Group? {
        try access.first(
            "SELECT id, name, created_at FROM people_groups WHERE name_key = $1", name.lowercased()
        ).map(Group.init)
    }

    func count(in access: ReadAccess) throws -> Int {
        try access.first("SELECT COUNT(*) AS n FROM people_groups")?.value("n") ?? 0
    }

    /// By name.
    func page(
        after cursor: String?, limit: Int, in access: ReadAccess
    ) throws -> [(group: Group, memberCount: Int)] {
        try access.query(
            """
            SELECT id, name, created_at, \
            (SELECT COUNT(*) FROM group_members WHERE group_id = people_groups.id) AS members \
            FROM people_groups WHERE name_key > $1 ORDER BY name_key LIMIT $2
            """, cursor ?? "", limit
        ).map { (try Group($0), try $0.value("members")) }
    }

    func memberCount(_ id: GroupID, in access: ReadAccess) throws -> Int {
        try access.first("SELECT COUNT(*) AS n FROM group_members WHERE group_id = $1", id)?.value("n") ?? 0
    }

    func all(of person: UserID, in access: ReadAccess) throws -> [Group] {
        try access.query(
            """
            SELECT id, name, created_at FROM people_groups JOIN group_members ON group_id = id WHERE user_id = $1 \
            ORDER BY name_key
            """, person
        ).map(Group.init)
    }

    /// - Returns: at most as many as there may be groups.
    func ids(of person: UserID, in access: ReadAccess) throws -> Set<GroupID> {
        Set(
            try access.query("SELECT group_id FROM group_members WHERE user_id = $1", person).map {
                try $0.value("group_id")
            })
    }

    /// Of many people by one statement, each one's by name.
    func all(ofEach people: [UserID], in access: ReadAccess) throws -> [UserID: [Group]] {
        guard !people.isEmpty else { return [:] }
        var conditions = SQLConditions()
        conditions.require("user_id", isOneOf: people)
        let rows = try access.query(
            """
            SELECT user_id, id, name, created_at FROM people_groups JOIN group_members ON group_id = id \
            \(conditions.whereClause) ORDER BY name_key
            """, arguments: conditions.arguments)
        // bound: one key for each of the people asked for
        var found: [UserID: [Group]] = [:]
        for row in rows { found[try row.value("user_id"), default: []].append(try Group(row)) }
        return found
    }

    func insert(_ group: Group, in transaction: Transaction) throws {
        try transaction.execute(
            "INSERT INTO people_groups (id, name, name_key, created_at) VALUES ($1, $2, $3, $4)",
            group.id, group.name, group.name.lowercased(), group.createdAt)
    }

    func rename(_ id: GroupID, _ name: String, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE people_groups SET name = $2, name_key = $3 WHERE id = $1", id, name, name.lowercased())
    }

    func remove(_ id: GroupID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM people_groups WHERE id = $1", id)
    }

    /// By an administrator: from then on no claim takes the person out, whoever put them in. Once is enough.
    ///
    /// - Returns: whether they were not in it.
    @discardableResult
    func add(_ person: UserID, to group: GroupID, in transaction: Transaction) throws -> Bool {
        let isNew =
            try transaction.execute(
                "INSERT INTO group_members (group_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", group, person)
            == 1
        if !isNew {
            try transaction.execute(
                "UPDATE group_members SET provider = NULL WHERE group_id = $1 AND user_id = $2", group, person)
        }
        return isNew
    }

    /// What an outside provider says at a sign-in: the person joins the groups of these names that exist, and leaves those that this
    /// provider had them join before and no longer names. All others stay as they are.
    ///
    /// - Returns: what came of it.
    func follow(
        _ names: [String], of person: UserID, by provider: String, in transaction: Transaction
    ) throws -> (joined: [Group], left: [Group]) {
        let keys = Array(Set(names.map { $0.lowercased() }).sorted().prefix(ManageGroups.most))
        // bound: as many groups as there are
        var named: [Group] = []
        if !keys.isEmpty {
            var conditions = SQLConditions()
            conditions.require("name_key", isOneOf: keys)
            named = try transaction.query(
                "SELECT id, name, created_at FROM people_groups \(conditions.whereClause) ORDER BY name_key",
                arguments: conditions.arguments
            ).map(Group.init)
        }
        let before = try transaction.query(
            """
            SELECT id, name, created_at FROM people_groups JOIN group_members ON group_id = id \
            WHERE user_id = $1 AND provider = $2 ORDER BY name_key
            """, person, provider
        ).map(Group.init)
        let left = before.filter { group in !named.contains { $0.id == group.id } }
        for group in left { try remove(person, from: group.id, in: transaction) }
        let joined = try named.filter { group in
            try transaction.execute(
                "INSERT INTO group_members (group_id, user_id, provider) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                group.id, person, provider) == 1
        }
        return (joined, left)
    }

    /// - Returns: whether they were in it.
    @discardableResult
    func remove(_ person: UserID, from group: GroupID, in transaction: Transaction) throws -> Bool {
        try transaction.execute("DELETE FROM group_members WHERE group_id = $1 AND user_id = $2", group, person) == 1
    }
}
