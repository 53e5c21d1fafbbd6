import HTTP
import SQL
import Web

/// What a person may change about their own account. A field that is absent stays, `null` clears where that makes sense.
struct ProfileChange: Decodable {
    var name: String?
    var locale: String??

    private enum CodingKeys: String, CodingKey { case name, locale, role, email, disabled, password }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        for key in [CodingKeys.role, .email, .disabled, .password] where container.contains(key) {
            throw Problem.invalid(field: key.stringValue, code: "not_changeable", "This cannot be changed here.")
        }
        name = try container.decodeIfPresent(String.self, forKey: .name)
        if container.contains(.locale) { locale = .some(try container.decodeIfPresent(String.self, forKey: .locale)) }
    }
}

/// Changes a person's own name and language.
struct ChangeProfile: Sendable {
    let database: Database
    let changes: AccessChanges
    let facts: PersonFacts
    private let users = UserStore()

    init(database: Database, changes: AccessChanges, facts: PersonFacts) {
        self.database = database
        self.changes = changes
        self.facts = facts
    }

    /// - Throws: `Problem` where a field will not do; `AccountsError.notSignedIn` where the person is gone.
    func callAsFunction(of id: UserID, _ change: ProfileChange) async throws -> User {
        let name = try change.name.map { try PersonName($0).text }
        if case .some(.some(let locale)) = change.locale { try PersonLocale.check(locale) }
        let user: User? = try await database.write { transaction in
            guard var user = try users.find(id, in: transaction) else { return nil }
            user.name = name ?? user.name
            if let locale = change.locale { user.locale = locale }
            try users.setProfile(user, in: transaction)
            try facts.changed(.profile, of: id, in: transaction)
            try changes.announce(.profileChanged(id), in: transaction)
            return user
        }
        guard let user else { throw AccountsError.notSignedIn }
        return user
    }
}
