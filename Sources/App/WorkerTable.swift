import Encoding
import SQL

extension Server {
    /// `palco workers`: all processes that encode for the database, as a table for people.
    public static func workerTable(_ settings: Settings) async throws -> String {
        guard settings.databaseAddress != nil else {
            return "With SQLite the server itself encodes; workers of their own need PostgreSQL (PALCO_DATABASE)."
        }
        let database = try await Database.open(settings.database, migrations: migrations)
        let result: Result<[WorkerReport], any Error>
        do { result = .success(try await EncodingQueue.workers(of: database)) } catch { result = .failure(error) }
        await database.close()
        let workers = try result.get()
        guard !workers.isEmpty else {
            return "No worker is there. Start one with palco worker, or palco serve with PALCO_WORKERS above 0."
        }
        return table(of: workers)
    }

    static func table(of workers: [WorkerReport]) -> String {
        let head = ["HOST", "PROCESS", "STATE", "TASKS", "DONE", "KINDS", "LINES", "RUNS FOR", "HEARD", "VERSION"]
        return TextTable.aligned([head] + workers.map(cells))
    }

    private static func cells(_ worker: WorkerReport) -> [String] {
        [
            worker.host, "\(worker.process)", worker.state.rawValue, "\(worker.running) of \(worker.places)",
            "\(worker.done)", worker.kinds?.joined(separator: ",") ?? "all",
            worker.maxLines.map { "\($0)" } ?? "any", words(worker.age), "\(words(worker.silence)) ago", worker.version,
        ]
    }

    private static func words(_ time: Duration) -> String {
        let seconds = time.components.seconds
        return switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3600: "\(seconds / 60) min"
        case ..<86_400: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) d"
        }
    }
}
