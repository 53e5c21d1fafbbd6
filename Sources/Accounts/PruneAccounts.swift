import FoundationEssentials
import Reactor
import SQL

extension Accounts {
    /// Removes what is over every hour, until it is cancelled.
    public func run(on loop: EventLoop) async {
        while !Task.isCancelled {
            do {
                try await prune()
            } catch {
                log.error("removing ended sessions failed", ["error": .error(error)])
            }
            do { try await loop.sleep(for: .seconds(3600)) } catch { return }
        }
    }

    /// Removes ended sessions with their tokens, and attempts that count no more.
    func prune() async throws {
        let moment = now()
        try await database.write { [sessions, attempts] transaction in
            try sessions.removeExpired(at: moment, in: transaction)
            try attempts.prune(at: moment, in: transaction)
        }
    }
}
