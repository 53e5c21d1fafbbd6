import Reactor
import SQL

/// The right to drain the outbox of a database, which one server has at a time. Two at once would do no harm but send facts twice.
struct DrainerLease: Sendable {
    static let beatInterval = Duration.seconds(2)
    /// How long a holder may give no sign of life.
    private static let patience = Duration.seconds(8)
    /// How often others look.
    private static let lookInterval = Duration.milliseconds(500)

    private let lease = ServerLease("outbox")
    /// No other server can have this database.
    let isAlone: Bool
    private(set) var isHeld = false
    private var beatAt = MonotonicTime.now
    private var lookedAt: MonotonicTime?

    init(isAlone: Bool) { self.isAlone = isAlone }

    /// Whether the outbox may be drained now; takes the lease over where that is right.
    mutating func hold(in database: Database) async throws -> Bool {
        let now = MonotonicTime.now
        if isHeld {
            if isAlone || now - beatAt < Self.beatInterval { return true }
        } else {
            if let lookedAt, now - lookedAt < Self.lookInterval { return false }
            lookedAt = now
        }
        let this = self
        noted(try await database.claim { try this.beat(in: $0) }, at: now)
        return isHeld
    }

    /// A sign of life. False where another server has it by now.
    func beat(in transaction: Transaction) throws -> Bool {
        try lease.hold(for: Self.patience, isAlone: isAlone, in: transaction)
    }

    /// A beat that was made at this time, or came too late.
    mutating func noted(_ isOurs: Bool, at time: MonotonicTime) { (isHeld, beatAt) = (isOurs, time) }

    /// The next server need not wait.
    mutating func release(in database: Database) async throws {
        guard isHeld else { return }
        isHeld = false
        try await database.claim { [lease] in try lease.release(in: $0) }
    }
}
