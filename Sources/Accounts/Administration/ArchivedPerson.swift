import SQL

/// A person as `palco export` writes one, whatever the tables look like. Times are microseconds since 1970.
public struct ArchivedPerson: Codable, Sendable, Equatable {
    public var id: String
    public var email: String
    public var name: String
    public var role: String
    public var locale: String?
    public var isDisabled: Bool
    public var createdAt: Int64
    public var emailVerifiedAt: Int64?
    public var groups: [String]
    public var passwordHash: String?

    /// - Returns: the next people by id; empty after the last.
    public static func page(after id: String, count: Int, in access: ReadAccess) throws -> [ArchivedPerson] {
        let rows = try access.query(
            """
            SELECT id, email, name, role, locale, is_disabled, created_at, email_verified_at, password_hash FROM users
            WHERE id > $1 ORDER BY id LIMIT \(count)
            """, id)
        let ids = try rows.map { row in try row.value("id", as: UserID.self) }
        let groups = try GroupStore().all(ofEach: ids, in: access)
        return try zip(ids, rows).map { id, row in
            ArchivedPerson(
                id: "\(id)", email: try row.value("email"), name: try row.value("name"),
                role: try row.value("role"), locale: try row.value("locale"),
                isDisabled: try row.value("is_disabled"), createdAt: try row.value("created_at"),
                emailVerifiedAt: try row.value("email_verified_at"),
                groups: (groups[id] ?? []).map(\.name),
                passwordHash: try row.value("password_hash"))
        }
    }
}
