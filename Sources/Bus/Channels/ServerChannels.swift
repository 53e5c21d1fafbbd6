import Reactor
import SQL
import Synchronization
import Telemetry

/// Channels on which the servers of an installation hear each other: by Redis, and by the database's notification while one of them is
/// without Redis, or where there is none. Without either a server hears nobody.
///
/// - Rule: a message goes one way, so nobody gets it twice. It goes by Redis when the sender has it and knows of nobody who does not hear
///   it; else by the database, which all servers hear always. A server that does not hear Redis says so by the database again and again.
/// - Order: of what one server tells as long as it goes one way. At the moment of a change later messages may overtake earlier ones.
/// - Gaps: whoever follows is told `gap` when something may have been missed: when the subscription begins, when another server goes the
///   other way, when the database was away.
/// - Bound: `mostWaiting` messages wait for the database, of `mostWaitingBytes` together; more are refused, and the others told a gap.
public final class ServerChannels: Sendable {
    public typealias News = RedisSubscriber.News

    /// How messages go now.
    public enum Road: Sendable {
        case redis, database
        /// There is nobody else.
        case none
    }

    private struct State {
        var listeners: [String: RedisSubscriber.Listener] = [:]
        /// For the database, in order.
        var waiting: [ChannelFrame] = []
        var waitingBytes = 0
        /// Frames that went by the database.
        var number: UInt64 = 0
        /// Others are to be told that messages come by the database from now on, and that some may be lost.
        var mustBegin = false
        var road = Road.none
        /// As it was logged last.
        var toldRoad = Road.none
        /// Servers that do not hear Redis, and when they said so last.
        var deaf: [[UInt8]: MonotonicTime] = [:]
        /// Others are to know whether this server has Redis, also while nobody follows anything here.
        var staysTogether = false
        /// When this server said so; nil while it hears Redis.
        var toldDeaf: MonotonicTime?
        var hasGap = false
        /// The database tells what others send.
        var isListening = false
        var joiner = ChannelFrame.Joiner()
    }

    static let mostWaiting = 1000
    static let mostWaitingBytes = 4 << 20
    /// Of messages that go by the database together.
    private static let mostTogether = 100
    private static let mostDeaf = 256
    private static let tick = Duration.milliseconds(250)
    private static let noticeInterval = Duration.seconds(5)
    private static let noticePatience = Duration.seconds(15)

    /// Of a message.
    public static var mostBytes: Int { ChannelFrame.mostBytes }

    let redis: RedisBus?
    /// Nil where it tells nobody.
    let database: Database?
    let loop: EventLoop
    let log: Log
    /// Names this server.
    let sender: [UInt8]
    private let state = Mutex(State())
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - redis: nil where there is none; it runs beside this.
    ///   - loop: where `run` works.
    public init(redis: RedisBus?, database: Database, on loop: EventLoop, log: Log) {
        self.redis = redis
        self.database = database.isShared ? database : nil
        self.loop = loop
        self.log = log
        sender = (0..<ChannelFrame.senderByteCount).map { _ in UInt8.random(in: 0...255) }
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        let road = redis != nil ? Road.redis : database.isShared ? .database : .none
        state.withLock { ($0.road, $0.toldRoad) = (road, road) }
        self.database?.follow { [weak self] heard in self?.hear(heard) }
    }

    // MARK: Who follows

    /// From any thread. Each channel has one listener, which may be called on any thread and must be short; `leave` comes before another.
    public func follow(_ name: String, _ listener: @escaping RedisSubscriber.Listener) {
        state.withLock { $0.listeners[name] = listener }  // bound: whoever follows counts its members
        redis?.follow(name) { [sender] news in
            switch news {
            case .gap: listener(.gap)
            case .message(let bytes):
                guard let frame = ChannelFrame(bytes), frame.kind == .message, frame.sender != sender else { return }
                listener(.message(frame.message))
            }
        }
    }

    public func leave(_ name: String) {
        state.withLock { _ = $0.listeners.removeValue(forKey: name) }
        redis?.leave(name)
    }

    public var channelCount: Int { state.withLock { $0.listeners.count } }

    /// Whether what goes by the database has been heard since the beginning.
    var isListening: Bool { state.withLock { $0.isListening } }

    // MARK: Telling

    /// From any thread; waits for nothing.
    ///
    /// - Returns: false where it goes to nobody: it is too long, or there is no way. True is no promise that it arrives.
    @discardableResult
    public func publish(_ message: [UInt8], to name: String) -> Bool {
        guard let frame = ChannelFrame(message, to: name, from: sender) else { return false }
        let isQueued: Bool? = state.withLock { state in
            look(&state)
            return state.road == .database ? wait(frame, &state) : nil
        }
        if let isQueued {
            signal.yield()
            return isQueued
        }
        return redis?.publish(frame.bytes, to: name) ?? false
    }

    /// From now on all servers that call this have the same `road`, but for moments.
    func stayTogether() { state.withLock { $0.staysTogether = true } }

    /// How messages go at this moment.
    public var road: Road {
        state.withLock { state in
            look(&state)
            return state.road
        }
    }

    /// Finds the way that messages go from now on.
    private func look(_ state: inout State) {
        guard let redis, database != nil else { return }
        let road = redis.isConnected && state.deaf.isEmpty ? Road.redis : .database
        guard road != state.road else { return }
        state.road = road
        // What was handed to Redis a moment ago may be lost.
        if road == .database { state.mustBegin = true }
    }

    private func wait(_ frame: ChannelFrame, _ state: inout State) -> Bool {
        guard state.waiting.count < Self.mostWaiting, state.waitingBytes < Self.mostWaitingBytes else {
            state.mustBegin = true
            return false
        }
        state.waiting.append(frame)  // bound: mostWaiting
        state.waitingBytes += frame.message.count  // bound: mostWaitingBytes
        return true
    }

    // MARK: Work

    /// Sends what goes by the database and looks after the way, until its task is cancelled.
    public func run() async {
        guard let database else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: loop) { [self] in
                for await _ in signals { await send(by: database) }
            }
            group.addTask(executorPreference: loop) { [self] in
                while (try? await loop.sleep(for: Self.tick)) != nil { watch() }
            }
        }
    }

    private func send(by database: Database) async {
        var isFailing = false
        while case let payloads = next(), !payloads.isEmpty {
            do {
                try await database.send(payloads)
            } catch {
                // Whether they were heard is not known; none is sent twice, and all others are told of a gap.
                state.withLock { $0.mustBegin = true }
                if !isFailing { log.warning("messages to other servers are lost", ["error": "\(error)"]) }
                isFailing = true
                // Those that come meanwhile are not worth a try of their own.
                if (try? await loop.sleep(for: Self.tick)) == nil { return }
            }
        }
    }

    /// What goes out together.
    private func next() -> [String] {
        state.withLock { state in
            var frames: [ChannelFrame] = []
            if state.mustBegin { frames.append(ChannelFrame(.begins, from: sender)) }
            state.mustBegin = false
            frames += state.waiting.prefix(Self.mostTogether)
            state.waiting.removeFirst(min(state.waiting.count, Self.mostTogether))
            state.waitingBytes = state.waiting.reduce(0) { $0 + $1.message.count }
            return frames.flatMap { frame in
                state.number &+= 1
                return frame.pieces(number: state.number)
            }
        }
    }

    /// Tells others how this server hears, forgets those that say nothing any more, and tells gaps.
    private func watch() {
        let now = MonotonicTime.now
        let (told, listeners, isNews) = state.withLock { state in
            state.deaf = state.deaf.filter { now - $0.value < Self.noticePatience }
            look(&state)
            tellHearing(&state, at: now)
            defer { (state.hasGap, state.toldRoad) = (false, state.road) }
            let mustSend = state.mustBegin || !state.waiting.isEmpty
            return (
                mustSend, state.hasGap ? Array(state.listeners.values) : [],
                state.toldRoad == state.road ? nil : state.road
            )
        }
        if told { signal.yield() }
        for listener in listeners { listener(.gap) }
        switch isNews {
        case .database: log.warning("messages between servers go by the database: one of them is without Redis")
        case .redis: log.info("messages between servers go by Redis again")
        case .some(.none), nil: break
        }
    }

    /// Only who follows something needs to be heard.
    private func tellHearing(_ state: inout State, at now: MonotonicTime) {
        let matters = !state.listeners.isEmpty || state.staysTogether
        if redis?.isHearing == true || !matters {
            guard state.toldDeaf != nil else { return }
            state.toldDeaf = nil
            state.waiting.append(ChannelFrame(.hears, from: sender))  // bound: one a tick
        } else if state.toldDeaf.map({ now - $0 >= Self.noticeInterval }) ?? true {
            state.toldDeaf = now
            state.waiting.append(ChannelFrame(.isDeaf, from: sender))  // bound: one in an interval
        }
    }

    // MARK: What comes by the database

    private func hear(_ heard: HeardMessage) {
        let (listener, message): (RedisSubscriber.Listener?, [UInt8]) = state.withLock { state in
            guard case .message(let payload) = heard else {
                state.joiner.forget()
                (state.hasGap, state.isListening) = (true, true)
                return (nil, [])
            }
            guard let frame = state.joiner.take(payload), frame.sender != sender else { return (nil, []) }
            if frame.kind == .message { return (state.listeners[frame.name], frame.message) }
            obey(frame, &state)
            return (nil, [])
        }
        listener?(.message(message))
        if state.withLock({ $0.mustBegin }) { signal.yield() }
    }

    private func obey(_ frame: ChannelFrame, _ state: inout State) {
        switch frame.kind {
        case .message: break
        case .begins: state.hasGap = true
        case .hears: state.deaf[frame.sender] = nil
        case .isDeaf:
            // Without Redis all goes by the database anyway.
            guard redis != nil else { return }
            guard state.deaf[frame.sender] != nil || state.deaf.count < Self.mostDeaf else { return }
            state.deaf[frame.sender] = .now
            // From this on it hears all, and is told so.
            look(&state)
        }
    }
}
