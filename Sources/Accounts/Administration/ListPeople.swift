import FoundationEssentials
import SQL
import Web

/// A person as administrators see them.
public struct Person: Sendable {
    public let user: User
    public let isLocked: Bool
    public let lastSignInAt: Date?
    /// Sign-ins that are good.
    let sessionCount: Int
    var groups: [Group] = []
    /// Outside ones that are linked, each once, as settings call them.
    var providers: [String] = []
}

/// Which people are looked for.
public struct PeopleFilter: Sendable {
    public enum State: String, Sendable, CaseIterable {
        case active, disabled, locked, unverified
    }

    /// What stands in the name or the address.
    var text: String?
    var role: Role?
    var state: State?
    var group: GroupID?

    public init(text: String? = nil, role: Role? = nil, state: State? = nil) {
        (self.text, self.role, self.state) = (text, role, state)
    }

    init(group: GroupID) { self.group = group }
}

/// Lists people by name, searches and filters.
public struct ListPeople: Sendable {
    /// Behind which person a page begins.
    public struct Cursor: Sendable, Equatable {
        let searchText: String
        let id: UserID
    }

    let database: Database
    let now: @Sendable () -> Date
    private let groups = GroupStore()
    private let identities = IdentityStore()

    init(database: Database, now: @escaping @Sendable () -> Date) {
        self.database = database
        self.now = now
    }

    /// By name; one more than asked for tells whether more follow.
    public func callAsFunction(_ filter: PeopleFilter, after cursor: Cursor?, limit: Int) async throws -> [Person] {
        let moment = now()
        return try await database.scan { access in
            var conditions = SQLConditions()
            conditions.fit(filter, at: moment)
            if let cursor { conditions.follow(cursor) }
            let text = conditions.people(at: moment) { "ORDER BY search_text, users.id LIMIT \($0.bind(limit + 1))" }
            let rows = try access.query(text, arguments: conditions.arguments)
            return try completed(rows.map(Person.init), in: access)
        }
    }

    /// - Throws: `AccountsError.noSuchPerson`.
    func one(_ id: UserID) async throws -> Person {
        let moment = now()
        return try await database.read { access in
            var conditions = SQLConditions()
            conditions.require("users.id = \(conditions.bind(id))")
            let text = conditions.people(at: moment) { _ in "" }
            guard let row = try access.query(text, arguments: conditions.arguments).first else {
                throw AccountsError.noSuchPerson
            }
            return try completed([try Person(row)], in: access)[0]
        }
    }

    /// With a statement for all groups and one for all identities, however many people there are.
    private func completed(_ people: [Person], in access: ReadAccess) throws -> [Person] {
        let ids = people.map(\.user.id)
        let groups = try groups.all(ofEach: ids, in: access)
        let providers = try identities.providers(ofEach: ids, in: access)
        return people.map { person in
            var person = person
            person.groups = groups[person.user.id] ?? []
            person.providers = providers[person.user.id] ?? []
            return person
        }
    }
}

extension Person {
    fileprivate init(_ row: Row) throws {
        user = try User(row)
        isLocked = try row.value("is_locked")
        lastSignInAt = try row.value("last_sign_in_at")
        sessionCount = try row.value("session_count")
    }
}

extension SQLConditions {
    /// The statement that finds people who fit.
    fileprivate mutating func people(at moment: Date, _ rest: (inout SQLConditions) -> String) -> String {
        let moment = bind(moment)
        let isLocked = """
            EXISTS (SELECT 1 FROM sign_in_attempts WHERE sign_in_attempts.user_id = users.id \
            AND locked_until > \(moment))
            """
        let sessionCount = """
            (SELECT COUNT(*) FROM sessions WHERE sessions.user_id = users.id AND sessions.expires_at > \(moment))
            """
        let rest = rest(&self)
        return """
            SELECT \(UserStore.columns), last_sign_in_at, CASE WHEN \(isLocked) THEN 1 ELSE 0 END AS is_locked, \
            \(sessionCount) AS session_count \
            FROM users \(whereClause) \(rest)
            """
    }

    fileprivate mutating func fit(_ filter: PeopleFilter, at moment: Date) {
        if let text = filter.text { require("search_text", contains: text.lowercased()) }
        if let role = filter.role { require("role = \(bind(role))") }
        switch filter.state {
        case .active: require("is_disabled = 0")
        case .disabled: require("is_disabled = 1")
        case .locked:
            require(
                "users.id IN (SELECT user_id FROM sign_in_attempts WHERE locked_until > \(bind(moment)))")
        case .unverified: require("email_verified_at IS NULL")
        case nil: break
        }
        if let group = filter.group {
            require("users.id IN (SELECT user_id FROM group_members WHERE group_id = \(bind(group)))")
        }
    }

    fileprivate mutating func follow(_ cursor: ListPeople.Cursor) {
        let (text, id) = (bind(cursor.searchText), bind(cursor.id))
        require("(search_text > \(text) OR (search_text = \(text) AND users.id > \(id)))")
    }
}
