import FoundationEssentials
import SQL

/// Looks a person up.
public struct FindPerson: Sendable {
    let database: Database
    let lookup: SessionLookup
    let now: @Sendable () -> Date
    private let users = UserStore()

    init(database: Database, lookup: SessionLookup, now: @escaping @Sendable () -> Date) {
        self.database = database
        self.lookup = lookup
        self.now = now
    }

    /// Mostly from memory.
    func callAsFunction(_ id: UserID) async throws -> User? { try await lookup.person(id, at: now()) }

    public func callAsFunction(email: EmailAddress) async throws -> User? {
        try await database.readOnce { try users.find(email: email, in: $0) }
    }
}
