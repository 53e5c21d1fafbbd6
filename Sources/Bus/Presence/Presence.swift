import Reactor
import SQL
import Synchronization
import Telemetry

/// Who is in a topic, over all servers: in Redis where all of them have one, else in the database, and alone in memory.
///
/// - Rule: whoever enters is there until the seat is left or let go, and for `patience` at most where a server dies without a word, by the
///   clock of Redis or of the database. Somebody who is there more than once, at whichever servers, is one member.
/// - Delay: what is entered and left here is written at once, and seen at other servers when they ask. While the servers change between
///   Redis and the database some may be missing for a moment.
/// - Failure: nobody waits long, and nothing fails. Where the store does not answer, this server tells whom it knows itself, and writes all
///   of them again later.
/// - Bound: `mostEntries` members of all topics at one server.
/// - Advice: count and list for one who comes in; tell those who are there of others by a `SharedHub`.
public final class Presence: Sendable {
    public struct Member: Sendable, Hashable {
        public let id: String
        /// What is to be shown with it, in the room's own words. Where somebody is there with several, one of them.
        public let value: String

        public init(id: String, value: String) { (self.id, self.value) = (id, value) }
    }

    /// How often a server says that it is there, and how long it is believed.
    struct Timing: Sendable {
        var beat = Duration.seconds(4)
        var patience = Duration.seconds(12)
    }

    private struct Entry {
        var value: String
        var seats = 0
    }

    private struct State {
        var topics: [String: [String: Entry]] = [:]
        var entryCount = 0
        /// Members that are not written as they are.
        var changed: [String: Set<String>] = [:]
        /// Topics of which all is to be written.
        var whole: Set<String> = []
    }

    /// What the task that writes knows.
    private struct Work {
        var road = ServerChannels.Road.none
        var beaten: MonotonicTime?
    }

    public static let migrations = DatabasePresence.migrations
    /// Of a topic's and a member's id, in bytes.
    public static let mostIDBytes = 128
    public static let mostValueBytes = 256
    /// That are listed.
    public static let mostListed = 500
    /// Members, and topics, that are written together.
    private static let piece = 500
    private static let mostTopics = 100
    private static let tick = Duration.milliseconds(250)

    private let channels: ServerChannels
    private let redis: RedisPresence?
    private let database: DatabasePresence?
    private let timing: Timing
    private let mostEntries: Int
    private let state = Mutex(State())
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    /// - Parameter name: of what its topics are in, the same on all servers.
    public convenience init(_ name: String, channels: ServerChannels) {
        self.init(name, channels: channels, timing: Timing())
    }

    init(_ name: String, channels: ServerChannels, timing: Timing, mostEntries: Int = 100_000) {
        self.channels = channels
        self.timing = timing
        self.mostEntries = mostEntries
        redis = channels.redis.map {
            RedisPresence(name, redis: $0, server: channels.sender, patience: timing.patience)
        }
        database = channels.database.map {
            DatabasePresence(name, database: $0, server: channels.sender, patience: timing.patience)
        }
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        channels.stayTogether()
    }

    // MARK: Members

    /// Is there until the result is left or let go. From any thread; waits for nothing.
    ///
    /// - Parameter value: takes the place of what was said of the member here before.
    /// - Throws: `PresenceError`.
    public func enter(_ topic: String, as id: String, value: String = "") throws(PresenceError) -> PresenceSeat {
        let lengths = [topic.utf8.count, id.utf8.count]
        guard lengths.allSatisfy({ $0 <= Self.mostIDBytes }), value.utf8.count <= Self.mostValueBytes,
            !(topic + id + value).utf8.contains(0)
        else { throw .malformed }
        let isFull = state.withLock { state in
            if state.topics[topic]?[id] == nil {
                guard state.entryCount < mostEntries else { return true }
                state.entryCount += 1
            }
            var entry = state.topics[topic]?[id] ?? Entry(value: value)
            if entry.seats == 0 || entry.value != value { state.changed[topic, default: []].insert(id) }
            entry.seats += 1  // bound: seats that are there
            entry.value = value
            state.topics[topic, default: [:]][id] = entry
            return false
        }
        if isFull { throw .full }
        signal.yield()
        return PresenceSeat { [weak self] in self?.leave(topic, id) }
    }

    private func leave(_ topic: String, _ id: String) {
        let isGone = state.withLock { state in
            guard var entry = state.topics[topic]?[id] else { return false }
            entry.seats -= 1
            guard entry.seats == 0 else {
                state.topics[topic]?[id] = entry
                return false
            }
            state.topics[topic]?[id] = nil
            if state.topics[topic]?.isEmpty == true { state.topics[topic] = nil }
            state.entryCount -= 1
            state.changed[topic, default: []].insert(id)
            return true
        }
        if isGone { signal.yield() }
    }

    /// How many different members there are at all servers.
    public func count(of topic: String) async -> Int {
        do {
            if let store { return try await store.count(of: topic) }
        } catch {}
        return state.withLock { $0.topics[topic]?.count ?? 0 }
    }

    /// The first by their ids, `mostListed` at most.
    public func members(of topic: String, limit: Int = 100) async -> [Member] {
        let limit = max(0, min(limit, Self.mostListed))
        do {
            if let store { return try await store.members(of: topic, limit: limit) }
        } catch {}
        let own = state.withLock { $0.topics[topic] ?? [:] }
        return own.map { Member(id: $0.key, value: $0.value.value) }.sorted { $0.id < $1.id }.prefix(limit).map(\.self)
    }

    private var store: (any PresenceStore)? { store(of: channels.road) }

    private func store(of road: ServerChannels.Road) -> (any PresenceStore)? {
        switch road {
        case .redis: redis
        case .database: database
        case .none: nil
        }
    }

    // MARK: Work

    /// Writes who is here, until its task is cancelled; then nobody is.
    public func run() async {
        await work()
        let topics = state.withLock { Array($0.topics.keys) }
        do { try await store?.forget(topics) } catch { tell(error) }
    }

    func work() async {
        let loop = channels.loop
        await withTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: loop) { [signal] in
                while (try? await loop.sleep(for: Self.tick)) != nil { signal.yield() }
            }
            group.addTask(executorPreference: loop) { [self] in
                var work = Work()
                for await _ in signals { await step(&work) }
            }
        }
    }

    private func step(_ work: inout Work) async {
        let road = channels.road
        if road != work.road {
            let old = work.road
            work = Work(road: road)
            state.withLock { $0.whole.formUnion($0.topics.keys) }
            if old == .database { try? await database?.forget([]) }
        }
        guard let store = store(of: road) else {
            return state.withLock { ($0.changed, $0.whole) = ([:], []) }
        }
        while case let changes = next(), !changes.isEmpty {
            do { try await store.write(changes) } catch {
                state.withLock { $0.whole.formUnion(changes.map(\.topic)) }
                return tell(error)
            }
        }
        let now = MonotonicTime.now
        guard work.beaten.map({ now - $0 >= timing.beat }) ?? true else { return }
        let counts = state.withLock { state in
            // Of what has changed meanwhile nobody can say how much is written.
            state.topics.filter { state.changed[$0.key] == nil }.mapValues(\.count)
        }
        guard !counts.isEmpty else { return }
        do {
            let wrong = try await store.beat(counts)
            state.withLock { $0.whole.formUnion(wrong) }
            work.beaten = now
            if !wrong.isEmpty { signal.yield() }
        } catch { tell(error) }
    }

    /// What is to be written next.
    private func next() -> [PresenceChange] {
        state.withLock { state in
            var (changes, room): ([PresenceChange], Int) = ([], Self.piece)
            while room > 0, changes.count < Self.mostTopics, let topic = state.whole.first ?? state.changed.keys.first {
                let isWhole = state.whole.remove(topic) != nil
                let entries = state.topics[topic] ?? [:]
                if isWhole { state.changed[topic] = Set(entries.keys) }
                let some = Array((state.changed[topic] ?? []).prefix(room))
                room -= some.count
                state.changed[topic]?.subtract(some)
                if state.changed[topic]?.isEmpty == true { state.changed[topic] = nil }
                changes.append(  // bound: mostTopics
                    PresenceChange(
                        topic: topic, isWhole: isWhole,
                        present: some.compactMap { id in entries[id].map { Member(id: id, value: $0.value) } },
                        gone: some.filter { entries[$0] == nil }))
            }
            return changes
        }
    }

    private func tell(_ error: any Error) {
        channels.log.debug("who is here was not written yet", ["error": "\(error)"])
    }
}

/// A place in a topic. Being let go is leaving.
public final class PresenceSeat: Sendable {
    private let giveUp: Mutex<(@Sendable () -> Void)?>

    init(_ giveUp: @escaping @Sendable () -> Void) { self.giveUp = Mutex(giveUp) }

    deinit { leave() }

    public func leave() { giveUp.withLock { $0.take() }?() }
}

/// Why somebody cannot be there.
public enum PresenceError: Error, Sendable, Equatable {
    /// This server has as many as it may.
    case full
    /// An id or a value is too long, or has the character NUL.
    case malformed
}
