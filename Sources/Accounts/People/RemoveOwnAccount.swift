import Reactor
import SQL

/// Removes the account of who asks, where the operator allows it: as an administrator would, and the videos stay in the name of the
/// administrator who has been there longest.
struct RemoveOwnAccount: Sendable {
    let database: Database
    let prove: ProveOwner
    let remove: RemovePerson
    let isAllowed: Bool
    private let users = UserStore()

    init(database: Database, prove: ProveOwner, remove: RemovePerson, isAllowed: Bool) {
        self.database = database
        self.prove = prove
        self.remove = remove
        self.isAllowed = isAllowed
    }

    /// What would go, before anything does.
    ///
    /// - Throws: `AccountsError.removalClosed`.
    func preview(of caller: Caller) async throws -> (person: User, belongings: Belongings) {
        guard isAllowed else { throw AccountsError.removalClosed }
        return try await remove.preview(caller.userID)
    }

    /// - Throws: `AccountsError.removalClosed`, `lastAdministrator`; what `ProveOwner` throws.
    func callAsFunction(_ proof: ProveOwner.Proof, of caller: Caller, from address: SocketAddress) async throws {
        guard isAllowed else { throw AccountsError.removalClosed }
        // Before a code is used up.
        let heir = try await database.read { try users.firstAdministrator(besides: caller.userID, in: $0) }
        guard let heir else { throw AccountsError.lastAdministrator }
        let user = try await prove(proof, of: caller)
        // By name: nobody can be asked for it afterwards.
        try await remove(user.id, .keep, heir: heir, by: AuditOrigin(.person(user), from: address))
    }
}
