import Media
import Reactor
import SQL
import Storage
import Synchronization
import Telemetry

/// The workers of this process: they turn stored originals into renditions, one task of the queue after the other.
public final class EncodingWorkers: Sendable {
    /// Where running tasks have their files; what a stopped process left there belongs to nobody.
    public static let workFolder = VideoFiles.work

    let queue: EncodingQueue
    let settings: EncodingSettings
    let loops: EventLoopGroup
    let log: Log
    let running = RunningTasks()
    let places: Places
    let workshop: Workshop
    /// Nil where nobody waits for these workers but this process.
    let relay: DemandRelay?
    private let registry: WorkerRegistry?
    private let draining = Atomic(false)
    private let doneCount = Atomic(0)

    /// - Parameter log: of what becomes of tasks.
    public init(_ queue: EncodingQueue, tools: EncodingTools, storage: StorageServices, log: Log) {
        self.queue = queue
        settings = tools.settings
        loops = tools.loops
        self.log = log
        places = Places(settings.workerCount)
        workshop = Workshop(
            settings: settings, database: queue.database, storage: storage, reader: tools.reader, pool: tools.pool,
            queue: queue.tasks, ledger: queue.ledger, demands: queue.demands)
        relay = DemandRelay(queue)
        registry = queue.database.isShared ? WorkerRegistry(queue, settings: settings) : nil
        queue.signals.listen { [running] change, id in
            guard change == .stopped || change == .removed, let id else { return }
            running.cancel(id)
        }
    }

    var database: Database { queue.database }
    var bell: Bell { queue.signals.bell }
    var demands: Demands { queue.demands }

    /// Releases what an earlier process left, then works until cancelled; ends when its children are gone.
    ///
    /// - Parameters:
    ///   - trapped: the earlier process was ended by a trap of its own, for which its tasks are suspects.
    ///   - isSafe: false where the kernel confines nothing: then the tasks wait until it does.
    public func run(afterTrap trapped: Bool = false, isSafe: Bool = true) async throws {
        defer { close() }
        if trapped { try await giveUpSuspects() } else { try await release() }
        guard isSafe, settings.workerCount > 0 else { return await idle() }
        await withTaskGroup(of: Void.self) { group in
            // One more than there are places: it takes over while another stores what it made.
            for _ in 0...settings.workerCount { start(.steady, in: &group) }
            start(.awaited, in: &group)
            let beside = Task { await workBeside() }
            await withTaskCancellationHandler {
                await group.waitForAll()
            } onCancel: {
                beside.cancel()
            }
            beside.cancel()
            await beside.value
        }
    }

    /// Nothing new is begun; `run` ends with what is in hand.
    public func drain() {
        draining.store(true, ordering: .releasing)
        places.close()
        bell.ring()
    }

    var isDraining: Bool { draining.load(ordering: .acquiring) }

    func countDone() { doneCount.wrappingAdd(1, ordering: .relaxed) }

    /// Follows what is wished elsewhere, and says that these workers are here.
    private func workBeside() async {
        guard let relay, let registry else { return }
        let loop = loops.next()
        await withTaskGroup(of: Void.self) { [self] group in
            group.addTask(executorPreference: loop) { [log] in await relay.follow(on: loop, log: log) }
            group.addTask(executorPreference: loop) { [self] in
                while !Task.isCancelled {
                    do {
                        try await registry.beat(done: doneCount.load(ordering: .relaxed), isDraining: isDraining)
                        try await relay.tidy()
                    } catch {
                        log.error("the workers could not say that they are here", ["error": .error(error)])
                    }
                    try? await loop.sleep(for: WorkerRegistry.interval)
                }
            }
        }
        try? await Task { try await registry.leave() }.value
    }

    /// Nothing is held any more under the name of this process; `run` does it by itself.
    public func close() { queue.owner.close() }

    private func release() async throws {
        let released = try await database.write { try TaskQueue.releaseAll(of: TaskQueue.goneOwners(in: $0), in: $0) }
        if released > 0 { log.info("tasks of a stopped server go on", ["count": LogValue(released)]) }
    }

    /// What ended the server again and again must not end this one too. Everything stays where it is: an administrator may
    /// look at it and have it tried again.
    private func giveUpSuspects() async throws {
        let ledger = queue.ledger
        let guilty = try await database.write { transaction in
            let guilty = try TaskQueue.releaseSuspects(
                of: TaskQueue.goneOwners(in: transaction), in: transaction)
            for task in guilty {
                try ledger.giveUp(
                    task, code: ContentRefusal.corruptFile.rawValue,
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
    }

    private func start(_ kind: Worker.Kind, in group: inout TaskGroup<Void>) {
        let loop = loops.next()
        let worker = Worker(workers: self, kind: kind, loop: loop)
        group.addTask(executorPreference: loop) { await worker.run() }
    }
}
