import Accounts
import HTTP
import SQL
import Synchronization

@testable import Videos

/// Stands in for the room of accounts: one person of each role with two sign-ins. A request names one by its header
/// fields `X-Role` and `X-Session`.
final class PlayedAccounts: Sendable {
    private struct State {
        var roles: [UserID: Role]
        var sessions: [SessionID: UserID] = [:]
    }

    let people: [Role: Viewer]
    private let names: [String: SessionID]
    private let state: Mutex<State>

    init(_ people: [Role: Viewer]) {
        self.people = people
        var state = State(roles: Dictionary(uniqueKeysWithValues: people.values.map { ($0.id, $0.role) }))
        var names: [String: SessionID] = [:]
        for (role, viewer) in people {
            for number in 1...2 {
                let session = SessionID()
                names["\(role)/\(number)"] = session
                state.sessions[session] = viewer.id
            }
        }
        self.names = names
        self.state = Mutex(state)
    }

    /// The sign-in of somebody who began with this role.
    func session(_ role: Role, _ number: Int = 1) -> SessionID { names["\(role)/\(number)"] ?? SessionID() }

    func caller(_ role: Role) -> Caller {
        Caller(userID: people[role]?.id ?? UserID(), role: role, sessionID: session(role))
    }

    func identify(_ request: Request) -> Caller? {
        guard let role = request.headers["X-Role"], let id = names["\(role)/\(request.headers["X-Session"] ?? "1")"]
        else { return nil }
        return caller(of: id)
    }

    func current(_ caller: Caller) -> Caller? { self.caller(of: caller.sessionID) }

    private func caller(of session: SessionID) -> Caller? {
        state.withLock { state in
            guard let person = state.sessions[session], let role = state.roles[person] else { return nil }
            return Caller(userID: person, role: role, sessionID: session)
        }
    }

    func end(_ session: SessionID) { state.withLock { $0.sessions[session] = nil } }

    func setRole(_ role: Role?, of person: UserID) { state.withLock { $0.roles[person] = role } }
}

/// What may happen to somebody while they have something open.
enum Fate: String, CaseIterable, Sendable {
    case signedOut, demoted, disabled
}

extension VideoHouse {
    /// Lets it happen to whoever began with this role, with everything that the room of accounts tells.
    func befall(_ role: Role, _ fate: Fate) async throws {
        let person = person(role).id
        let (accounts, clock) = (accounts, clock)
        let follow = FollowAccess(revocations, events: videos.events, now: { clock.now })
        try await database.write { transaction in
            let change: AccessChange
            switch fate {
            case .signedOut:
                let session = accounts.session(role)
                transaction.afterCommit { accounts.end(session) }
                change = .sessionEnded(session, of: person)
            case .demoted:
                try transaction.execute("UPDATE users SET role = 'user' WHERE id = $1", person)
                transaction.afterCommit { accounts.setRole(.user, of: person) }
                change = .personChanged(person)
            case .disabled:
                try transaction.execute("UPDATE users SET is_disabled = 1 WHERE id = $1", person)
                transaction.afterCommit { accounts.setRole(nil, of: person) }
                change = .personChanged(person)
            }
            try follow(change, in: transaction)
        }
    }
}
