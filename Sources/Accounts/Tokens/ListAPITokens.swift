import SQL

/// The tokens of a person, the newest first; those that are over for a while as well.
public struct ListAPITokens: Sendable {
    let database: Database
    private let tokens = APITokenStore()

    init(database: Database) { self.database = database }

    public func callAsFunction(of person: UserID) async throws -> [APIToken] {
        try await database.read { try tokens.list(of: person, in: $0) }
    }
}
