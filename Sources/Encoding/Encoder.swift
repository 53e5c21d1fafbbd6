import Glibc
import Media
import Reactor
import SQL
import Sandbox
import Storage
import Telemetry

/// The service that turns stored originals into renditions and answers requests for their segments.
///
/// `run` works until its task is cancelled; everything else may be called from any loop at any time.
public final class Encoder: Sendable {
    public typealias ChangeHandler = @Sendable (Transaction, EncodingID, EncodingChange) throws -> Void

    let settings: EncodingSettings
    let database: Database
    let storage: LocalStorage
    let loops: EventLoopGroup
    let log: Log
    let now: @Sendable () -> Int64
    let ledger: Ledger
    let queue: TaskQueue
    let bell = Bell()
    let demands = Demands()
    let running = RunningTasks()
    let places: Places
    /// For looking into uploads: beside the tasks, but not more at once than the machine can bear.
    private let inspections: Places
    let presentations: PresentationCache
    let openSegments: OpenSegments
    let workshop: Workshop
    private let pool: BlockingPool

    /// - Parameter onChange: called inside the transaction that changes an encoding, to keep other rows in step;
    ///   what it throws takes the change back.
    /// - Parameter now: microseconds since 1970.
    /// - Throws: where there is no `palco` beside the running program to confine ffmpeg with.
    public init(
        settings: EncodingSettings, database: Database, storage: LocalStorage, loops: EventLoopGroup, log: Log,
        now: @escaping @Sendable () -> Int64 = Encoder.systemTime, onChange: @escaping ChangeHandler
    ) throws {
        self.settings = settings
        self.database = database
        self.storage = storage
        self.loops = loops
        self.log = log
        self.now = now
        places = Places(settings.workerCount)
        inspections = Places(settings.workerCount)
        pool = try BlockingPool(name: "encoding", threads: settings.workerCount + 1)
        let presentations = PresentationCache(database: database)
        self.presentations = presentations
        let openSegments = OpenSegments()
        self.openSegments = openSegments
        queue = TaskQueue(
            owner: "\(Self.hostPrefix)\(getpid())/\(UInt32.random(in: 0...(.max)))", lease: settings.lease)
        ledger = Ledger(queue: queue, now: now, onChange: onChange) { [bell] id, isMeasurement in
            if isMeasurement {
                presentations.outdate(id)
            } else {
                presentations.forget(id)
                openSegments.forget(id)
            }
            bell.ring()
        } stopped: { [running] id in
            running.cancel(id)
        }
        let tool = MediaTool(settings: settings, sandbox: try Sandbox(), loops: loops)
        workshop = Workshop(
            settings: settings, database: database, storage: storage, reader: ConfinedReader(tool: tool, pool: pool),
            pool: pool, queue: queue, ledger: ledger, demands: demands)
    }

    /// Where running tasks have their files; what a stopped process left there belongs to nobody.
    public static let workFolder = VideoFiles.work

    /// Microseconds since 1970 by the system's clock.
    @Sendable public static func systemTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    /// Leases of this machine begin with it. The data folder has one server at a time, which its lock sees to.
    private static let hostPrefix: String = {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) + "/"
    }()

    /// Releases what an earlier process left, then works until cancelled; ends when its children are gone.
    ///
    /// - Parameters:
    ///   - trapped: the earlier process was ended by a trap of its own, for which its tasks are suspects.
    ///   - isSafe: false where the kernel confines nothing: then the tasks wait until it does.
    public func run(afterTrap trapped: Bool = false, isSafe: Bool = true) async throws {
        if trapped { try await giveUpSuspects() } else { try await release() }
        guard isSafe else { return await idle() }
        await withTaskGroup(of: Void.self) { group in
            // One more than there are places: it takes over while another stores what it made.
            for _ in 0...max(1, settings.workerCount) { start(.steady, in: &group) }
            start(.awaited, in: &group)
            await group.waitForAll()
        }
        await close()
    }

    private func release() async throws {
        let prefix = Self.hostPrefix
        let released = try await database.write { try TaskQueue.releaseAll(ownedBy: prefix, in: $0) }
        if released > 0 { log.info("tasks of a stopped server go on", ["count": LogValue(released)]) }
    }

    /// What ended the server again and again must not end this one too. Everything stays where it is: an administrator may
    /// look at it and have it tried again.
    private func giveUpSuspects() async throws {
        let (prefix, ledger) = (Self.hostPrefix, ledger)
        let guilty = try await database.write { transaction in
            let guilty = try TaskQueue.releaseSuspects(ownedBy: prefix, in: transaction)
            for task in guilty {
                try ledger.giveUp(
                    task, code: InspectionError.Code.corruptFile.rawValue,
                    words: "the server ended \(TaskQueue.mostTraps) times while this was done: \(task.kind.rawValue)",
                    in: transaction)
            }
            return guilty
        }
        for task in guilty {
            log.error(
                "a task that ended the server is not run again",
                ["video": LogValue(task.video), "task": LogValue(task.kind.rawValue), "chunk": LogValue(task.chunk)])
        }
    }

    private func idle() async {
        while !Task.isCancelled {
            await bell.wait(after: bell.rings, patience: .seconds(3600), on: EventLoop.current ?? loops.next())
        }
        await close()
    }

    /// Ends the threads of an encoder that never ran; `run` does it itself.
    public func close() async { await pool.shutdown() }

    private func start(_ kind: Worker.Kind, in group: inout TaskGroup<Void>) {
        let loop = loops.next()
        let worker = Worker(encoder: self, kind: kind, loop: loop)
        group.addTask(executorPreference: loop) { await worker.run() }
    }

    /// Looks at a stored upload in the sandbox, when its turn has come. Throws `InspectionError` for what cannot become a
    /// video.
    /// - Parameter onTurn: called when it begins.
    public func inspect(path: String, onTurn: @Sendable () -> Void = {}) async throws -> MediaFacts {
        guard let place = await inspections.take(on: EventLoop.current ?? loops.next()) else {
            throw CancellationError()
        }
        defer { place.giveBack() }
        onTurn()
        return try await InspectMedia(reader: workshop.reader, limits: settings.limits)(path)
    }

    /// Puts a video into the queue, inside the caller's transaction. Its original is at `videos/{id}/original`.
    public func enqueue(_ transaction: Transaction, _ id: EncodingID, facts: MediaFacts) throws {
        try EncodingStore.insert(id, facts: facts, at: now(), in: transaction)
        if facts.soundStart == nil {
            try TaskQueue.add(.plan, of: id, priority: EncodingTask.Priority.plan, in: transaction)
        } else {
            // There is no index of it.
            try EncodingStore.setNeedsMezzanine(id, in: transaction)
            try TaskQueue.add(.mezzanine, of: id, priority: EncodingTask.Priority.first, in: transaction)
        }
        transaction.afterCommit { [bell] in bell.ring() }
    }

    /// Takes a video out of the queue and stops what runs for it once the transaction is kept. Its files are the
    /// caller's to remove.
    public func remove(_ transaction: Transaction, _ id: EncodingID) throws {
        try EncodingStore.remove(id, in: transaction)
        transaction.afterCommit { [running, presentations, openSegments, bell] in
            running.cancel(id)
            presentations.forget(id)
            openSegments.forget(id)
            bell.ring()
        }
    }

    /// For those who watch over the server: how many tasks are `waiting`, `running` and `failed`.
    public func taskCounts() async throws -> [String: TaskCount] {
        let moment = now()
        return try await database.scan { try TaskQueue.countsByState(at: moment, in: $0) }
    }

    /// Runs what failed again. Answers whether there was anything failed.
    @discardableResult
    public func retry(_ transaction: Transaction, _ id: EncodingID) throws -> Bool {
        guard let record = try EncodingStore.record(id, in: transaction) else { return false }
        guard try EncodingStore.forgive(id, in: transaction) > 0 else { return false }
        try EncodingStore.setState(record.plan == nil ? .waiting : .planned, of: id, in: transaction)
        try ledger.settle(id, in: transaction)
        return true
    }
}
