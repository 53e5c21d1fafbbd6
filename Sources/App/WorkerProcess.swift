import Accounts
import Bus
import Encoding
import Glibc
import HTTPClient
import Reactor
import SQL
import Sandbox
import Security
import Storage
import Telemetry
import Videos

/// `palco worker`: the workers of a server's queue in a process of their own, on any machine. It has no port; it needs the
/// server's database and storage.
public struct WorkerProcess: Sendable {
    /// So long may what is in hand take after the first signal; whoever restarts machines waits a little longer.
    private static let patience = Duration.seconds(25)

    private let loops: EventLoopGroup
    private let pool: BlockingPool
    private let folder: DataFolder
    private let storage: StorageServices
    private let database: Database
    private let queue: EncodingQueue
    private let tools: EncodingTools
    private let workers: EncodingWorkers
    private let hasTrapped: Bool
    /// What other systems are told; a server sends it.
    private let outbox: Outbox?
    private let log: Log

    /// Works until a signal. The first lets what is in hand be finished, half a minute at most; the second gives it back.
    public static func run(_ settings: Settings, log: Log, signals: SignalStream) async throws {
        defer { log.flush() }
        let process = try await WorkerProcess(settings, log: log)
        let loop = process.loops.loops[0]
        log.info("working", ["places": .init(settings.workerCount)])
        let result: Result<Void, any Error>
        do {
            result = .success(try await process.work(on: loop, signals))
        } catch {
            result = .failure(error)
        }
        await process.stop()
        try result.get()
        log.info("stopped")
    }

    private init(_ settings: Settings, log: Log) async throws {
        guard settings.databaseAddress != nil else { throw WorkerRefusal.noDatabase }
        guard settings.workerCount > 0 else { throw WorkerRefusal.noPlaces }
        let sandbox = SandboxCheck(accepting: settings.acceptedSandboxWeaknesses) { try Sandbox().report() }
        sandbox.write(to: log)
        guard sandbox.acceptsUploads else { throw WorkerRefusal.noSandbox }
        self.log = log
        try Server.makePrivateFolder(settings.dataFolder)
        loops = try EventLoopGroup(count: 1)
        pool = try BlockingPool(name: "files", threads: 4)
        do {
            folder = try DataFolder(root: settings.dataFolder, pool: pool, reserve: settings.diskReserveBytes)
            storage = try settings.openStorage(
                folder, pool: pool, loops: loops, outgoing: OutgoingCounts(), log: log)
            guard storage.blobs.isShared else { throw WorkerRefusal.noStorage }
            hasTrapped = try CrashMark.arm(path: "\(settings.dataFolder)/.trap") != nil
            database = try await Database.open(settings.database, migrations: Server.migrations)
            Server.tellNewer(database, log)
            do { try await Installation(database: database).claim(storage.places) } catch {
                await database.close()
                throw error
            }
            // Nobody listens here; those who do are told by the database.
            let outbox = settings.kafkaBrokers.map { _ in Outbox(log: log) }
            self.outbox = outbox
            let follow = FollowEncoding(
                events: VideoEvents(loops), facts: outbox, audit: AuditLog(database: database),
                keeping: settings.videos.longestGrant, now: { [database] in database.now })
            queue = EncodingQueue(settings.encoding, database, follow)
            tools = try EncodingTools(settings: settings.encoding, loops: loops)
            workers = EncodingWorkers(queue, tools: tools, storage: storage, log: log)
        } catch {
            await pool.shutdown()
            await loops.shutdown()
            throw error
        }
    }

    private func work(on loop: EventLoop, _ signals: SignalStream) async throws {
        let (workers, hasTrapped, log) = (workers, hasTrapped, log)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            if let outbox {
                group.addTask(executorPreference: loop) { [database] in
                    await outbox.keep(in: database, on: loop)
                    return false
                }
            }
            group.addTask(executorPreference: loop) {
                try await workers.run(afterTrap: hasTrapped)
                return true
            }
            group.addTask(executorPreference: loop) { [self] in
                await hear()
                return false
            }
            group.addTask(executorPreference: loop) {
                guard let signal = await signals.next(on: loop) else { return false }
                log.info("stopping when what is in hand is done", ["signal": .init(signal.rawValue)])
                workers.drain()
                await Self.first(
                    of: { _ = await signals.next(on: loop) }, { try? await loop.sleep(for: Self.patience) })
                return true
            }
            // The end of the work, of the patience, or a failure.
            while let isOver = try await group.next(), !isOver {}
            group.cancelAll()
            while let result = await group.nextResult() {
                if case .failure(let error) = result, !(error is CancellationError) { throw error }
            }
        }
    }

    private static func first(
        of one: @escaping @Sendable () async -> Void, _ other: @escaping @Sendable () async -> Void
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await one() }
            group.addTask { await other() }
            await group.next()
            group.cancelAll()
        }
    }

    /// What servers and other workers announce.
    private func hear() async {
        guard let heard = database.heard else { return }
        for await one in heard {
            switch one {
            case .gap: queue.heard(nil)
            case .announcement(let told) where told.topic == EncodingQueue.topic: queue.heard(told)
            case .announcement: break
            }
        }
    }

    private func stop() async {
        workers.close()
        await tools.close()
        await database.close()
        await storage.close()
        await pool.shutdown()
        folder.close()
        await loops.shutdown()
    }
}

/// Why a worker cannot work here.
public enum WorkerRefusal: Error, Sendable, CustomStringConvertible {
    case noDatabase, noStorage, noPlaces, noSandbox

    public var description: String {
        switch self {
        case .noDatabase:
            "a worker shares the server's database, and SQLite belongs to the one server that has its file: set PALCO_DATABASE to the PostgreSQL of the server; palco database copy moves what is there"
        case .noStorage:
            "a worker shares the server's media: set PALCO_STORAGE to the same bucket as the server's, or to the same folder by a file system that both have mounted"
        case .noPlaces: "PALCO_WORKERS is 0, so this worker would do nothing"
        case .noSandbox: "strangers' files are not read without the sandbox; palco doctor says what is missing"
        }
    }
}
