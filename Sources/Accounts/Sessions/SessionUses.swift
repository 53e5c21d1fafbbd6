import FoundationEssentials
import SQL
import Synchronization

/// Remembers when and from where sessions were used last, and writes it now and then: no request waits for it.
final class SessionUses: Sendable {
    private struct Use: Sendable {
        var at: Date
        var address: String
        var isWritten: Bool
    }

    /// A use this soon after one that was written tells nobody anything, in seconds.
    static let interval: TimeInterval = 300
    private static let capacity = 10_000

    private let uses = Mutex<[SessionID: Use]>([:])
    private let sessions = SessionStore()
    private let tokens = APITokenStore()

    func note(_ session: SessionID, at moment: Date, from address: @autoclosure () -> String) {
        uses.withLock { uses in
            if let last = uses[session], last.isWritten ? moment < last.at + Self.interval : moment <= last.at {
                return
            }
            // bound: capacity; what is beyond it is told at its next use
            guard uses.count < Self.capacity || uses[session] != nil else { return }
            uses[session] = Use(at: moment, address: address(), isWritten: false)
        }
    }

    /// Writes what was not written yet, and forgets what is long ago.
    func write(to database: Database, at moment: Date) async throws {
        let new = uses.withLock { uses in
            uses = uses.filter { !$0.value.isWritten || moment < $0.value.at + Self.interval }
            let new = uses.filter { !$0.value.isWritten }
            for session in new.keys { uses[session]?.isWritten = true }
            return new
        }
        guard !new.isEmpty else { return }
        try await database.write { [sessions, tokens] transaction in
            for (session, use) in new {
                try sessions.setUsed(session, at: use.at, from: use.address, in: transaction)
                // One of the two is no row.
                try tokens.setUsed(APITokenID(high: session.high, low: session.low), at: use.at, in: transaction)
            }
        }
    }
}
