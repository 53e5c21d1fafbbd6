import SQL

/// Told of each change inside the transaction that makes it. What it registers with `afterCommit` runs when sessions are
/// looked up anew already.
public typealias AccessFollower = @Sendable (AccessChange, Transaction) throws -> Void

/// Tells this server and the others who may be here no longer, or otherwise.
public struct AccessChanges: Sendable {
    /// Of what is announced to other servers.
    public static let topic = "access"

    let lookup: SessionLookup
    let follow: AccessFollower

    /// Every change of who may be here goes through this.
    func announce(_ change: AccessChange, in transaction: Transaction) throws {
        transaction.afterCommit { [lookup] in lookup.forget(change) }
        try transaction.announce(Announcement(Self.topic, change.text))
        try follow(change, transaction)
    }

    /// Another server changed who may be here; nil where it is not known what.
    ///
    /// - Returns: what changed.
    public func heard(_ announcement: Announcement?) -> AccessChange? {
        guard let announcement, let change = AccessChange(text: announcement.text) else {
            lookup.forgetAll()
            return nil
        }
        lookup.forget(change)
        return change
    }
}
