import FoundationEssentials
import Synchronization
import Testing

@testable import SQL
@testable import TestSupport

@Suite("The time of a database")
struct DatabaseClockTests {
    @Test("It is what the database told and what has passed since then, until it tells another one")
    func told() {
        let boot = Mutex<Int64>(7_000_000)
        let clock = DatabaseClock { boot.withLock { $0 } }
        clock.learn(1_000_000_000_000)
        #expect(clock.now == Date(timeIntervalSince1970: 1_000_000))
        boot.withLock { $0 += 2_500_000 }
        #expect(clock.now == Date(timeIntervalSince1970: 1_000_002.5))
        clock.learn(900_000_000_000)
        #expect(clock.now == Date(timeIntervalSince1970: 900_000))
    }

    @Test("A server knows it from the moment in which its database is open")
    func known() async throws {
        let location = try TestDatabase.postgreSQL()
        let other = try await Database.open(location, migrations: [])
        let before = try await other.read { try $0.currentTime() }
        let database = try await Database.open(location, migrations: [])
        let found = Int64(database.now.timeIntervalSince1970 * 1_000_000)
        let after = try await other.read { try $0.currentTime() }
        #expect((before - 1...after + 1).contains(found))
        await database.close()
        await other.close()
    }
}
