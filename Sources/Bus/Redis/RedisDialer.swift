import Reactor

/// Opens a connection to Redis again whenever it has ended, later and later while nobody answers.
struct RedisDialer: Sendable {
    private static let firstPause = Duration.milliseconds(50)
    private static let longestPause = Duration.seconds(2)
    /// A connection that says nothing for so long is given up, although it is asked every two seconds.
    private static let silence = Duration.seconds(5)

    let address: RedisAddress
    /// Of its connections.
    let loop: EventLoop
    /// Where names of hosts are looked up.
    let pool: BlockingPool

    /// Returns when its task is cancelled.
    ///
    /// - Parameters:
    ///   - session: works with a connection until that ends, which it tells by throwing.
    ///   - failed: told why there is none, at each try.
    func run(
        _ session: @escaping @Sendable (RedisConnection) async throws -> Void,
        failed: @escaping @Sendable (RedisError) -> Void
    ) async {
        // A task of the loop's own: whoever calls may be anywhere.
        await withTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: loop) { await dial(session, failed) }
        }
    }

    private func dial(
        _ session: @Sendable (RedisConnection) async throws -> Void, _ failed: @Sendable (RedisError) -> Void
    ) async {
        var pause = Self.firstPause
        while !Task.isCancelled {
            do {
                let connection = try await RedisConnection.open(address, on: loop, pool: pool)
                defer { connection.close() }
                pause = Self.firstPause
                try await session(connection)
            } catch {
                if Task.isCancelled { return }
                failed(error as? RedisError ?? RedisError(.away, "\(address): the connection ended: \(error)"))
            }
            // Not all servers at the same moment.
            try? await loop.sleep(for: pause + pause * Double.random(in: 0..<0.5))
            pause = min(pause * 2, Self.longestPause)
        }
    }

    /// Runs the parts of a session side by side; the first that ends ends the session.
    ///
    /// - Parameters:
    ///   - lastHeard: when the server said something.
    ///   - ping: makes it say something.
    func together(
        _ connection: RedisConnection, lastHeard: @escaping @Sendable () -> MonotonicTime,
        ping: @escaping @Sendable () -> Void, _ parts: (@Sendable () async throws -> Void)...
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for part in parts { group.addTask(executorPreference: loop) { try await part() } }
            group.addTask(executorPreference: loop) { [loop, address] in
                while true {
                    try await loop.sleep(for: .seconds(2))
                    guard MonotonicTime.now - lastHeard() < Self.silence else {
                        throw RedisError(.late, "\(address) has not answered for \(Self.silence)")
                    }
                    ping()
                }
            }
            defer {
                group.cancelAll()
                // Ends whoever waits for its bytes.
                connection.close()
            }
            try await group.next()
        }
    }
}

/// What is to be sent, and a signal for the task that sends it.
///
/// Held by its owner under a lock.
struct RedisOutbox {
    /// Commands that were not sent yet.
    static let mostBytes = 4 << 20

    private var bytes: [UInt8] = []
    private var signal: AsyncStream<Void>.Continuation?

    /// A connection is there from now on.
    mutating func open() -> AsyncStream<Void> {
        let (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.signal = signal
        bytes = []
        return signals
    }

    mutating func close() {
        signal?.finish()
        signal = nil
        bytes = []
    }

    var isOpen: Bool { signal != nil }
    var isFull: Bool { bytes.count >= Self.mostBytes }

    mutating func append(_ command: [UInt8]) {
        // Whoever sends takes all that is there, so one signal is enough.
        if bytes.isEmpty { signal?.yield() }
        bytes += command  // bound: the owner asks `isFull` before
    }

    mutating func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }
}
