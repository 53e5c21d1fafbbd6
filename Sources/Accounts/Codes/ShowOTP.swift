import SQL

/// Tells a person whether they have one-time codes, and how many recovery codes are left.
struct ShowOTP: Sendable {
    let database: Database
    private let store = OneTimeCodeStore()
    private let users = UserStore()

    init(database: Database) { self.database = database }

    /// - Throws: `AccountsError.notSignedIn` for who has no account any more.
    func callAsFunction(of person: UserID) async throws -> (isEnabled: Bool, recoveryCodesLeft: Int) {
        try await database.read { access in
            guard let user = try users.find(person, in: access) else { throw AccountsError.notSignedIn }
            return (user.isOTPEnabled, try store.recoveryCodesLeft(of: person, in: access))
        }
    }
}
