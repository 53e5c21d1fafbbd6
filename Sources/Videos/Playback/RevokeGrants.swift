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
