import Encoding
import FoundationEssentials
import Glibc
import Identifiers
import SQL

/// `QueueLoad postgres://… WAITING WORKERS SECONDS`: so many tasks wait in a new database, and so many workers with connections of their
/// own take one after the other and call it done. Prints how many each second, and the time of a taking.
@main
struct QueueLoad {
    private static let tasksOfOne = 100

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 5, let waiting = Int(arguments[2]), let workers = Int(arguments[3]),
            let seconds = Int(arguments[4])
        else { exit(64) }
        let location = DatabaseLocation.postgreSQL(arguments[1], connections: 3)
        let database = try await Database.open(location, migrations: [EncodingQueue.migrations])
        try await fill(database, waiting)
        let clock = ContinuousClock()
        let start = clock.now
        let end = start + .seconds(seconds)
        let times = try await withThrowingTaskGroup(of: [Double].self) { group in
            for _ in 0..<workers {
                group.addTask { try await work(on: location, until: end) }
            }
            var times: [Double] = []
            for try await some in group { times += some }
            return times
        }
        let elapsed = Self.seconds(clock.now - start)
        let left = try await database.read { try $0.first("SELECT COUNT(*) AS n FROM encoding_tasks")?.value("n") ?? 0 }
        // Each was taken by one worker only.
        guard waiting - times.count == left else { fatalError("\(waiting) - \(times.count) is not \(left)") }
        await database.close()
        let sorted = times.sorted()
        print(
            "{\"claims\": \(Double(times.count) / elapsed), \"median\": \(sorted[sorted.count / 2] * 1000), \"p99\": \(sorted[sorted.count * 99 / 100] * 1000)}"
        )
    }

    /// How long each taking took, in seconds.
    private static func work(on location: DatabaseLocation, until end: ContinuousClock.Instant) async throws -> [Double]
    {
        let database = try await Database.open(location, migrations: [EncodingQueue.migrations])
        let queue = EncodingQueue(settings: EncodingSettings(), database: database) { _, _, _ in }
        let clock = ContinuousClock()
        var times: [Double] = []
        while clock.now < end {
            let start = clock.now
            guard let task = try await database.claim({ try queue.tasks.claim(at: $0.currentTime(), in: $0) }) else {
                fatalError("nothing is left: more tasks are needed")
            }
            times.append(seconds(clock.now - start))
            try await database.claim { try queue.tasks.finish(task, in: $0) }
        }
        await database.close()
        return times
    }

    private static func fill(_ database: Database, _ waiting: Int) async throws {
        for start in stride(from: 0, to: waiting, by: tasksOfOne * 10) {
            try await database.write { transaction in
                for first in stride(from: start, to: min(start + tasksOfOne * 10, waiting), by: tasksOfOne) {
                    let video = "\(EncodingID())"
                    try transaction.execute(
                        "INSERT INTO encodings (video_id, state, facts, warnings, created_at) VALUES ($1, 'planned', '{}', '[]', 0)",
                        video)
                    try transaction.execute(
                        "INSERT INTO encoding_turns (video_id, priority, served_at) VALUES ($1, 50, 0)", video)
                    for chunk in 0..<min(tasksOfOne, waiting - first) {
                        try transaction.execute(
                            "INSERT INTO encoding_tasks (id, video_id, kind, chunk, priority) VALUES ($1, $2, 'chunk', $3, 50)",
                            "\(EncodingID())", video, chunk)
                    }
                }
            }
        }
        // As autovacuum does by itself after a while.
        _ = try await database.write { try $0.execute("ANALYZE encoding_tasks, encoding_turns") }
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }
}
