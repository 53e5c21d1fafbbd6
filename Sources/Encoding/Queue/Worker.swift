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

    let encoder: Encoder
    let kind: Kind
    let loop: EventLoop
    private static let heartbeat = Duration.seconds(10)
    /// How long an idle worker sleeps at most: other servers ring no bell here.
    private static let idlePatience = Duration.seconds(5)

    func run() async {
        while !Task.isCancelled {
            var place: Place?
            if kind == .steady {
                place = await encoder.places.take(on: loop)
                if place == nil { return }
            }
            let rings = encoder.bell.rings
            do {
                if let task = try await claim() {
                    await perform(task, in: place)
                    continue
                }
            } catch is CancellationError {
                return
            } catch {
                encoder.log.error("no task could be taken", ["error": .error(error)])
            }
            place?.giveBack()
            await encoder.bell.wait(after: rings, patience: await idleTime(), on: loop)
        }
    }

    private func claim() async throws -> EncodingTask? {
        let (encoder, now) = (encoder, encoder.now())
        switch kind {
        case .steady:
            // A look costs nothing; only a find is worth a transaction.
            guard let next = try await encoder.database.read({ try TaskQueue.nextTime(in: $0) }), next <= now else {
                return nil
            }
            return try await encoder.database.write { try encoder.queue.claim(at: now, in: $0) }
        case .awaited:
            for demand in encoder.demands.all where demand.kind != .copy {
                let task = try await encoder.database.write {
                    try encoder.queue.claim(demand.kind, chunk: demand.chunk, of: demand.video, at: now, in: $0)
                }
                if let task { return task }
            }
            return nil
        }
    }

    private func idleTime() async -> Duration {
        let next = try? await encoder.database.read { try TaskQueue.nextTime(in: $0) }
        guard kind == .steady, let time = next.flatMap({ $0 }) else { return Self.idlePatience }
        return min(Self.idlePatience, max(.milliseconds(20), .microseconds(time - encoder.now())))
    }

    /// Runs the task while its lease is kept alive; the first of the two to end ends the other.
    private func perform(_ task: EncodingTask, in place: Place?) async {
        let started = MonotonicTime.now
        let work = Task(executorPreference: loop) {
            try await encoder.workshop.run(task, isAwaited: kind == .awaited, in: place)
        }
        encoder.running.add(task) { work.cancel() }
        let heart = Task(executorPreference: loop) { await keepLease(of: task) { work.cancel() } }
        let result = await withTaskCancellationHandler {
            await work.result
        } onCancel: {
            work.cancel()
        }
        heart.cancel()
        encoder.running.remove(task)
        await conclude(task, result, after: MonotonicTime.now - started)
        await heart.value
        encoder.bell.ring()
    }

    private func keepLease(of task: EncodingTask, lost: @Sendable () -> Void) async {
        let encoder = encoder
        while !Task.isCancelled {
            guard (try? await loop.sleep(for: Self.heartbeat)) != nil else { return }
            let isOurs = try? await encoder.database.write {
                try encoder.queue.extend(task, at: encoder.now(), in: $0)
            }
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
            case .success: encoder.log.debug("task done", fields)
            case .failure(let error): try await fail(task, error, encoder.log.with(fields))
            }
            if case .success = result { try await giveBackIfHeld(task) }
        } catch {
            encoder.log.error("the outcome of a task could not be kept", ["error": .error(error)])
        }
    }

    /// A task that made only a part keeps its row and goes back into the queue.
    private func giveBackIfHeld(_ task: EncodingTask) async throws {
        let queue = encoder.queue
        try await encoder.database.write { try queue.giveBack(task, in: $0) }
    }

    private func fail(_ task: EncodingTask, _ error: any Error, _ log: Log) async throws {
        let (encoder, settings, now) = (encoder, encoder.settings, encoder.now())
        if error is CancellationError {
            log.info("task stopped")
            return try await encoder.database.write { try encoder.queue.giveBack(task, in: $0) }
        }
        let words = "\(error)"
        if case StorageError.noSpace = error {
            log.error("no space to encode", ["error": LogValue(words)])
            return try await encoder.database.write {
                try encoder.queue.postpone(task, until: now + 30_000_000, words: words, in: $0)
            }
        }
        if task.attempts >= settings.maxAttempts || error is PlanVideo.Unplannable {
            log.error("task given up", ["error": LogValue(words)])
            let code = error is PlanVideo.Unplannable ? "corrupt_file" : "encoding_failed"
            return try await encoder.database.write {
                try encoder.ledger.fail(task, code: code, words: words, in: $0)
            }
        }
        log.warning("task failed, tried again later", ["error": LogValue(words)])
        let delay = settings.retryDelay * Double(1 << min(task.attempts - 1, 10))
        let pause = delay.wholeNanoseconds / 1000
        try await encoder.database.write {
            try encoder.queue.postpone(task, until: now + pause, words: words, in: $0)
        }
    }
}
