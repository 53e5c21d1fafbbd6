import FoundationEssentials
import MockKafka
import Reactor
import SQL
import Telemetry

@testable import Bus
@testable import TestSupport

/// An outbox in a database of its own, brokers, and whoever drains.
struct OutboxHouse {
    static let shelf: MigrationSet = [
        Migration("shelf-0001", ["CREATE TABLE books (id TEXT PRIMARY KEY, state BIGINT NOT NULL)"])
    ]

    static let migrations = [shelf, ServerLease.migrations, Outbox.migrations]

    let folder: TemporaryFolder
    let location: DatabaseLocation
    let database: Database
    let kafka: MockKafka
    let log = CapturedLog()
    let outbox: Outbox
    let loops: EventLoopGroup

    init(_ engine: Engine, limit: Int = Outbox.usualLimit, partitions: Int32 = 4) async throws {
        folder = try TemporaryFolder()
        location = try engine.location(in: folder)
        database = try await Database.open(location, migrations: Self.migrations)
        kafka = try MockKafka(partitions: partitions)
        outbox = Outbox(log: Log(sink: log), limit: limit)
        loops = try EventLoopGroup(count: 1)
    }

    struct Content: Codable {
        var number: Int
        var text: String?
    }

    private struct Told: Decodable {
        var id: String
        var key: String
        var data: Content
    }

    static func fact(_ key: String, _ number: Int, _ text: String? = nil) throws -> Fact {
        try Fact("book.read", of: key, at: Date(), Content(number: number, text: text))
    }

    /// Changes the row of a key, and tells so.
    func change(_ key: String, _ number: Int, at database: Database? = nil) async throws {
        let outbox = outbox
        try await (database ?? self.database).write { transaction in
            try transaction.execute(
                "INSERT INTO books (id, state) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET state = $2", key, number)
            try outbox.record(Self.fact(key, number), in: transaction)
        }
    }

    func rowCount() async throws -> Int {
        let store = outbox.store
        return try await database.read { try store.count(in: $0).count }
    }

    /// Sends while `body` runs.
    func draining(_ body: () async throws -> Void) async throws {
        let work = try draining(as: outbox, at: database)
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
        await work.end()
        try outcome.get()
    }

    /// As another server does it.
    func draining(as outbox: Outbox, at database: Database) throws -> Draining {
        let producer = try KafkaProducer(KafkaSettings(brokers: kafka.brokers))
        let drain = DrainOutbox(outbox: outbox, database: database, producer: producer, log: Log(sink: log))
        let loop = loops.next()
        return Draining(task: Task { await drain.run(on: loop) }, producer: producer)
    }

    struct Draining {
        let task: Task<Void, Never>
        let producer: KafkaProducer

        func end() async {
            task.cancel()
            await task.value
            await producer.close()
        }
    }

    /// The numbers of each key, as they arrived: what comes again counts once, as it does for whoever reads.
    func arrived() async throws -> [String: [Int]] {
        var (seen, numbers): (Set<String>, [String: [Int]]) = ([], [:])
        for message in try await messages() {
            let told = try JSONDecoder().decode(Told.self, from: Data(message.value.utf8))
            guard told.key == message.key, seen.insert(told.id).inserted else { continue }
            numbers[told.key, default: []].append(told.data.number)
        }
        return numbers
    }

    func messages() async throws -> [MockKafka.Message] {
        let pool = try BlockingPool(name: "reader", threads: 1)
        let messages = try await pool.run { [kafka] in try kafka.messages() }
        await pool.shutdown()
        return messages.flatMap(\.self)
    }

    func close() async {
        await database.close()
        await loops.shutdown()
    }
}

enum Engine: CaseIterable, Sendable {
    case sqlite, postgreSQL

    func location(in folder: TemporaryFolder) throws -> DatabaseLocation {
        switch self {
        case .sqlite: .file("\(folder.path)/db.sqlite")
        case .postgreSQL: try TestDatabase.postgreSQL()
        }
    }
}
