import Accounts
import Reactor
import Synchronization
import Web

/// Something that happened to a video.
public struct VideoEvent: Sendable {
    public enum Name: String, Sendable {
        case created, updated, progress, ready, failed, removed
    }

    public var name: Name
    public var video: Video

    init(about video: Video, named name: Name) {
        self.name = name
        self.video = video
    }

    /// The event that a state of the work amounts to.
    init(about video: Video) {
        self.video = video
        name =
            switch video.status {
            case .pending, .processing: .progress
            case .ready: .ready
            case .failed: .failed
            }
    }
}

/// Tells everyone who listens what happened to videos, and what else listeners must know, in the order of the commits.
///
/// Whoever tells goes on at once, because it is the database's writer: one loop takes what is told from there and
/// publishes it. A listener that does not keep up skips the oldest events; each carries the whole state, so the next one
/// makes up for it.
public final class VideoEvents: Sendable {
    /// What somebody listens to.
    enum Topic: Hashable, Sendable {
        case all
        case video(VideoID)
    }

    private struct State {
        var counts: [UserID: Int] = [:]
        var count = 0
    }

    /// Streams of one person: several tabs on several devices.
    static let mostPerPerson = 8
    private let hub: Hub<Topic, VideoNews>
    /// Where what is told gets its order.
    private let publisher: EventLoop
    private let capacity: Int
    private let state = Mutex(State())

    public init(_ loops: EventLoopGroup, backlog: Int = 64, capacity: Int = 4096) {
        var rule = HubRule()
        rule.lag = .skips
        rule.messageCount = backlog
        hub = Hub(loops, rule: rule)
        publisher = loops.next()
        self.capacity = capacity
    }

    // MARK: Telling

    func publish(_ event: VideoEvent) {
        publisher.execute { [hub] in
            let news = VideoNews.event(EncodedVideoEvent(event))
            hub.publish(news, to: .all)
            hub.publish(news, to: .video(event.video.id))
        }
    }

    /// Every stream shows that it is alive, and asks again whether its viewer is still there.
    func beat() {
        publisher.execute { [hub] in hub.publishEverywhere(.beat) }
    }

    /// A sign-in of this person ended, or what the person may see has changed.
    func accessChanged(of person: UserID) {
        publisher.execute { [hub] in hub.publishEverywhere(.accessChanged(person)) }
    }

    /// Ends all streams after what was told before: the server is stopping.
    public func close() {
        publisher.execute { [hub] in hub.close() }
    }

    // MARK: Listening

    /// What happens from now on, until the listener leaves or is let go, or the server stops.
    ///
    /// The newest is refused and not the oldest closed: a browser opens a closed stream again by itself, so too many tabs
    /// would close each other's streams for ever.
    ///
    /// - Throws: `VideoError.tooManyStreams` where this person or all together have as many as they may.
    func listen(to topic: Topic, as person: UserID) throws(VideoError) -> VideoListener {
        let isLetIn = state.withLock { state in
            let count = state.counts[person, default: 0]
            guard count < Self.mostPerPerson, state.count < capacity else { return false }
            state.counts[person] = count + 1
            state.count += 1
            return true
        }
        guard isLetIn else { throw .tooManyStreams }
        return VideoListener(hub.join(topic)) { [self] in forget(person) }
    }

    private func forget(_ person: UserID) {
        state.withLock { state in
            let count = state.counts[person, default: 1] - 1
            state.counts[person] = count > 0 ? count : nil
            state.count -= 1
        }
    }

    public var listenerCount: Int { state.withLock { $0.count } }

    /// How many listen to all videos, and how many to one.
    public var listenerCounts: (all: Int, one: Int) {
        let counts = hub.memberCounts { $0 == .all }
        return (counts[true] ?? 0, counts[false] ?? 0)
    }

    /// What was gone before a listener had read it, counted for each listener.
    public var missedCount: Int { hub.missedCount }
}

/// One who listens. Being let go is leaving.
final class VideoListener: Sendable {
    private let member: HubMember<VideoNews>
    private let hasLeft = Atomic(false)
    private let left: @Sendable () -> Void

    init(_ member: HubMember<VideoNews>, left: @escaping @Sendable () -> Void) {
        self.member = member
        self.left = left
    }

    deinit { leave() }

    /// Waits for what is told next. One task listens.
    ///
    /// - Throws: `CancellationError`.
    func next() async throws -> HubNext<VideoNews> { try await member.next() }

    func leave() {
        guard !hasLeft.exchange(true, ordering: .relaxed) else { return }
        member.leave()
        left()
    }
}
