import FoundationEssentials
import SQL

/// A person's sign-ins, the last used first.
struct ListSessions: Sendable {
    /// A sign-in as its person is shown it.
    struct Shown: Sendable {
        let id: SessionID
        let device: String
        let address: String
        let createdAt: Date
        let lastUsedAt: Date
        let expiresAt: Date
        let method: SignInMethod
    }

    /// A person rarely has more, and who has ends them all together.
    static let most = 200

    let database: Database
    let now: @Sendable () -> Date
    private let sessions = SessionStore()

    init(database: Database, now: @escaping @Sendable () -> Date) {
        self.database = database
        self.now = now
    }

    func callAsFunction(of person: UserID) async throws -> [Shown] {
        let moment = now()
        return try await database.readOnce { try sessions.list(of: person, at: moment, most: Self.most, in: $0) }
    }
}

extension ListSessions.Shown {
    init(_ row: Row) throws {
        id = try row.value("id")
        device = try row.value("device")
        address = try row.value("last_address")
        createdAt = try row.value("created_at")
        lastUsedAt = try row.value("last_used_at")
        expiresAt = try row.value("expires_at")
        method = try row.value("method")
    }
}
