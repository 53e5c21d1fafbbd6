import FoundationEssentials
import MockKafka
import Reactor
import SQL
import Telemetry
import Testing

@testable import Bus
@testable import TestSupport

@Suite("From the outbox to Kafka")
struct KafkaTests {
    private let keys = (0..<7).map { "key-\($0)" }

    /// Facts of several keys, in turns.
    private func record(
        _ count: Int, from start: Int = 0, text: String? = nil, in house: OutboxHouse
    ) async throws {
        let (keys, outbox) = (keys, house.outbox)
        try await house.database.write { transaction in
            for number in start..<(start + count) {
                for key in keys { try outbox.record(OutboxHouse.fact(key, number, text), in: transaction) }
            }
        }
    }

    private func whenEmpty(_ house: OutboxHouse) async throws {
        try await eventually("the outbox is empty") { try await house.rowCount() == 0 }
    }

    private func expectAll(_ count: Int, in house: OutboxHouse) async throws {
        let arrived = try await house.arrived()
        #expect(Set(arrived.keys) == Set(keys))
        for key in keys {
            let isWhole = arrived[key]?.elementsEqual(0..<count) == true
            #expect(isWhole, "\(key): \(arrived[key]?.count ?? 0), from \(arrived[key]?.first ?? -1)")
        }
    }

    @Test("All facts arrive, in order by key, and their rows go", arguments: Engine.allCases)
    func order(engine: Engine) async throws {
        let house = try await OutboxHouse(engine)
        try await record(400, in: house)
        try await house.draining {
            try await whenEmpty(house)
            try await record(300, from: 400, in: house)
            try await whenEmpty(house)
        }
        #expect(house.outbox.numbers.sent == 4900 && house.outbox.numbers.failed == 0)
        try await expectAll(700, in: house)
        await house.close()
    }

    @Test(
        "Facts wait while brokers are away, which is told once, and arrive when they are back",
        arguments: Engine.allCases)
    func away(engine: Engine) async throws {
        let house = try await OutboxHouse(engine)
        try await record(20, in: house)
        try await house.draining {
            try await whenEmpty(house)
            house.kafka.goAway()
            try await record(20, from: 20, in: house)
            try await eventually("it is told") { house.log.lines.contains { $0.contains("facts are not delivered") } }
            // Beside the waiting all goes on.
            house.outbox.recordAside(try OutboxHouse.fact("key-0", 40))
            try await eventually("a view is kept") { try await house.rowCount() == 141 }
            house.kafka.comeBack()
            try await whenEmpty(house)
        }
        let lines = house.log.lines
        #expect(lines.count { $0.contains("facts are not delivered") } == 1)
        #expect(lines.count { $0.contains("facts are delivered again") } == 1)
        let arrived = try await house.arrived()
        #expect(arrived["key-0"] == Array(0...40) && arrived["key-6"] == Array(0..<40))
        await house.close()
    }

    @Test(
        "Whatever a broker answers, nothing is lost and nothing changes its place",
        arguments: [
            [.notLeader, .notLeader], [.tooFewReplicas, .tooFewReplicas, .tooFewReplicas], [.notAuthorized],
            [.invalidRecord, .notAuthorized, .notLeader, .invalidRecord],
        ] as [[MockKafka.Refusal]])
    func refusals(refusals: [MockKafka.Refusal]) async throws {
        // Two requests for one partition: what stands behind a refused one must not go before it. Mock brokers keep 5 MB.
        let house = try await OutboxHouse(.sqlite, partitions: 1)
        let text = String(repeating: "x", count: 4_000)
        house.kafka.refuse(.produce, refusals)
        try await record(45, text: text, in: house)
        try await house.draining {
            try await whenEmpty(house)
            house.kafka.refuse(.produce, refusals)
            try await record(45, from: 45, text: text, in: house)
            try await whenEmpty(house)
        }
        try await expectAll(90, in: house)
        let isFinal = refusals.contains(.notAuthorized)
        #expect((house.outbox.numbers.failed > 0) == isFinal)
        #expect(house.log.lines.contains { $0.contains("facts are not delivered") } == isFinal)
        await house.close()
    }

    @Test("Whoever stops while brokers are away ends soon, and the rows stay for the next", arguments: Engine.allCases)
    func stopping(engine: Engine) async throws {
        let house = try await OutboxHouse(engine)
        house.kafka.goAway()
        try await record(10, in: house)
        try await house.draining {
            try await eventually("it has the lease") { try await isHeld(house) }
        }
        #expect(try await house.rowCount() == 70)
        #expect(try await !isHeld(house))
        house.kafka.comeBack()
        let next = try house.draining(as: Outbox(log: .silent), at: house.database)
        try await whenEmpty(house)
        await next.end()
        try await expectAll(10, in: house)
        await house.close()
    }

    private func isHeld(_ house: OutboxHouse) async throws -> Bool {
        try await house.database.read { access in
            let end: Int64? = try access.first("SELECT held_until FROM leases WHERE name = 'outbox'")?.value(
                "held_until")
            return try end ?? 0 > access.currentTime()
        }
    }

    @Test("Of two servers one sends; the other takes over when it is gone, and when it gives no sign of life")
    func twoServers() async throws {
        let house = try await OutboxHouse(.postgreSQL)
        let other = try await Database.open(house.location, migrations: OutboxHouse.migrations)
        let second = Outbox(log: .silent)
        let work = try house.draining(as: house.outbox, at: house.database)
        try await record(10, in: house)
        try await whenEmpty(house)
        let otherWork = try house.draining(as: second, at: other)
        try await record(10, from: 10, in: house)
        try await whenEmpty(house)
        #expect(house.outbox.numbers.sent == 140 && second.numbers.sent == 0)
        await work.end()
        try await record(10, from: 20, in: house)
        try await whenEmpty(house)
        #expect(second.numbers.sent == 70)
        // Somebody has it whose heart does not beat.
        _ = try await other.claim { try $0.execute("UPDATE leases SET token = 'dead'") }
        try await record(10, from: 30, in: house)
        try await eventually("it has seen that it has lost it") { try await house.rowCount() == 70 }
        try await whenEmpty(house)
        #expect(second.numbers.sent == 140)
        await otherWork.end()
        try await expectAll(40, in: house)
        await other.close()
        await house.close()
    }

    @Test("Whoever has lost the lease sends nothing more of what it had in hand")
    func fenced() async throws {
        let house = try await OutboxHouse(.postgreSQL)
        try await record(10, in: house)
        try await house.draining {
            try await whenEmpty(house)
            house.kafka.goAway()
            try await record(10, from: 10, in: house)
            try await eventually("it waits for the broker") {
                house.log.lines.contains { $0.contains("not delivered") }
            }
            let other = ServerLease("outbox")
            _ = try await house.database.claim { transaction in
                try transaction.execute("UPDATE leases SET held_until = 0")
                #expect(try other.hold(for: .seconds(3600), in: transaction))
            }
            try await eventually("it has given up") {
                house.log.lines.contains { $0.contains("another server drains the outbox") }
            }
            house.kafka.comeBack()
            for _ in 0..<5 {
                #expect(try await house.messages().count == 70)
            }
        }
        #expect(try await house.rowCount() == 70)
        await house.close()
    }

    // MARK: Settings

    @Test("Options are read; what would break a promise is refused, and no value is repeated")
    func options() throws {
        let text = "# TLS\n\nsecurity.protocol = SASL_SSL\nsasl.password=Secret=Horse \n  ssl.ca.location=/ca.pem\r\n"
        #expect(
            try KafkaSettings.options(in: text)
                == [
                    .init(name: "security.protocol", value: "SASL_SSL"),
                    .init(name: "sasl.password", value: "Secret=Horse"),
                    .init(name: "ssl.ca.location", value: "/ca.pem"),
                ])
        for name in [
            "acks", "enable.idempotence", "message.timeout.ms", "plugin.library.paths", "bootstrap.servers", "sasl",
        ] {
            let error = #expect(throws: KafkaError.self) { try KafkaSettings.options(in: "\n\(name)=Secret-Horse") }
            #expect(
                error?.description.contains("line 2: \(name)") == true && error?.description.contains("Horse") == false)
        }
        #expect(throws: KafkaError.self) { try KafkaSettings.options(in: "Secret-Horse") }
    }

    @Test(
        "Settings that librdkafka refuses are named without their values",
        arguments: [("security.protocol", "Horse"), ("ssl.ca.location", "/nowhere/Horse"), ("sasl.unknown", "Horse")])
    func badOptions(name: String, value: String) throws {
        var settings = KafkaSettings(brokers: "127.0.0.1:1")
        settings.options = [.init(name: "security.protocol", value: "ssl"), .init(name: name, value: value)]
        let error = #expect(throws: KafkaError.self) { try KafkaProducer(settings) }
        guard case .settings(let reason) = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(reason.contains(name) && (name == "ssl.ca.location" || !reason.contains("Horse")))
    }

    @Test("A doctor counts brokers, and hears why there is none")
    func brokers() async throws {
        let kafka = try MockKafka()
        let producer = try KafkaProducer(KafkaSettings(brokers: kafka.brokers))
        #expect(try await producer.brokerCount() == 3)
        await producer.close()
        let nobody = try KafkaProducer(KafkaSettings(brokers: "127.0.0.1:1"))
        let error = await #expect(throws: KafkaError.self) { try await nobody.brokerCount() }
        #expect(error?.description.contains("127.0.0.1:1") == true)
        await nobody.close()
    }
}
