import FoundationEssentials
import HTTP
import Reactor
import SQL
import Synchronization
import Testing
import Web

@testable import Accounts
@testable import TestSupport

/// An audit over a database of its own, with a clock that stands still until told.
struct AuditHouse {
    /// Long ago, so that entries are old enough for the database to let them go.
    static let start = Date(timeIntervalSince1970: 1_500_000_000)

    final class Clock: Sendable {
        private let moment = Mutex(AuditHouse.start)
        var now: Date { moment.withLock { $0 } }
        func advance(by seconds: TimeInterval) { moment.withLock { $0 += seconds } }
    }

    let database: Database
    let audit: AuditLog
    let clock = Clock()

    init() async throws {
        database = try await Database.open(TestDatabase.fresh(), migrations: [AccountServices.migrations])
        audit = AuditLog(database: database, now: { [clock] in clock.now })
    }

    func record(_ event: AuditEvent) async throws {
        try await database.write { [audit] in try audit.record(event, in: $0) }
    }

    func all(_ query: AuditQuery = AuditQuery()) async throws -> [AuditEntry] {
        try await database.read { [audit] in try audit.store.list(query, count: 10_000, in: $0) }
    }

    static let event = AuditEvent(
        .visibilityChanged, of: AuditTarget(.video, id: "v", name: "A film"), by: .system,
        before: [.isHidden: .flag(false)], after: [.isHidden: .flag(true)])

    func refusal(from host: String, of account: String? = nil) -> AuditEvent {
        AuditEvent(
            .signInRefused, of: account.flatMap { EmailAddress($0) }.map { .account($0) },
            by: AuditOrigin(.stranger, from: SocketAddress(host: host, port: 1)),
            after: [.reason: .name("bad_credentials")], outcome: .refused)
    }

    func addUser(_ email: String) async throws -> User {
        let user = User(email: try #require(EmailAddress(email)), name: "Ann", role: .user, createdAt: clock.now)
        try await database.write { try UserStore().insert(user, in: $0) }
        return user
    }
}

@Suite("The audit")
struct AuditTests {
    @Test("An entry is kept with the change that it tells of, or not at all")
    func together() async throws {
        struct Stop: Error {}
        let house = try await AuditHouse()
        await #expect(throws: Stop.self) {
            try await house.database.write { [audit = house.audit] transaction in
                try audit.record(AuditHouse.event, in: transaction)
                throw Stop()
            }
        }
        #expect(try await house.all().isEmpty)
        try await house.record(AuditHouse.event)
        let entry = try #require(try await house.all().first)
        #expect(entry.action == .visibilityChanged && entry.outcome == .done && entry.at == AuditHouse.start)
        #expect(entry.actor.kind == .system && entry.target?.name == "A film" && entry.address == nil)
        #expect(entry.before == ["is_hidden": .flag(false)] && entry.after == ["is_hidden": .flag(true)])
    }

    @Test("The database itself refuses to change an entry, and to remove a young one")
    func appendOnly() async throws {
        let house = try await AuditHouse()
        try await house.record(AuditHouse.event)
        let change = await #expect(throws: SQLError.self) {
            try await house.database.write { _ = try $0.execute("UPDATE audit SET address = 'x'") }
        }
        #expect(change?.code == .otherViolation)
        // As old as the house's clock says, it may go.
        _ = try await house.database.write { try $0.execute("DELETE FROM audit") }
        #expect(try await house.all().isEmpty)
        let young = AuditLog(database: house.database, now: { Date() - 29 * 86_400 })
        try await house.database.write { try young.record(AuditHouse.event, in: $0) }
        let removal = await #expect(throws: SQLError.self) {
            try await house.database.write { _ = try $0.execute("DELETE FROM audit") }
        }
        #expect(removal?.code == .otherViolation)
        #expect(try await house.all().count == 1)
    }

    @Test("What is older than it is to be kept goes, however much it is, and nothing else")
    func pruning() async throws {
        let house = try await AuditHouse()
        let old = house.audit
        try await house.database.write { transaction in
            for _ in 0..<1_003 { try old.record(AuditHouse.event, in: transaction) }
        }
        house.clock.advance(by: 1)
        try await house.record(AuditHouse.event)
        house.clock.advance(by: 40 * 86_400 - 1)
        try await house.record(AuditHouse.event)
        try await KeepAudit(house.audit, days: 40, log: .silent).prune()
        #expect(try await house.all().count == 1_005)
        house.clock.advance(by: 0.5)
        try await KeepAudit(house.audit, days: 40, log: .silent).prune()
        #expect(try await house.all().count == 2)
        house.clock.advance(by: 1)
        try await KeepAudit(house.audit, days: 40, log: .silent).prune()
        #expect(try await house.all().count == 1)
    }

    @Test("What happens often within a minute is one entry that says how often")
    func counting() async throws {
        let house = try await AuditHouse()
        let ann = try await house.addUser("ann@example.org")
        for _ in 0..<3 {
            house.audit.count(house.refusal(from: "192.0.2.1", of: "ann@example.org"))
            house.clock.advance(by: 2)
        }
        house.audit.count(house.refusal(from: "192.0.2.2", of: "my-secret-password@x"))
        #expect(try await house.all().isEmpty)
        try await house.audit.writeCounted()
        try await house.audit.writeCounted()
        let entries = try await house.all()
        #expect(entries.count == 2)
        let known = try #require(entries.first { $0.address == "192.0.2.1" })
        #expect(known.target == AuditEntry.Target(kind: .user, id: "\(ann.id)", name: "ann@example.org"))
        #expect(known.after?["count"] == .number(3) && known.at == AuditHouse.start)
        #expect(known.after?["last_at"] == .time(AuditHouse.start + 4) && known.outcome == .refused)
        // What nobody's address is may be a password.
        let unknown = try #require(entries.first { $0.address == "192.0.2.2" })
        #expect(unknown.target == nil && unknown.after?["count"] == .number(1))
        let text = try await house.database.read { "\(try $0.query("SELECT * FROM audit").map(\.values))" }
        #expect(!text.contains("my-secret"))
    }

    @Test("A stranger with thousands of addresses makes a bounded number of entries, and cannot hide behind them")
    func flood() async throws {
        let house = try await AuditHouse()
        let ann = try await house.addUser("ann@example.org")
        for round in 0..<3 {
            for number in 0..<5_000 {
                house.audit.count(house.refusal(from: "2001:db8:\(round):\(String(number, radix: 16))::1"))
            }
            house.audit.count(house.refusal(from: "192.0.2.\(round)", of: "ann@example.org"))
            try await house.audit.writeCounted()
            house.clock.advance(by: 60)
        }
        let entries = try await house.all()
        // 200 at once, 6 more for each of two minutes, and what the rest was for each of three writings.
        #expect(entries.count == 200 + 12 + 3)
        let counts = try entries.map { entry -> Int in
            let text = String(decoding: try JSON.encode(entry.after?["count"]), as: UTF8.self)
            return try #require(Int(text))
        }
        #expect(counts.reduce(0, +) == 15_003)
        // The attempts on an account that there is are told by themselves, where there was room for them in memory.
        #expect(entries.count { $0.target?.id == "\(ann.id)" } == 0)
    }

    @Test("Attempts on accounts that there are come first")
    func accountsFirst() {
        let tally = AuditTally()
        let moment = AuditHouse.start
        func counted(_ name: String?, _ host: String) -> AuditTally.Counted {
            let event = AuditEvent(
                .signInRefused, of: name.map { AuditTarget(.user, name: $0) },
                by: AuditOrigin(.stranger, from: SocketAddress(host: host, port: 1)), outcome: .refused)
            return AuditTally.Counted(event: event, count: 1, firstAt: moment, lastAt: moment)
        }
        let many = (0..<300).map { counted(nil, "2001:db8::\($0)") } + [counted("ann", "192.0.2.1")]
        let few = tally.fit(many, at: moment)
        #expect(few.count == 201 && few.first?.event.target?.name == "ann")
        #expect(few.reduce(0) { $0 + $1.count } == 301)
        #expect(tally.fit(many, at: moment).map(\.count) == [301])
    }

    @Test("What could not be written is written the next time")
    func nextTime() async throws {
        let house = try await AuditHouse()
        house.audit.count(house.refusal(from: "192.0.2.1"))
        let broken = AuditLog(database: house.database, now: { AuditHouse.start })
        await house.database.close()
        broken.count(house.refusal(from: "192.0.2.1"))
        await #expect(throws: (any Error).self) { try await broken.writeCounted() }
        // It is still there, so it is tried again.
        await #expect(throws: (any Error).self) { try await broken.writeCounted() }
    }

    @Test("A state is told once, until it is another one")
    func state() async throws {
        let house = try await AuditHouse()
        func tell(_ port: Int?, at host: String = "one") async throws {
            var state: AuditDetails = [:]
            state[AuditField(rawValue: "PALCO_PORT")] = port.map { .number($0) }
            try await house.audit.recordState(
                .settingsChanged, of: AuditTarget(.server, name: host), by: .system, state)
            house.clock.advance(by: 1)
        }
        try await tell(nil)
        #expect(try await house.all().isEmpty)
        try await tell(1)
        try await tell(1)
        try await tell(1, at: "other")
        #expect(try await house.all().count == 2)
        try await tell(2)
        let last = try #require(try await house.all().first)
        #expect(last.before == ["PALCO_PORT": .number(1)] && last.after == ["PALCO_PORT": .number(2)])
        try await tell(nil)
        #expect(try await house.all().count == 4)
    }

    @Test("Reading that comes in pieces is one entry for some minutes")
    func reading() async throws {
        let house = try await AuditHouse()
        for _ in 0..<3 { try await house.audit.recordReading(AuditHouse.event) }
        #expect(try await house.all().count == 1)
        house.clock.advance(by: 601)
        try await house.audit.recordReading(AuditHouse.event)
        #expect(try await house.all().count == 2)
    }

    @Test("A name is bounded, whatever its characters are")
    func bounded() throws {
        for letter in ["a", "é", "👩‍👩‍👧‍👦"] {
            let value = AuditValue.name(String(repeating: letter, count: 5_000))
            let text = String(decoding: try JSON.encode(value), as: UTF8.self)
            #expect(text.utf8.count <= 4 * AuditValue.mostCharacters + 5)
        }
        #expect(AuditValue.bounded("a\0b") == "a\u{FFFD}b")
    }
}
