import Reactor
import Synchronization

/// Topics whose members are on all event loops: what is published to a topic reaches everybody who is in it.
///
/// - Rule: `publish` may be called from any thread and never waits, however slow a reader is. A message is one value that
///   all readers share, so it is made once; each loop that has members is told once, and wakes them a few at a time.
/// - Order: all members of all topics see messages in the order in which the hub took them. A member gets what is published
///   after its `join` returned, and nothing from before.
/// - Memory: for each topic and loop the messages that somebody has not read yet, never more than `HubRule.messageCount`
///   and `byteCount` say; a member itself holds no messages. When there are more, the oldest go, and whoever has not read
///   them is dropped or skips them, as the rule says.
/// - Advice: one hub for what belongs together, as all channels of a chat. A topic costs nothing while nobody is in it.
/// - What if not: a hub that is not closed keeps its members waiting, and their connections with them.
public final class Hub<Topic: Hashable & Sendable, Message: HubMessage>: Sendable {
    private struct State {
        /// One part for each loop that has members of the topic.
        var parts: [Topic: [HubPart<Message>]] = [:]
        var isClosed = false
        var presence: (@Sendable (Topic, _ isHere: Bool) -> Void)?
    }

    private let loops: EventLoopGroup
    private let rule: HubRule
    private let state = Mutex(State())
    private let missed = MissedCount()

    public init(_ loops: EventLoopGroup, rule: HubRule = HubRule()) {
        self.loops = loops
        self.rule = rule
    }

    // MARK: Publishing

    public func publish(_ message: Message, to topic: Topic) {
        state.withLock { state in
            for part in state.parts[topic] ?? [] { part.append(message) }
        }
    }

    /// Publishes to every topic that has members.
    public func publishEverywhere(_ message: Message) {
        state.withLock { state in
            for parts in state.parts.values {
                for part in parts { part.append(message) }
            }
        }
    }

    /// Lets every member read what it has not read yet, and then ends it. Whoever joins later is ended at once.
    public func close() {
        state.withLock { state in
            state.isClosed = true
            for parts in state.parts.values {
                for part in parts { part.close() }
            }
        }
    }

    // MARK: Members

    /// Becomes a member, until the result is let go.
    ///
    /// On a loop of the group the member belongs to it, and is woken without changing threads; elsewhere it gets one.
    public func join(_ topic: Topic) -> HubMember<Message> {
        let signal = HubSignal()
        return HubMember(join(topic) { _ in signal.send() }, signal)
    }

    /// - Parameter wake: called on the member's loop after `takeNext` had nothing: with nil when there may be something,
    ///   with a reason when it is a member no more, which can also come while it is not waiting.
    func join(_ topic: Topic, wake: @escaping @Sendable (HubEnd?) -> Void) -> HubSeat<Message> {
        let current = EventLoop.current
        let loop = loops.loops.first { $0 === current } ?? loops.next()
        let reader = HubReader(wake: wake)
        let part = state.withLock { state in
            if state.parts[topic] == nil { state.presence?(topic, true) }
            let known = state.parts[topic]?.first { $0.loop === loop }
            let part = known ?? HubPart(loop: loop, rule: rule, missed: missed)
            if known == nil { state.parts[topic, default: []].append(part) }
            part.add(reader, isClosed: state.isClosed)
            return part
        }
        return HubSeat(reader, of: part) { [self] in leave(topic, part, reader) }
    }

    private func leave(_ topic: Topic, _ part: HubPart<Message>, _ reader: HubReader) {
        state.withLock { state in
            guard part.remove(reader) else { return }
            state.parts[topic]?.removeAll { $0 === part }
            if state.parts[topic]?.isEmpty == true {
                state.parts[topic] = nil
                state.presence?(topic, false)
            }
        }
    }

    /// Who wants to know when a topic gets its first member and loses its last. Told in this order, before the member gets anything; it
    /// must be short and may not use the hub.
    func setPresence(_ presence: @escaping @Sendable (Topic, _ isHere: Bool) -> Void) {
        state.withLock { $0.presence = presence }
    }

    /// Topics that have members.
    public var topicCount: Int { state.withLock { $0.parts.count } }

    public func memberCount(of topic: Topic) -> Int {
        state.withLock { state in (state.parts[topic] ?? []).reduce(0) { $0 + $1.memberCount } }
    }

    /// Members of all topics, by what `kind` says of a topic.
    public func memberCounts<Kind: Hashable>(by kind: (Topic) -> Kind) -> [Kind: Int] {
        state.withLock { state in
            state.parts.reduce(into: [:]) { counts, entry in
                counts[kind(entry.key), default: 0] += entry.value.reduce(0) { $0 + $1.memberCount }
            }
        }
    }

    /// Messages that were gone before a member had read them, counted for each member that missed them.
    public var missedCount: Int { missed.value }
}

/// What a hub carries: made once, and shared by all who read it.
public protocol HubMessage: Sendable {
    /// What it takes of a topic's memory.
    var byteCount: Int { get }
}

/// How much a topic keeps, and what becomes of a reader that is slower than that.
public struct HubRule: Sendable {
    public enum Lag: Sendable {
        /// The reader is no member any more; it learns that with `HubEnd.tooSlow`.
        case drops
        /// The reader goes on with the oldest message that is kept, and learns how many it missed.
        case skips
    }

    public var lag = Lag.drops
    /// The most messages that a topic keeps on each loop for readers that are behind.
    public var messageCount = 256
    /// The most bytes of them; the newest message is kept however large it is.
    public var byteCount = 1 << 20

    public init() {}
}

/// Why somebody is no member any more.
public enum HubEnd: Error, Sendable, Equatable {
    /// More was published than is kept, and the rule drops whoever is behind.
    case tooSlow
    /// The hub was closed.
    case closed
    /// By its own wish.
    case left
}

/// What a member finds when it looks.
public enum HubNext<Message: HubMessage>: Sendable {
    case message(Message)
    /// So many messages were missed. What is kept comes next.
    case skipped(Int)
    case end(HubEnd)
}
