import Glibc

public enum BlockingPoolError: Error, Sendable, Equatable {
    /// More work waits than the pool's bound: the caller should shed load.
    case full
    case stopped
}

/// A few threads for work that blocks: files, SQLite, password hashes. The caller's task waits without a thread.
///
/// The first thread starts with the pool, so that a system without threads is told of at once. The others start when work waits
/// for them: a server at rest pays for none that it never needed.
public final class BlockingPool: @unchecked Sendable {
    // @unchecked: `queue`, `head`, `isStopping`, `liveThreads` and `idleThreads` are under `mutex`.

    private typealias Work = @Sendable () -> Void

    public let name: String
    public let threadCount: Int
    private let maxQueued: Int
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var queue: [Work?] = []
    private var head = 0
    private var isStopping = false
    private var liveThreads = 1
    private var idleThreads = 0
    private var stopWaiters: [UnsafeContinuation<Void, Never>] = []

    public init(name: String, threads: Int, maxQueued: Int = 10_000) throws {
        self.name = name
        threadCount = threads
        self.maxQueued = maxQueued
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
        try LoopThread.start(named: "\(name)-0") { [self] in runThread() }
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(changed)
        mutex.deallocate()
        changed.deallocate()
    }

    /// Runs `work` on one of the pool's threads and returns to the caller's executor.
    ///
    /// - Throws: what `work` throws; `BlockingPoolError`.
    public func run<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<T, any Error>) in
            let refused = submit { continuation.resume(with: Result { try work() }) }
            if let refused { continuation.resume(throwing: refused) }
        }
    }

    /// How much work waits for a thread.
    public var queuedCount: Int { locked { queue.count - head } }

    var liveThreadCount: Int { locked { liveThreads } }

    /// Finishes what is queued, then ends the threads.
    public func shutdown() async {
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let isDone = locked {
                isStopping = true
                if liveThreads > 0 { stopWaiters.append(continuation) }
                pthread_cond_broadcast(changed)
                return liveThreads == 0
            }
            if isDone { continuation.resume() }
        }
    }

    private func submit(_ work: @escaping Work) -> BlockingPoolError? {
        locked {
            if isStopping { return .stopped }
            if queue.count - head >= maxQueued { return .full }
            queue.append(work)
            if idleThreads >= queue.count - head || liveThreads == threadCount {
                pthread_cond_signal(changed)
            } else {
                startThread()
            }
            return nil
        }
    }

    /// One more. Where the system gives none, the threads that there are do the work.
    private func startThread() {
        let index = liveThreads
        guard (try? LoopThread.start(named: "\(name)-\(index)", { [self] in runThread() })) != nil else { return }
        liveThreads += 1
    }

    private func runThread() {
        while let work = next() { work() }
        let waiters: [UnsafeContinuation<Void, Never>] = locked {
            liveThreads -= 1
            guard liveThreads == 0 else { return [] }
            defer { stopWaiters = [] }
            return stopWaiters
        }
        for waiter in waiters { waiter.resume() }
    }

    private func next() -> Work? {
        locked {
            while head == queue.count {
                if isStopping { return nil }
                idleThreads += 1
                pthread_cond_wait(changed, mutex)
                idleThreads -= 1
            }
            defer {
                queue[head] = nil
                head += 1
                if head == queue.count || head > 1024 {
                    queue.removeFirst(head)
                    head = 0
                }
            }
            return queue[head]
        }
    }

    private func locked<T>(_ body: () -> T) -> T {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }
}
