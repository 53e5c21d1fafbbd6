import Glibc

public enum BlockingPoolError: Error, Sendable, Equatable {
    /// More work waits than the pool's bound: the caller should shed load.
    case full
    case stopped
}

/// A few threads for work that blocks: files, SQLite, password hashes. The caller's task waits without a thread.
public final class BlockingPool: @unchecked Sendable {
    // @unchecked: `queue`, `head`, `isStopping` and `liveThreads` are under `mutex`.

    private typealias Work = @Sendable () -> Void

    public let name: String
    public let threadCount: Int
    private let maxQueued: Int
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var queue: [Work?] = []
    private var head = 0
    private var isStopping = false
    private var liveThreads: Int
    private var stopWaiters: [UnsafeContinuation<Void, Never>] = []

    public init(name: String, threads: Int, maxQueued: Int = 10_000) throws {
        self.name = name
        threadCount = threads
        self.maxQueued = maxQueued
        liveThreads = threads
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
        for index in 0..<threads {
            try LoopThread.start(named: "\(name)-\(index)") { [self] in runThread() }
        }
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
            pthread_cond_signal(changed)
            return nil
        }
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
                pthread_cond_wait(changed, mutex)
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
