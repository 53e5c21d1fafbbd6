import Reactor
import SQL
import Security
import Synchronization
import Testing

@testable import Accounts
@testable import TestSupport

@Suite("What is told of changes of access")
struct AccessChangeTests {
    /// Accounts whose follower remembers what it was told, and one person with two sign-ins.
    struct Watched {
        let accounts: AccountServices
        let person: User
        let first: IssuedSession
        let second: IssuedSession
        let told: Told

        final class Told: Sendable {
            let changes = Mutex<[AccessChange]>([])
            var all: [AccessChange] { changes.withLock { $0 } }
        }

        static let address = SocketAddress(host: "192.0.2.1", port: 1)

        init() async throws {
            let told = Told()
            self.told = told
            let pool = try BlockingPool(name: "password", threads: 1)
            accounts = AccountServices(
                AccountServices.Foundation(
                    database: try await Database.open(TestDatabase.fresh(), migrations: [AccountServices.migrations]),
                    hasher: PasswordHasher(pool: pool, memoryKiB: 32, passes: 1), secret: .ephemeral(),
                    follow: { change, transaction in
                        transaction.afterCommit { told.changes.withLock { $0.append(change) } }
                    }))
            person = try await accounts.administrators(
                email: "ann@example.org", password: SignInHouse.password, by: .system
            )
            .user
            let credentials = Credentials(
                email: "ann@example.org", password: SignInHouse.password, address: Self.address)
            first = try await accounts.signIn(credentials).issued
            second = try await accounts.signIn(credentials).issued
        }

        func caller(_ issued: IssuedSession) -> Caller { Caller(issued.session, by: .bearer, duties: []) }
    }

    @Test("A sign-in that ends is told by itself")
    func signOut() async throws {
        let watched = try await Watched()
        try await watched.accounts.endSession(watched.first.session.id, of: watched.person.id, by: .system)
        #expect(watched.told.all == [.sessionEnded(watched.first.session.id, of: watched.person.id)])
        #expect(try await watched.accounts.callers.current(watched.caller(watched.first)) == nil)
        #expect(try await watched.accounts.callers.current(watched.caller(watched.second)) != nil)
    }

    @Test("A sign-in that replaces the browser's old one ends that one, and it is told")
    func replaced() async throws {
        let watched = try await Watched()
        _ = try await watched.accounts.signIn(
            Credentials(
                email: "ann@example.org", password: SignInHouse.password, address: Watched.address,
                replaced: watched.first.cookieSecret))
        #expect(watched.told.all == [.sessionEnded(watched.first.session.id, of: watched.person.id)])
        #expect(try await watched.accounts.callers.current(watched.caller(watched.first)) == nil)
    }

    @Test("A used refresh token that comes again ends its session, and that is told")
    func reuse() async throws {
        let watched = try await Watched()
        let next = try await watched.accounts.refresh(watched.first.refreshSecret.text, from: Watched.address)
        _ = try await watched.accounts.refresh(next.refreshSecret.text, from: Watched.address)
        await #expect(throws: AccountsError.invalidRefreshToken) {
            try await watched.accounts.refresh(watched.first.refreshSecret.text, from: Watched.address)
        }
        #expect(watched.told.all == [.sessionEnded(watched.first.session.id, of: watched.person.id)])
    }

    @Test("Another role is told, and counts at once")
    func role() async throws {
        let watched = try await Watched()
        let (accounts, person) = (watched.accounts, watched.person.id)
        #expect(try await accounts.callers.current(watched.caller(watched.first))?.role == .admin)
        try await Self.addAnother(to: accounts)
        try await accounts.changePerson(person, PersonEdit(role: .user), by: .system)
        #expect(watched.told.all == [.personChanged(person)])
        #expect(try await accounts.callers.current(watched.caller(watched.first))?.role == .user)
        #expect(try await accounts.database.read { try AccountServices.role(of: person, in: $0) } == .user)
    }

    /// The last administrator could not sink.
    private static func addAnother(to accounts: AccountServices) async throws {
        _ = try await accounts.administrators(email: "bob@example.org", password: SignInHouse.password, by: .system)
    }

    @Test("That somebody may not be here is told, and so is another password")
    func disabledAndPassword() async throws {
        let watched = try await Watched()
        let (accounts, person) = (watched.accounts, watched.person.id)
        _ = try await accounts.changePassword(
            of: watched.caller(watched.first), current: SignInHouse.password, new: "Another-Horse-8",
            from: SessionOrigin(address: "192.0.2.1", device: DeviceName(userAgent: nil)))
        #expect(watched.told.all == [.personChanged(person)])
        try await Self.addAnother(to: accounts)
        try await accounts.changePerson(person, PersonEdit(isDisabled: true), by: .system)
        #expect(watched.told.all == [.personChanged(person), .personChanged(person)])
        #expect(try await accounts.callers.current(watched.caller(watched.first)) == nil)
        #expect(try await accounts.database.read { try AccountServices.role(of: person, in: $0) } == nil)
    }

    @Test("Who joins a group, who leaves one, and a group that is removed are told, and count at once")
    func groups() async throws {
        let watched = try await Watched()
        let (accounts, person, told) = (watched.accounts, watched.person.id, watched.told)
        func now() async throws -> Set<GroupID>? {
            try await accounts.callers.current(watched.caller(watched.first))?.groups
        }
        let group = try await accounts.groups.create("Ward", by: .system).id
        #expect(try await now() == [] && told.all == [])
        for _ in 0..<2 { try await accounts.groups.add(person, to: group, by: .system) }
        #expect(try await now() == [group] && told.all == [.groupJoined(person)], "once, however often it is said")
        for _ in 0..<2 { try await accounts.groups.remove(person, from: group, by: .system) }
        #expect(try await now() == [] && told.all == [.groupJoined(person), .personChanged(person)])
        try await accounts.groups.add(person, to: group, by: .system)
        #expect(try await now() == [group])
        try await accounts.groups.remove(group, by: .system)
        #expect(try await now() == [] && told.all.last == .groupRemoved(group))
    }

    @Test("What is announced to other servers is what they hear")
    func announced() {
        let (person, group) = (UserID(), GroupID())
        for change in [
            AccessChange.sessionEnded(SessionID(), of: person), .personChanged(person), .groupJoined(person),
            .groupRemoved(group), .profileChanged(person),
        ] { #expect(AccessChange(text: change.text) == change) }
        for text in ["joined", "joined x", "group", "group x", "group \(group) x", ""] {
            #expect(AccessChange(text: text) == nil, "\(text)")
        }
    }
}
