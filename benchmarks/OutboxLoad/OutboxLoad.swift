import Bus
import FoundationEssentials
import Glibc
import MockKafka
import Reactor
import SQL
import Synchronization
import Telemetry

/// `OutboxLoad sqlite:PATH|postgres://… COUNT`: so many facts of 50 keys lie in the outbox, and are sent to brokers in this process. Prints
/// seconds to record them, and seconds from the start of the drain until the last was reported.
@main
struct OutboxLoad {
    private static let keys = 50

    private struct Content: Codable { var number: Int }
    private struct Told: Decodable { var data: Content }

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let count = Int(arguments[2]) else { exit(64) }
        let location: DatabaseLocation =
            arguments[1].hasPrefix("sqlite:")
            ? .file(String(arguments[1].dropFirst(7))) : .postgreSQL(arguments[1])
        let database = try await Database.open(location, migrations: [ServerLease.migrations, Outbox.migrations])
        let kafka = try MockKafka()
        let outbox = Outbox(log: .silent)
        let recording = try await ContinuousClock().measure { try await record(count, in: outbox, database) }
        let producer = try KafkaProducer(KafkaSettings(brokers: kafka.brokers))
        let loops = try EventLoopGroup(count: 1)
        let drain = DrainOutbox(outbox: outbox, database: database, producer: producer, log: .silent)
        let (loop, clock) = (loops.next(), ContinuousClock())
        let start = clock.now
        let work = Task { await drain.run(on: loop) }
        while outbox.numbers.sent < count { try await loop.sleep(for: .milliseconds(1)) }
        let sending = clock.now - start
        work.cancel()
        await work.value
        await producer.close()
        await database.close()
        try check(kafka, count)
        print("{\"recording\": \(seconds(recording)), \"sending\": \(seconds(sending))}")
    }

    private static func record(_ count: Int, in outbox: Outbox, _ database: Database) async throws {
        for start in stride(from: 0, to: count, by: 500) {
            try await database.write { transaction in
                for number in start..<min(start + 500, count) {
                    let fact = try Fact("load.made", of: "key-\(number % keys)", at: Date(), Content(number: number))
                    try outbox.record(fact, in: transaction)
                }
            }
        }
    }

    /// All are there once, those of each key in order.
    private static func check(_ kafka: MockKafka, _ count: Int) throws {
        var last: [String: Int] = [:]
        var found = 0
        for message in try kafka.messages().flatMap(\.self) {
            let number = try JSONDecoder().decode(Told.self, from: Data(message.value.utf8)).data.number
            guard number > last[message.key] ?? -1 else { fatalError("\(message.key): \(number)") }
            last[message.key] = number
            found += 1
        }
        guard found == count else { fatalError("\(found) of \(count)") }
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }
}
