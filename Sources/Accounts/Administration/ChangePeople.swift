import SQL
import Web

/// What is done with many people at once.
struct PeopleEdit: Sendable {
    var person = PersonEdit()
    var addedGroup: GroupID?
    var removedGroup: GroupID?
}

/// Changes many people: each as a whole or not at all, and what was refused is told.
struct ChangePeople: Sendable {
    static let most = 500

    struct Outcome: Sendable {
        var changed = 0
        var refused: [(id: UserID, code: String)] = []
    }

    let database: Database
    let change: ChangePerson
    private let groups = GroupStore()

    init(database: Database, change: ChangePerson) {
        self.database = database
        self.change = change
    }

    /// - Parameter ids: `most` at most, each once.
    /// - Throws: `AccountsError.noSuchGroup`.
    func callAsFunction(_ ids: [UserID], _ edit: PeopleEdit, by origin: AuditOrigin) async throws -> Outcome {
        var outcome = Outcome()
        for id in ids {
            do {
                try await database.write { transaction in
                    func group(_ id: GroupID) throws -> Group {
                        guard let group = try groups.find(id, in: transaction) else { throw AccountsError.noSuchGroup }
                        return group
                    }
                    let (joined, left) = (try edit.addedGroup.map(group), try edit.removedGroup.map(group))
                    let user = try change.apply(edit.person, to: id, by: origin, in: transaction)
                    if let joined, try groups.add(id, to: joined.id, in: transaction) {
                        try change.changes.announce(.groupJoined(id), in: transaction)
                        try change.audit.record(.joined(user, joined, by: origin), in: transaction)
                    }
                    if let left, try groups.remove(id, from: left.id, in: transaction) {
                        try change.changes.announce(.personChanged(id), in: transaction)
                        try change.audit.record(.left(user, left, by: origin), in: transaction)
                    }
                }
                outcome.changed += 1
            } catch let error as AccountsError where error == .noSuchPerson || error == .lastAdministrator {
                // bound: the ids
                outcome.refused.append((id, error.problem.code))
            }
        }
        return outcome
    }
}
