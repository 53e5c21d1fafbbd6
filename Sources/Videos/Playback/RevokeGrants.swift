import Accounts
import FoundationEssentials
import SQL

/// Ends grants with the change that takes their reason away, inside the transaction that makes the change.
struct RevokeGrants: Sendable {
    let revocations: GrantRevocations
    private let store = GrantRevocationStore()

    init(_ revocations: GrantRevocations) {
        self.revocations = revocations
    }

    func callAsFunction(_ subject: GrantRevocation.Subject, at time: Date, in transaction: Transaction) throws {
        let revocation = GrantRevocation(subject: subject)
        try store.insert(revocation, at: time, in: transaction)
        transaction.afterCommit { [revocations] in revocations.note(revocation) }
    }
}

extension VideoCatalogue {
    /// Ends what a person had open and may not have any more: grants at once, and streams ask again who follows them.
    ///
    /// - Parameter events: nil where this process has no streams.
    public static func follow(
        _ change: AccessChange, in transaction: Transaction, revocations: GrantRevocations, events: VideoEvents?,
        at time: Date = Date()
    ) throws {
        let revoke = RevokeGrants(revocations)
        switch change {
        case .sessionEnded(let session, let person):
            let hasRoom = revocations.hasRoomForSessions
            try revoke(hasRoom ? .session(session) : .person(person), at: time, in: transaction)
            transaction.afterCommit { events?.accessChanged(of: person) }
        case .personChanged(let person):
            try revoke(.person(person), at: time, in: transaction)
            transaction.afterCommit { events?.accessChanged(of: person) }
        }
    }

    /// What changed before this process started, while grants that are still good were made.
    public func loadRevocations() async throws {
        try await noteRevocations(since: now().addingTimeInterval(-seconds(in: revocations.lifetime)))
    }

    /// What other processes, as the command line, changed a moment ago. Noting the same thing twice changes nothing.
    func refreshRevocations() async throws {
        try await noteRevocations(since: now().addingTimeInterval(-60))
    }

    private func noteRevocations(since time: Date) async throws {
        let generation = revocations.generation
        let rows = try await database.read { try GrantRevocationStore().since(time, in: $0) }
        revocations.note(rows, readAt: generation)
    }

    /// What no grant needs any more.
    func forgetOldRevocations() async throws {
        revocations.prune()
        let end = now().addingTimeInterval(-2 * seconds(in: revocations.lifetime))
        try await database.write { try GrantRevocationStore().remove(before: end, in: $0) }
    }

    private func seconds(in duration: Duration) -> TimeInterval { TimeInterval(duration.components.seconds) }
}
