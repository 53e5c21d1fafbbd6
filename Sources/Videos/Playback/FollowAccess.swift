import Accounts
import FoundationEssentials
import SQL

/// Ends what a person had open and may not have any more: grants and what passwords opened at once, and streams ask again who follows them.
public struct FollowAccess: Sendable {
    private let revocations: GrantRevocations
    private let revoke: RevokeGrants
    private let events: VideoEvents?
    private let now: @Sendable () -> Date
    private let unlocks = AccessSessionStore()
    private let groups = VideoGroupStore()

    /// - Parameter events: nil where this process has no streams.
    public init(_ revocations: GrantRevocations, events: VideoEvents?, now: @escaping @Sendable () -> Date) {
        self.revocations = revocations
        revoke = RevokeGrants(revocations)
        self.events = events
        self.now = now
    }

    public func callAsFunction(_ change: AccessChange, in transaction: Transaction) throws {
        let time = now()
        switch change {
        case .sessionEnded(let session, let person):
            let hasRoom = revocations.hasRoomForSessions
            try revoke(hasRoom ? .session(session) : .person(person), at: time, in: transaction)
            try unlocks.remove(of: person, through: hasRoom ? session : nil, in: transaction)
            transaction.afterCommit { [events] in events?.accessChanged(of: person) }
        case .personChanged(let person):
            try revoke(.person(person), at: time, in: transaction)
            try unlocks.remove(of: person, through: nil, in: transaction)
            transaction.afterCommit { [events] in events?.accessChanged(of: person) }
        case .groupJoined(let person):
            transaction.afterCommit { [events] in events?.accessChanged(of: person) }
        case .groupRemoved(let group):
            for video in try groups.videos(for: group, in: transaction) {
                try revoke(.video(video), at: time, in: transaction)
            }
            transaction.afterCommit { [events] in events?.beat() }
        case .profileChanged: break
        }
    }
}
