import Reactor
import SQL
import Storage
import Telemetry

/// Takes one task after the other from the queue, as long as its own task is not cancelled.
struct Worker: Sendable {
    enum Kind: Sendable {
        /// By priority.
        case steady
        /// Only what a viewer waits for, so that this never waits behind the others.
        case awaited
    }

    let workers: EncodingWorkers
    let kind: Kind
    let loop: EventLoop
    /// How long an idle worker sleeps at most: other servers ring no bell here.
    private static let idlePatience = Duration.seconds(5)
    /// How often something is tried beside the queue before its task alone is left to make it.
    private static let maxFailures = 3

    func run() async {
        while !Task.isCancelled, !workers.isDraining {
            var place: Place?
            if kind == .steady {
                place = await workers.places.take(on: loop)
                if place == nil { return }
            }
            let rings = workers.bell.rings
            do {
                let hasWorked =
                    switch kind {
                    case .steady: try await workOnNext(in: place)
                    case .awaited: try await workOnDemand()
                    }
                if hasWorked { continue }
            } catch is CancellationError {
                return
            } catch {
                workers.log.error("no task could be taken", ["error": .error(error)])
            }
            place?.giveBack()
            await workers.bell.wait(after: rings, patience: await idleTime(), on: loop)
        }
    }

    private func workOnNext(in place: Place?) async throws -> Bool {
        let (database, tasks) = (workers.database, workers.queue.tasks)
        // A look costs nothing; only a find is worth a transaction.
        guard try await database.read({ try tasks.hasNext(at: $0.currentTime(), in: $0) }),
            let task = try await database.claim({ try tasks.claim(at: $0.currentTime(), in: $0) })
        else { return false }
        await perform(task, in: place)
        return true
    }

    /// Pictures are made at once, also when a steady worker is at their chunk, because that may take long. For all
    /// else its task is taken.
    private func workOnDemand() async throws -> Bool {
        let (database, tasks) = (workers.database, workers.queue.tasks)
        for demand in workers.demands.all {
            switch demand.kind {
            case .copy: continue
            case let kind where !workers.settings.tasks.allows(kind): continue
            case .chunk: if try await make(demand) { return true }
            default:
                let task = try await database.claim {
                    try tasks.claim(demand.kind, chunk: demand.chunk, of: demand.video, at: $0.currentTime(), in: $0)
                }
                guard let task else { continue }
                workers.demands.serve(demand)
                await perform(task, in: nil)
                return true
            }
        }
        return false
    }

    /// - Returns: false when there is nothing to make, or when it was tried too often.
    private func make(_ demand: Demands.Demand) async throws -> Bool {
        let failures = workers.demands.failures(of: demand)
        guard failures < Self.maxFailures, try await workers.relay?.claim(demand) ?? true else { return false }
        workers.demands.serve(demand)
        let task = EncodingTask(
            id: TaskID(), video: demand.video, kind: .chunk, chunk: demand.chunk, priority: 0, attempts: failures + 1)
        let workers = workers
        let started = MonotonicTime.now
        let work = Task(executorPreference: loop) { try await workers.workshop.makeAwaited(demand, in: task) }
        workers.running.add(task) { work.cancel() }
        workers.demands.begun(demand) { work.cancel() }
        let result = await withTaskCancellationHandler {
            await work.result
        } onCancel: {
            work.cancel()
        }
        workers.demands.ended(demand)
        workers.running.remove(task)
        let log = workers.log.with([
            "video": LogValue(demand.video), "rendition": LogValue(demand.rendition),
            "segment": LogValue(demand.segment), "seconds": .seconds(MonotonicTime.now - started),
        ])
        switch result {
        case .success(let hasMade):
            if hasMade { log.debug("segment made for a viewer") }
            return hasMade
        case .failure(let error):
            try? await workers.relay?.release(demand)
            try Task.checkCancellation()
            workers.demands.countFailure(of: demand)
            if error is CancellationError { return true }
            log.warning("a segment that a viewer waits for could not be made", ["error": .error(error)])
            return true
        }
    }

    private func idleTime() async -> Duration {
        guard kind == .steady else { return Self.idlePatience }
        let pause = try? await workers.database.read { access in
            let now = try access.currentTime()
            return try TaskQueue.nextTime(after: now, in: access).map { Duration.microseconds($0 - now) }
        }
        return min(Self.idlePatience, max(.milliseconds(20), (pause ?? nil) ?? Self.idlePatience))
    }

    /// Runs the task while its lease is kept alive; the first of the two to end ends the other.
    private func perform(_ task: EncodingTask, in place: Place?) async {
        let started = MonotonicTime.now
        let work = Task(executorPreference: loop) {
            try await workers.workshop.run(task, effort: kind == .awaited ? .viewer : .background, in: place)
        }
        workers.running.add(task) { work.cancel() }
        let heart = Task(executorPreference: loop) { await keepLease(of: task) { work.cancel() } }
        let result = await withTaskCancellationHandler {
            await work.result
        } onCancel: {
            work.cancel()
        }
        heart.cancel()
        workers.running.remove(task)
        await conclude(task, result, after: MonotonicTime.now - started)
        await heart.value
        workers.bell.ring()
    }

    private func keepLease(of task: EncodingTask, lost: @Sendable () -> Void) async {
        let tasks = workers.queue.tasks
        while !Task.isCancelled {
            guard (try? await loop.sleep(for: workers.settings.lease / 3)) != nil else { return }
            let isOurs = try? await workers.database.write { try tasks.extend(task, at: $0.currentTime(), in: $0) }
            if isOurs == false { return lost() }
        }
    }

    private func conclude(_ task: EncodingTask, _ result: Result<Void, any Error>, after time: Duration) async {
        let fields: LogFields = [
            "video": LogValue(task.video), "task": LogValue(task.kind.rawValue), "chunk": LogValue(task.chunk),
            "attempt": LogValue(task.attempts), "seconds": .seconds(time),
        ]
        do {
            switch result {
            case .success:
                workers.countDone()
                workers.log.debug("task done", fields)
            case .failure(let error): try await fail(task, error, workers.log.with(fields))
            }
            if case .success = result { try await giveBackIfHeld(task) }
        } catch {
            workers.log.error("the outcome of a task could not be kept", ["error": .error(error)])
        }
    }

    /// A task that made only a part keeps its row and goes back into the queue.
    private func giveBackIfHeld(_ task: EncodingTask) async throws {
        let tasks = workers.queue.tasks
        try await workers.database.write { try tasks.giveBack(task, in: $0) }
    }

    private func fail(_ task: EncodingTask, _ error: any Error, _ log: Log) async throws {
        let (database, tasks, settings) = (workers.database, workers.queue.tasks, workers.settings)
        if error is CancellationError {
            log.info("task stopped")
            return try await database.write { try tasks.giveBack(task, in: $0) }
        }
        let words = "\(error)"
        if case StorageError.noSpace = error {
            log.error("no space to encode", ["error": LogValue(words)])
            return try await database.write {
                try tasks.postpone(task, until: $0.currentTime() + 30_000_000, words: words, in: $0)
            }
        }
        if case StorageError.unavailable = error {
            log.warning("the storage cannot be reached, the task waits for it", ["error": LogValue(words)])
            return try await database.write {
                try tasks.postpone(task, until: $0.currentTime() + 30_000_000, words: words, in: $0)
            }
        }
        let unplannable = error as? Unplannable
        let mayHelp = error is PlanFailure ? 2 : unplannable == nil ? settings.maxAttempts : 1
        if task.attempts >= min(mayHelp, settings.maxAttempts) {
            let code = unplannable?.code.rawValue ?? Ledger.encodingFailed
            let ledger = workers.queue.ledger
            let isRead = try await database.write { try ledger.fail(task, code: code, words: words, in: $0) }
            if isRead {
                log.warning("the source is read as a whole", ["reason": LogValue(words)])
            } else {
                log.error("task given up", ["error": LogValue(words)])
            }
            return
        }
        log.warning("task failed, tried again later", ["error": LogValue(words)])
        let delay = settings.retryDelay * Double(1 << min(task.attempts - 1, 10))
        let pause = error is PlanFailure ? 0 : delay.wholeNanoseconds / 1000
        try await database.write {
            try tasks.postpone(task, until: $0.currentTime() + pause, words: words, in: $0)
        }
    }
}
