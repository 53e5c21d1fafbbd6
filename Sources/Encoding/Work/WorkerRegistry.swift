import Glibc
import SQL

/// The processes that encode, as each says of itself every few seconds: for those who watch over them.
struct WorkerRegistry: Sendable {
    static let interval = Duration.seconds(10)
    /// Who is not heard of for so long is gone, in microseconds.
    static let silence: Int64 = 60_000_000
    /// Rows of those who ended without a word are kept for so long, in microseconds.
    private static let kept: Int64 = 86_400_000_000

    private let database: Database
    private let owner: LeaseOwner
    private let settings: EncodingSettings

    init(_ queue: EncodingQueue, settings: EncodingSettings) {
        database = queue.database
        owner = queue.owner
        self.settings = settings
    }

    func beat(done: Int, isDraining: Bool) async throws {
        let (owner, settings) = (owner, settings)
        try await database.claim { transaction in
            let now = try transaction.currentTime()
            try transaction.execute(
                """
                INSERT INTO encoding_workers (owner, host, process, version, places, kinds, max_lines, is_draining, done_count,
                started_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
                ON CONFLICT (owner) DO UPDATE SET is_draining = $8, done_count = $9, seen_at = $10
                """, "\(owner)", Self.hostName, Int(getpid()), settings.version, settings.workerCount,
                settings.tasks.kindNames?.joined(separator: ","), settings.tasks.maxLines, isDraining, done, now)
            try transaction.execute("DELETE FROM encoding_workers WHERE seen_at < $1", now - Self.kept)
        }
    }

    func leave() async throws {
        let owner = owner
        _ = try await database.claim { try $0.execute("DELETE FROM encoding_workers WHERE owner = $1", "\(owner)") }
    }

    private static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "?" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A process that encodes.
public struct WorkerReport: Sendable, Equatable {
    public enum State: String, Sendable, CaseIterable {
        case idle, working
        /// It ends with what it has in hand.
        case draining
        /// It was not heard of for a minute.
        case lost
    }

    public var host: String
    public var process: Int
    public var version: String
    public var state: State
    /// Tasks that it does at once, at most.
    public var places: Int
    /// Tasks that it has in hand.
    public var running: Int
    /// Tasks that it has done.
    public var done: Int
    public var kinds: [String]?
    public var maxLines: Int?
    /// Since it began, and since it was heard of.
    public var age: Duration
    public var silence: Duration
}

extension EncodingQueue {
    /// All processes that encode for this database; empty where only the server itself can.
    public static func workers(of database: Database) async throws -> [WorkerReport] {
        try await database.scan { access in
            let now = try access.currentTime()
            return try access.query(
                """
                SELECT w.*, (SELECT COUNT(*) FROM encoding_tasks t WHERE t.lease_owner = w.owner) AS running
                FROM encoding_workers w ORDER BY w.host, w.process, w.owner
                """
            ).map { try WorkerReport($0, at: now) }
        }
    }
}

extension WorkerReport {
    fileprivate init(_ row: Row, at now: Int64) throws {
        host = try row.value("host")
        process = try row.value("process")
        version = try row.value("version")
        places = try row.value("places")
        running = try row.value("running")
        done = try row.value("done_count")
        kinds = try row.value("kinds", as: String?.self).map { $0.split(separator: ",").map(String.init) }
        maxLines = try row.value("max_lines")
        age = .microseconds(now - (try row.value("started_at", as: Int64.self)))
        let seenAt: Int64 = try row.value("seen_at")
        silence = .microseconds(max(0, now - seenAt))
        state =
            now - seenAt > WorkerRegistry.silence
            ? .lost : try row.value("is_draining", as: Bool.self) ? .draining : running > 0 ? .working : .idle
    }
}
