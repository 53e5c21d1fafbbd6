import CSystem
import Glibc
import Synchronization
import Telemetry

/// One thread that waits on epoll and runs what became ready: descriptors, timers, messages and Swift jobs.
///
/// As a `TaskExecutor` it runs tasks that prefer it; as a `SerialExecutor` it can own an actor. A connection's task
/// prefers its loop, so its code never changes threads: every continuation it waits on resumes into this loop's queue.
///
/// - Rule: state marked loop-confined is touched on its loop's thread only; it traps elsewhere (`preconditionOnLoop`).
/// - Why: no locks on the path of a request.
/// - Advice: from another thread send a message with `execute`.
public final class EventLoop: TaskExecutor, SerialExecutor, @unchecked Sendable {
    // @unchecked: `inbox` and `isStopping` are under `Mutex`es; every other variable is confined to the loop's thread.

    /// What other threads send. `isAwake` says that the loop will look again without being woken.
    private struct Inbox {
        var jobs: [UnownedJob] = []
        var messages: [@Sendable () -> Void] = []
        var wakeSent = false
        var isStopping = false
    }

    public let name: String
    /// Its place in its group.
    public let index: Int
    private let epoll: Int32
    private let wakeup: Int32
    private let inbox = Mutex(Inbox())
    /// The loop's thread while it runs; what belongs to the loop asks for it all the time.
    private let thread = Atomic<UInt>(0)
    private let stopped = Mutex<(done: Bool, waiters: [UnsafeContinuation<Void, Never>])>((false, []))

    @exclusivity(unchecked) private var ready: [UnownedJob] = []
    @exclusivity(unchecked) private var running: [UnownedJob] = []
    @exclusivity(unchecked) private var messages: [@Sendable () -> Void] = []
    private let timers = TimerHeap()
    @exclusivity(unchecked) private var watches: [Watch?] = []
    private var freeWatches: [Int] = []
    private var generation: UInt32 = 0
    /// Of connections that no server took: those that were opened from here.
    private(set) lazy var outgoing = ConnectionSet.Part(loop: self)

    /// Room for whoever uses it without letting anybody else run: what is in it is nobody's afterwards.
    private(set) lazy var scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 64)

    /// The monotonic time at which the loop last woke: cheap, and right to within one round of the loop.
    public var now: MonotonicTime { wakingTime }
    @exclusivity(unchecked) private var wakingTime = MonotonicTime.now

    /// Who has something to do when the round ends.
    @exclusivity(unchecked) private var enders: [any RoundEnder] = []

    /// For each round the time from waking to sleeping again: so long may what becomes ready meanwhile have to wait.
    @exclusivity(unchecked) private var lag = Histogram()

    public init(name: String = "loop", index: Int = 0) throws {
        self.name = name
        self.index = index
        // A pipe whose reader is gone is an error of the one write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw SystemError("epoll_create1") }
        wakeup = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard wakeup >= 0 else { throw SystemError("eventfd") }
        var event = epoll_event(events: EPOLLIN.rawValue | EPOLLET.rawValue, data: epoll_data_t(u64: Self.wakeupMark))
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, wakeup, &event) == 0 else { throw SystemError("epoll_ctl") }
        try LoopThread.start(named: name) { [self] in run() }
    }

    deinit {
        close(epoll)
        close(wakeup)
    }

    // MARK: Where am I

    /// The loop whose thread is calling, if any.
    public static var current: EventLoop? { LoopThread.currentLoop }

    /// Its identity, where only that is asked for.
    public static var currentIdentity: ObjectIdentifier? { LoopThread.currentIdentity }

    public var isCurrent: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    /// Traps when called off the loop's thread.
    @inline(__always)
    public func preconditionOnLoop() {
        precondition(isCurrent, "loop-confined state was touched off its event loop")
    }

    // MARK: Executors

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent {
            ready.append(job)
            return
        }
        let mustWake = inbox.withLock { inbox in
            inbox.jobs.append(job)
            return Self.claimWake(&inbox)
        }
        if mustWake { wake() }
    }

    public func checkIsolated() {
        preconditionOnLoop()
    }

    public func isIsolatingCurrentContext() -> Bool? {
        isCurrent
    }

    // MARK: Messages and timers

    /// Runs `message` on the loop's thread, after what is already queued. From any thread.
    public func execute(_ message: @escaping @Sendable () -> Void) {
        let mustWake = inbox.withLock { inbox in
            inbox.messages.append(message)
            return Self.claimWake(&inbox)
        }
        if mustWake { wake() }
    }

    /// Calls `body` on the loop once `delay` has passed. On the loop only.
    @discardableResult
    public func schedule(after delay: Duration, _ body: @escaping () -> Void) -> TimerToken {
        preconditionOnLoop()
        return timers.schedule(at: MonotonicTime.now + delay, body)
    }

    /// Waits without holding a thread. From any task; throws `CancellationError` when the task is cancelled.
    public func sleep(for duration: Duration) async throws {
        let waiter = SleepWaiter()
        let timer = LoopTimer(after: duration, on: self) { waiter.finish(.success(())) }
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in waiter.park(continuation) }
        } onCancel: {
            waiter.finish(.failure(CancellationError()))
            timer.cancel()
        }
    }

    /// How many calls are scheduled. On the loop only.
    public var timerCount: Int {
        preconditionOnLoop()
        return timers.count
    }

    /// How long its rounds took until now.
    public func lag() async -> Histogram {
        await withUnsafeContinuation { continuation in
            execute { [self] in continuation.resume(returning: lag) }
        }
    }

    // MARK: Stopping

    /// Ends the thread once the current round is done. Descriptors that are still watched are left to their owners.
    func stop() async {
        precondition(!isCurrent, "a loop cannot wait for its own end")
        let mustWake = inbox.withLock { inbox in
            inbox.isStopping = true
            return Self.claimWake(&inbox)
        }
        if mustWake { wake() }
        await withUnsafeContinuation { continuation in
            let done = stopped.withLock { stopped in
                if !stopped.done { stopped.waiters.append(continuation) }
                return stopped.done
            }
            if done { continuation.resume() }
        }
    }

    // MARK: The loop

    private static let wakeupMark = UInt64.max

    private static func claimWake(_ inbox: inout Inbox) -> Bool {
        defer { inbox.wakeSent = true }
        return !inbox.wakeSent
    }

    private func wake() {
        var one: UInt64 = 1
        _ = write(wakeup, &one, MemoryLayout<UInt64>.size)
    }

    private func run() {
        LoopThread.currentLoop = self
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        var events = [epoll_event](repeating: epoll_event(), count: 512)
        while true {
            let isStopping = takeInbox()
            runReady()
            if isStopping { break }
            let end = MonotonicTime.now
            lag.record(nanoseconds: end.nanoseconds &- wakingTime.nanoseconds)
            let count = epoll_wait(epoll, &events, Int32(events.count), waitMilliseconds(from: end))
            wakingTime = .now
            for index in 0..<max(0, Int(count)) {
                dispatch(events[index])
            }
            endRound()
            while let timer = timers.popDue(at: now) {
                timer.fire()
            }
        }
        LoopThread.currentLoop = nil
        thread.store(0, ordering: .relaxed)
        let waiters = stopped.withLock { stopped in
            stopped.done = true
            return stopped.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Calls `ender` once the descriptors that became ready together have had their turn.
    public func atEndOfRound(_ ender: any RoundEnder) {
        preconditionOnLoop()
        enders.append(ender)
    }

    private func endRound() {
        guard !enders.isEmpty else { return }
        for ender in enders { ender.roundEnded() }
        enders.removeAll(keepingCapacity: true)
    }

    private func takeInbox() -> Bool {
        let isStopping = inbox.withLock { inbox in
            inbox.wakeSent = false
            ready.append(contentsOf: inbox.jobs)
            inbox.jobs.removeAll(keepingCapacity: true)
            swap(&messages, &inbox.messages)
            return inbox.isStopping
        }
        for message in messages { message() }
        messages.removeAll(keepingCapacity: true)
        return isStopping
    }

    /// Runs the jobs that are queued now; what they enqueue waits for the next round, after descriptors had their turn.
    private func runReady() {
        swap(&ready, &running)
        // As jobs of a task executor: to code that belongs to no actor, which is all of a connection's, they are then where
        // they want to be. Run as an actor's, each `await` would send them through the queue again.
        let task = asUnownedTaskExecutor()
        for job in running {
            job.runSynchronously(on: task)
        }
        running.removeAll(keepingCapacity: true)
    }

    private func waitMilliseconds(from time: MonotonicTime) -> Int32 {
        if !ready.isEmpty { return 0 }
        guard let deadline = timers.nextDeadline else { return -1 }
        let nanoseconds = deadline.nanoseconds - time.nanoseconds
        if nanoseconds <= 0 { return 0 }
        return Int32(clamping: (nanoseconds + 999_999) / 1_000_000)
    }

    private func dispatch(_ event: epoll_event) {
        if event.data.u64 == Self.wakeupMark {
            var count: UInt64 = 0
            _ = read(wakeup, &count, MemoryLayout<UInt64>.size)
            return
        }
        let slot = Int(event.data.u64 & 0xFFFF_FFFF)
        let generation = UInt32(event.data.u64 >> 32)
        guard let watch = watches[slot], watch.generation == generation else { return }
        watch.handler.descriptorBecameReady(Readiness(rawValue: event.events))
    }
}

/// What is done once for all descriptors that became ready together.
public protocol RoundEnder: AnyObject {
    func roundEnded()
}

// MARK: - Watching descriptors

/// What epoll reported. `closed` covers errors and hang-ups: the next read or write tells which.
struct Readiness: OptionSet {
    let rawValue: UInt32
    static let readable = Readiness(
        rawValue: EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue)
    static let writable = Readiness(rawValue: EPOLLOUT.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue)

    static let hangUp = Readiness(rawValue: EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue)

    var isHangUp: Bool { rawValue & Self.hangUp.rawValue != 0 }
    var isReadable: Bool { rawValue & Self.readable.rawValue != 0 }
    var isWritable: Bool { rawValue & Self.writable.rawValue != 0 }
}

/// Something that owns a descriptor on one loop. Called on that loop, once per edge.
protocol DescriptorHandler: AnyObject {
    func descriptorBecameReady(_ readiness: Readiness)
}

private struct Watch {
    let handler: any DescriptorHandler
    let generation: UInt32
}

/// Names one watch: the slot, and the generation that tells a reused slot from the one an old event meant.
struct WatchToken {
    fileprivate let slot: Int
    fileprivate let generation: UInt32
}

extension EventLoop {
    /// Watches `descriptor`. The loop holds `handler` until `unwatch`.
    func watch(
        _ descriptor: Int32, readable: Bool, writable: Bool, isEdgeTriggered: Bool = true,
        handler: any DescriptorHandler
    ) throws -> WatchToken {
        preconditionOnLoop()
        generation &+= 1
        let slot = freeWatches.popLast() ?? watches.count
        if slot == watches.count { watches.append(nil) }
        let token = WatchToken(slot: slot, generation: generation)
        var events = isEdgeTriggered ? EPOLLET.rawValue : 0
        if readable { events |= EPOLLIN.rawValue | EPOLLRDHUP.rawValue }
        if writable { events |= EPOLLOUT.rawValue }
        let mark = UInt64(generation) << 32 | UInt64(slot)
        var event = epoll_event(events: events, data: epoll_data_t(u64: mark))
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 else {
            let error = SystemError("epoll_ctl")
            freeWatches.append(slot)
            throw error
        }
        watches[slot] = Watch(handler: handler, generation: generation)
        return token
    }

    /// Stops watching; call before the descriptor is closed.
    func unwatch(_ token: WatchToken, descriptor: Int32) {
        preconditionOnLoop()
        guard watches[token.slot]?.generation == token.generation else { return }
        var unused = epoll_event()
        epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &unused)
        watches[token.slot] = nil
        freeWatches.append(token.slot)
    }
}

/// The one continuation of a sleep, finished once: by the timer or by cancellation, whichever comes first.
private final class SleepWaiter: Sendable {
    private enum State {
        case new
        case waiting(UnsafeContinuation<Void, any Error>)
        case finished(Result<Void, any Error>)
    }

    private let state = Mutex(State.new)

    func park(_ continuation: UnsafeContinuation<Void, any Error>) {
        let result: Result<Void, any Error>? = state.withLock { state in
            if case .finished(let result) = state { return result }
            state = .waiting(continuation)
            return nil
        }
        if let result { continuation.resume(with: result) }
    }

    func finish(_ result: Result<Void, any Error>) {
        let continuation: UnsafeContinuation<Void, any Error>? = state.withLock { state in
            switch state {
            case .finished: return nil
            case .new:
                state = .finished(result)
                return nil
            case .waiting(let continuation):
                state = .finished(result)
                return continuation
            }
        }
        continuation?.resume(with: result)
    }
}
