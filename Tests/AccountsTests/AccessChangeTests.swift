import Reactor
import SQL
import Security
import Synchronization
import Testing

@testable import Accounts

@Suite("What is told of changes of access")
struct AccessChangeTests {
    /// Accounts whose follower remembers what it was told, and one person with two sign-ins.
    struct Watched {
        let accounts: Accounts
        let person: User
        let first: SignedIn
        let second: SignedIn
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
            accounts = Accounts(
                database: try await Database.open(.memory, migrations: [Accounts.migrations]),
                hasher: PasswordHasher(pool: pool, memoryKiB: 32, passes: 1), secret: .ephemeral(),
                follow: { change, transaction in
                    transaction.afterCommit { told.changes.withLock { $0.append(change) } }
                })
            person = try await accounts.createAdministrator(email: "ann@example.org", password: SignInHouse.password)
                .user
            let credentials = Credentials(
                email: "ann@example.org", password: SignInHouse.password, address: Self.address)
            first = try await accounts.signIn(credentials)
            second = try await accounts.signIn(credentials)
        }

        func caller(_ signedIn: SignedIn) -> Caller { Caller(signedIn.session, by: .bearer) }
    }

    @Test("A sign-in that ends is told by itself")
    func signOut() async throws {
        let watched = try await Watched()
        try await watched.accounts.signOut(watched.first.session.id, of: watched.person.id)
        #expect(watched.told.all == [.sessionEnded(watched.first.session.id, of: watched.person.id)])
        #expect(try await watched.accounts.current(watched.caller(watched.first)) == nil)
        #expect(try await watched.accounts.current(watched.caller(watched.second)) != nil)
    }

    @Test("A sign-in that replaces the browser's old one ends that one, and it is told")
    func replaced() async throws {
        let watched = try await Watched()
        _ = try await watched.accounts.signIn(
            Credentials(
                email: "ann@example.org", password: SignInHouse.password, address: Watched.address,
                replaced: watched.first.cookieSecret))
        #expect(watched.told.all == [.sessionEnded(watched.first.session.id, of: watched.person.id)])
        #expect(try await watched.accounts.current(watched.caller(watched.first)) == nil)
    }

    @Test("A used refresh token that comes again ends its session, and that is told")
    func reuse() async throws {
        let watched = try await Watched()
        _ = try await watched.accounts.refresh(watched.first.refreshSecret.text, from: Watched.address)
        await #expect(throws: AccountsError.invalidRefreshToken) {
            try await watched.accounts.refresh(watched.first.refreshSecret.text, from: Watched.address)
        }
        #expect(watched.told.all == [.sessionEnded(watched.first.session.id, of: watched.person.id)])
    }

    @Test("Another role is told, and counts at once")
    func role() async throws {
        let watched = try await Watched()
        let (accounts, person) = (watched.accounts, watched.person.id)
        #expect(try await accounts.current(watched.caller(watched.first))?.role == .admin)
        try await accounts.setRole(.user, of: person)
        #expect(watched.told.all == [.personChanged(person)])
        #expect(try await accounts.current(watched.caller(watched.first))?.role == .user)
        #expect(try await accounts.database.read { try Accounts.role(of: person, in: $0) } == .user)
    }

    @Test("That somebody may not be here is told, and so is another password")
    func disabledAndPassword() async throws {
        let watched = try await Watched()
        let (accounts, person) = (watched.accounts, watched.person.id)
        _ = try await accounts.changePassword(
            of: watched.caller(watched.first), current: SignInHouse.password, new: "Another-Horse-8",
            from: Watched.address)
        #expect(watched.told.all == [.personChanged(person)])
        try await accounts.setDisabled(true, of: person)
        #expect(watched.told.all == [.personChanged(person), .personChanged(person)])
        #expect(try await accounts.current(watched.caller(watched.first)) == nil)
        #expect(try await accounts.database.read { try Accounts.role(of: person, in: $0) } == nil)
    }
}
