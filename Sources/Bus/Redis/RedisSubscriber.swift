import Reactor
import Synchronization
import Telemetry

/// Hears what is published to channels of Redis, over one connection.
///
/// What is published while the connection is away, or before a channel is followed, is not heard; whoever follows is told at the end
/// of each such gap.
public final class RedisSubscriber: Sendable {
    public enum News: Sendable, Equatable {
        case message([UInt8])
        /// From now on everything is heard. What was published before may have been missed.
        case gap
    }

    /// Called on the subscriber's loop; it must be short.
    public typealias Listener = @Sendable (News) -> Void

    private struct State {
        var outbox = RedisOutbox()
        var listeners: [String: Listener] = [:]
        var lastHeard = MonotonicTime.now
        /// It has said something over the connection that is open.
        var isHeard = false
        var lastRefusal: RedisError?
    }

    private let dialer: RedisDialer
    private let log: Log
    private let state = Mutex(State())

    /// Connects when `run` is called.
    public init(_ address: RedisAddress, on loop: EventLoop, pool: BlockingPool, log: Log) {
        dialer = RedisDialer(address: address, loop: loop, pool: pool)
        self.log = log
    }

    /// From any thread. Each channel has one listener; `leave` comes before another.
    public func follow(_ channel: String, _ listener: @escaping Listener) {
        state.withLock { state in
            state.listeners[channel] = listener  // bound: whoever follows counts its members
            if state.outbox.isOpen { state.outbox.append(RedisCommand.encode("SUBSCRIBE", channel)) }
        }
    }

    public func leave(_ channel: String) {
        state.withLock { state in
            guard state.listeners.removeValue(forKey: channel) != nil, state.outbox.isOpen else { return }
            state.outbox.append(RedisCommand.encode("UNSUBSCRIBE", channel))
        }
    }

    public var channelCount: Int { state.withLock { $0.listeners.count } }

    /// Whether Redis lets it hear what is published.
    var isOpen: Bool { state.withLock { $0.isHeard } }

    /// Keeps a connection open until its task is cancelled.
    public func run() async {
        await dialer.run { [self] connection in
            try await work(connection)
        } failed: { [self] error in
            // That Redis is away is told by `RedisClient`; a user who may not subscribe is seen here only.
            guard error.code.isForPeople else { return }
            let isNews = state.withLock { state in
                defer { state.lastRefusal = error }
                return state.lastRefusal != error
            }
            if isNews { log.warning("Redis does not tell what others publish", ["error": "\(error)"]) }
        }
    }

    private func work(_ connection: RedisConnection) async throws {
        let signals = state.withLock { state in
            state.lastHeard = .now
            let signals = state.outbox.open()
            for channel in state.listeners.keys { state.outbox.append(RedisCommand.encode("SUBSCRIBE", channel)) }
            // Its answer comes after those to what is followed.
            state.outbox.append(RedisCommand.encode("PING"))
            return signals
        }
        defer {
            state.withLock { state in
                state.outbox.close()
                state.isHeard = false
            }
        }
        try await dialer.together(connection) { [self] in
            state.withLock { $0.lastHeard }
        } ping: { [self] in
            state.withLock { $0.outbox.append(RedisCommand.encode("PING")) }
        } _: { [self] in
            while true { try hear(await connection.next()) }
        } _: { [self] in
            for await _ in signals {
                try await connection.send(
                    try state.withLock { state in
                        guard !state.outbox.isFull else { throw RedisError(.full, "too much is to be followed") }
                        return state.outbox.take()
                    })
            }
        }
    }

    private func hear(_ value: RedisValue) throws {
        if case .error(let text) = value { throw RedisError.answer(text) }
        let listener: (Listener, News)? = state.withLock { state in
            state.lastHeard = .now
            state.isHeard = true
            guard case .list(let parts) = value, parts.count == 3, let kind = parts[0].text,
                let channel = parts[1].text, let listener = state.listeners[channel]
            else { return nil }
            switch (kind, parts[2]) {
            case ("message", .bytes(let bytes)): return (listener, .message(bytes))
            case ("subscribe", _): return (listener, .gap)
            default: return nil
            }
        }
        if let (listener, news) = listener { listener(news) }
    }
}
