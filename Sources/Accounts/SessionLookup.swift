import FoundationEssentials
import SQL
import Synchronization

/// Finds the session behind a credential, and remembers it for some seconds, so that a page with fifty pictures asks the
/// database once.
///
/// Changes made by this process are seen at once: `forgetAll` is called when they commit. Those of another process (the
/// command line) are seen within `memory`.
final class SessionLookup: Sendable {
    private enum Key: Hashable {
        case id(SessionID)
        case tokenHash([UInt8])
    }

    private struct Remembered {
        var session: Session
        var at: Date
    }

    private struct State {
        var sessions: [Key: Remembered] = [:]
        /// Grows with each `forgetAll`: what was read before is not remembered after.
        var generation = 0
    }

    private static let memory: TimeInterval = 15
    private static let capacity = 10_000

    private let database: Database
    private let store = SessionStore()
    private let state = Mutex(State())

    init(database: Database) { self.database = database }

    func session(_ id: SessionID, at now: Date) async throws -> Session? {
        try await find(.id(id), at: now) { [store] in try store.find(id, at: now, in: $0) }
    }

    func session(tokenHash: [UInt8], at now: Date) async throws -> Session? {
        try await find(.tokenHash(tokenHash), at: now) { [store] in
            try store.find(tokenHash: tokenHash, at: now, in: $0)
        }
    }

    func forgetAll() {
        state.withLock { state in
            state.sessions = [:]
            state.generation += 1
        }
    }

    private func find(
        _ key: Key, at now: Date, _ load: @escaping @Sendable (ReadAccess) throws -> Session?
    ) async throws -> Session? {
        let (known, generation) = state.withLock { ($0.sessions[key], $0.generation) }
        if let known, now.timeIntervalSince(known.at) < Self.memory, now < known.session.expiresAt {
            return known.session
        }
        guard let session = try await database.read(load) else { return nil }
        state.withLock { state in
            guard state.generation == generation else { return }
            if state.sessions.count >= Self.capacity { state.sessions = [:] }
            state.sessions[key] = Remembered(session: session, at: now)
        }
        return session
    }
}
