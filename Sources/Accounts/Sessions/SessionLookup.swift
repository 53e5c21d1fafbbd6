import FoundationEssentials
import SQL
import Synchronization

/// Finds the session behind a credential, and the person behind the session, and remembers both for some seconds, so that a page
/// with fifty pictures asks the database once.
///
/// Changes made by this process are seen at once: what they concern is forgotten when they commit. So are those of other servers, which
/// announce them; those of the command line beside SQLite are seen within `memory`.
final class SessionLookup: Sendable {
    /// What a client sends is a key as it is: its hash, which the database knows it by, is made where it must be asked.
    private enum Key: Hashable {
        case id(SessionID)
        case cookie(String)
        case apiToken(String)
    }

    private struct Remembered {
        var session: Session
        var at: Date
    }

    private struct State {
        var sessions: [Key: Remembered] = [:]
        // bound: capacity
        var people: [UserID: (person: User, at: Date)] = [:]
        /// Grows whenever something is forgotten: what was read before is not remembered after.
        var generation = 0
    }

    private static let memory: TimeInterval = 15
    private static let capacity = 10_000

    private let database: Database
    private let store = SessionStore()
    private let tokens = APITokenStore()
    private let users = UserStore()
    private let groups = GroupStore()
    private let state = Mutex(State())

    init(database: Database) { self.database = database }

    func session(_ id: SessionID, at now: Date) async throws -> Session? {
        try await find(.id(id), at: now) { [store] in try store.find(id, at: now, in: $0) }
    }

    func session(cookie secret: SessionSecret, at now: Date) async throws -> Session? {
        try await find(.cookie(secret.text), at: now) { [store] in
            try store.find(tokenHash: secret.hash, at: now, in: $0)
        }
    }

    func remembered(_ id: SessionID, at now: Date) -> Session? { remembered(.id(id), at: now) }
    func remembered(cookie: SessionSecret, at now: Date) -> Session? { remembered(.cookie(cookie.text), at: now) }
    func remembered(apiToken text: String, at now: Date) -> Session? { remembered(.apiToken(text), at: now) }

    private func remembered(_ key: Key, at now: Date) -> Session? {
        guard let known = state.withLock({ $0.sessions[key] }), Self.isGood(known, at: now) else { return nil }
        return known.session
    }

    private static func isGood(_ known: Remembered, at now: Date) -> Bool {
        now.timeIntervalSince(known.at) < memory && now < known.session.expiresAt
    }

    /// What an API token stands for.
    ///
    /// - Parameter text: the token as it was sent: clients may write its letters large.
    func session(apiToken: APITokenSecret, sentAs text: String, at now: Date) async throws -> Session? {
        try await find(.apiToken(text), at: now) { [tokens] in
            try tokens.session(hash: apiToken.hash, at: now, in: $0)
        }
    }

    func session(of token: APITokenID, at now: Date) async throws -> Session? {
        try await find(.id(token.session), at: now) { [tokens] in try tokens.session(token, at: now, in: $0) }
    }

    /// The person with this account, whose page asks who it is again and again.
    func person(_ id: UserID, at now: Date) async throws -> User? {
        let (known, generation) = state.withLock { ($0.people[id], $0.generation) }
        if let known, now.timeIntervalSince(known.at) < Self.memory { return known.person }
        guard let person = try await database.readOnce({ [users] in try users.find(id, in: $0) }) else { return nil }
        state.withLock { state in
            guard state.generation == generation else { return }
            if state.people.count >= Self.capacity { state.people = [:] }
            state.people[id] = (person, now)
        }
        return person
    }

    /// How many are remembered; those that are too old stay until they are asked for.
    var count: Int { state.withLock { $0.sessions.count } }

    func forgetAll() {
        state.withLock { state in
            (state.sessions, state.people) = ([:], [:])
            state.generation += 1
        }
    }

    func forget(_ session: SessionID) { forget { $0.id == session } }

    func forget(_ change: AccessChange) {
        switch change {
        case .sessionEnded(let session, _): forget(session)
        case .personChanged(let person), .groupJoined(let person): forget(person) { $0.userID == person }
        case .groupRemoved: forgetAll()
        case .profileChanged(let person): forget(person) { _ in false }
        }
    }

    private func forget(_ person: UserID? = nil, _ isMeant: (Session) -> Bool) {
        state.withLock { state in
            state.sessions = state.sessions.filter { !isMeant($0.value.session) }
            if let person { state.people[person] = nil }
            state.generation += 1
        }
    }

    private func find(
        _ key: Key, at now: Date, _ load: @escaping @Sendable (ReadAccess) throws -> Session?
    ) async throws -> Session? {
        let (known, generation) = state.withLock { ($0.sessions[key], $0.generation) }
        if let known, Self.isGood(known, at: now) { return known.session }
        let found = try await database.read { [groups] access in
            var session = try load(access)
            if let person = session?.userID { session?.groups = try groups.ids(of: person, in: access) }
            return session
        }
        guard let session = found else { return nil }
        state.withLock { state in
            guard state.generation == generation else { return }
            if state.sessions.count >= Self.capacity { state.sessions = [:] }
            state.sessions[key] = Remembered(session: session, at: now)
        }
        return session
    }
}
