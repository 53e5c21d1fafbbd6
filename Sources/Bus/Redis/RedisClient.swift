import Reactor
import Synchronization
import Telemetry

/// Commands to Redis over one connection, from any thread: they are sent as they come and answered in their order.
///
/// - Rule: nobody waits for a Redis that is away, or that keeps others waiting: then commands are refused at once.
/// - Memory: at most `mostWaiting` commands wait for their answers, and `RedisOutbox.mostBytes` to be sent; more are refused.
public final class RedisClient: Sendable {
    /// So long a command waits for its answer. Where the oldest has waited longer, no other begins to.
    public static let usualPatience = Duration.milliseconds(50)
    static let mostWaiting = 4096

    private struct Waiting {
        let sentAt: MonotonicTime
        /// Nil where nobody wants to know.
        let answer: RedisAnswer?
    }

    private struct State {
        var outbox = RedisOutbox()
        /// In the order in which they were sent; those before `answered` have their answers.
        var waiting: [Waiting] = []
        var answered = 0
        var lastHeard = MonotonicTime.now
        /// Whether it was logged that Redis is there; nil before the first try has come to an end.
        var toldOpen: Bool?
        /// Why it is not, as it was logged last.
        var toldCode: RedisError.Code?

        var oldest: Waiting? { answered < waiting.count ? waiting[answered] : nil }

        mutating func takeOldest() -> Waiting? {
            guard let oldest else { return nil }
            answered += 1
            if answered == waiting.count {
                waiting.removeAll(keepingCapacity: true)
                answered = 0
            } else if answered >= RedisClient.mostWaiting {
                waiting.removeFirst(answered)
                answered = 0
            }
            return oldest
        }
    }

    let dialer: RedisDialer
    private let patience: Duration
    private let log: Log
    private let state = Mutex(State())

    /// Connects when `run` is called.
    ///
    /// - Parameters:
    ///   - pool: where names of hosts are looked up.
    ///   - patience: tests on a busy machine have more.
    public init(
        _ address: RedisAddress, on loop: EventLoop, pool: BlockingPool, patience: Duration = RedisClient.usualPatience,
        log: Log
    ) {
        dialer = RedisDialer(address: address, loop: loop, pool: pool)
        self.patience = patience
        self.log = log
    }

    public var isOpen: Bool { state.withLock { $0.outbox.isOpen } }

    // MARK: Commands

    /// - Throws: `RedisError`; also for an answer that is an error.
    func ask(_ words: [[UInt8]]) async throws(RedisError) -> RedisValue {
        let answer = RedisAnswer()
        try submit(words, answer)
        let loop = EventLoop.current ?? dialer.loop
        let timer = LoopTimer(after: patience, on: loop) { [patience] in
            answer.finish(.failure(RedisError(.late, "Redis did not answer within \(patience)")))
        }
        defer { timer.cancel() }
        let value = try await answer.value()
        if case .error(let text) = value { throw RedisError.answer(text) }
        return value
    }

    /// Sends a command whose answer nobody waits for.
    ///
    /// - Returns: whether it goes out.
    @discardableResult
    func tell(_ words: [[UInt8]]) -> Bool {
        do throws(RedisError) { try submit(words, nil) } catch { return false }
        return true
    }

    private func submit(_ words: [[UInt8]], _ answer: RedisAnswer?) throws(RedisError) {
        let command = RedisCommand.encode(words)
        let refusal: RedisError? = state.withLock { state in
            guard state.outbox.isOpen else { return RedisError(.away, "Redis is away") }
            let now = MonotonicTime.now
            if answer != nil, let oldest = state.oldest, now - oldest.sentAt > patience {
                return RedisError(.late, "Redis keeps others waiting")
            }
            guard state.waiting.count - state.answered < Self.mostWaiting, !state.outbox.isFull else {
                return RedisError(.full, "too many commands wait for Redis")
            }
            state.waiting.append(Waiting(sentAt: now, answer: answer))
            state.outbox.append(command)
            return nil
        }
        if let refusal { throw refusal }
    }

    // MARK: The connection

    /// Keeps a connection open until its task is cancelled.
    public func run() async {
        await dialer.run { [self] connection in
            try await work(connection)
        } failed: { [self] error in
            let isNews = state.withLock { state in
                // One that is away for a while may then refuse us; each of both is told once.
                let isNews = state.toldOpen != false || error.code != state.toldCode && error.code.isForPeople
                if isNews { (state.toldOpen, state.toldCode) = (false, error.code) }
                return isNews
            }
            guard isNews else { return }
            log.warning(
                "Redis is away: until it is back each server counts its limits alone", ["error": "\(error)"])
        }
    }

    private func work(_ connection: RedisConnection) async throws {
        let (signals, isNews) = state.withLock { state in
            state.lastHeard = .now
            defer { state.toldOpen = true }
            return (state.outbox.open(), state.toldOpen != true)
        }
        if isNews { log.info("Redis is there: limits are counted together", ["address": "\(dialer.address)"]) }
        defer { end() }
        try await dialer.together(connection) { [self] in
            state.withLock { $0.lastHeard }
        } ping: { [self] in
            tell([Array("PING".utf8)])
        } _: { [self] in
            while true {
                let value = try await connection.next()
                let oldest = state.withLock { state in
                    state.lastHeard = .now
                    return state.takeOldest()
                }
                guard let oldest else { throw RedisError(.noRedis, "an answer came to no question") }
                oldest.answer?.finish(.success(value))
            }
        } _: { [self] in
            for await _ in signals { try await connection.send(state.withLock { $0.outbox.take() }) }
        }
    }

    /// Whoever waits is told that it is over.
    private func end() {
        let left = state.withLock { state in
            state.outbox.close()
            defer {
                state.waiting = []
                state.answered = 0
            }
            return state.waiting[state.answered...]
        }
        for one in left { one.answer?.finish(.failure(RedisError(.away, "Redis went away"))) }
    }
}

extension RedisClient {
    /// Looks once whether a server is there and can be entered.
    ///
    /// - Returns: its version.
    /// - Throws: `RedisError`.
    public static func version(of address: RedisAddress, on loop: EventLoop, pool: BlockingPool) async throws -> String
    {
        try await withThrowingTaskGroup(of: String.self) { group in
            group.addTask(executorPreference: loop) {
                let connection = try await RedisConnection.open(address, on: loop, pool: pool)
                defer { connection.close() }
                let text = try await connection.ask("INFO", "server").text ?? ""
                let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("redis_version:") }
                return line.map { String($0.dropFirst("redis_version:".count)) } ?? "unknown"
            }
            return try await group.next() ?? "unknown"
        }
    }
}

/// The answer to one command: what comes first, Redis' word or the end of patience, is it.
final class RedisAnswer: Sendable {
    private enum State {
        case new
        case waiting(UnsafeContinuation<Result<RedisValue, RedisError>, Never>)
        case finished(Result<RedisValue, RedisError>)
    }

    private let state = Mutex(State.new)

    func finish(_ result: Result<RedisValue, RedisError>) {
        let waiter: UnsafeContinuation<Result<RedisValue, RedisError>, Never>? = state.withLock { state in
            defer { if case .finished = state {} else { state = .finished(result) } }
            if case .waiting(let waiter) = state { return waiter }
            return nil
        }
        waiter?.resume(returning: result)
    }

    /// Called once.
    func value() async throws(RedisError) -> RedisValue {
        let result = await withUnsafeContinuation { continuation in
            let known: Result<RedisValue, RedisError>? = state.withLock { state in
                if case .finished(let result) = state { return result }
                state = .waiting(continuation)
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
        return try result.get()
    }
}
