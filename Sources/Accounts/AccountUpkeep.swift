import FoundationEssentials
import Reactor
import SQL
import Telemetry

/// Writes when sessions were used last, and removes what is over.
public struct AccountUpkeep: Sendable {
    let database: Database
    let attempts: SignInAttempts
    let uses: SessionUses
    let log: Log
    let now: @Sendable () -> Date
    private let sessions = SessionStore()

    init(
        database: Database, attempts: SignInAttempts, uses: SessionUses, log: Log, now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.attempts = attempts
        self.uses = uses
        self.log = log
        self.now = now
    }

    /// Every minute, and every hour, until it is cancelled.
    public func run(on loop: EventLoop) async {
        var minute = 0
        while !Task.isCancelled {
            do {
                if minute % 60 == 0 { try await prune() }
                try await uses.write(to: database, at: now())
            } catch {
                log.error("the upkeep of sessions failed", ["error": .error(error)])
            }
            do { try await loop.sleep(for: .seconds(60)) } catch { return }
            minute += 1
        }
    }

    /// Removes ended sessions with their tokens, and attempts that count no more.
    func prune() async throws {
        let moment = now()
        try await database.write { transaction in
            try sessions.removeExpired(at: moment, in: transaction)
            try transaction.execute("DELETE FROM outside_attempts WHERE expires_at <= $1", moment)
            try transaction.execute("DELETE FROM obeyed_logouts WHERE expires_at <= $1", moment)
            try attempts.prune(at: moment, in: transaction)
            try RegistrationServices.prune(at: moment, in: transaction)
            // They stay in their person's list for a while.
            try APITokenStore().removeExpired(before: moment - 30 * 86_400, in: transaction)
        }
    }
}
