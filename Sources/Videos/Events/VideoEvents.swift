import Accounts
import Synchronization

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

/// Hands events to everyone who listens. A listener that does not keep up loses the oldest ones; each event carries the
/// whole state, so the next one makes up for it.
public final class VideoEvents: Sendable {
    enum Signal: Sendable {
        case event(VideoEvent)
        /// The listener's right to be here may have changed, or was not looked at for a while.
        case askAgain
    }

    /// One who listens.
    struct Listener: Sendable {
        /// Ends when the server stops, and goes on until it is dropped.
        let signals: AsyncStream<Signal>
        let right: RightToListen
    }

    /// Whether the right to listen must be looked at before the next event is told. Beside the signals and not among
    /// them, because those may be lost when there are too many.
    final class RightToListen: Sendable {
        private let mustBeAsked = Atomic(true)

        func doubt() { mustBeAsked.store(true, ordering: .releasing) }

        /// True once after each doubt.
        func takeDoubt() -> Bool { mustBeAsked.exchange(false, ordering: .acquiring) }
    }

    private struct Entry {
        var person: UserID
        var right: RightToListen
        var continuation: AsyncStream<Signal>.Continuation
    }

    private struct State {
        var nextID = 0
        var listeners: [Int: Entry] = [:]
        var counts: [UserID: Int] = [:]
        var isClosed = false
    }

    /// Streams of one person: several tabs on several devices.
    static let mostPerPerson = 8
    private let state = Mutex(State())
    private let backlog: Int
    private let capacity: Int

    public init(backlog: Int = 64, capacity: Int = 4096) {
        self.backlog = backlog
        self.capacity = capacity
    }

    func publish(_ event: VideoEvent) {
        let listeners = state.withLock { Array($0.listeners.values) }
        for listener in listeners { listener.continuation.yield(.event(event)) }
    }

    /// Lets every stream ask again whether its viewer is still there.
    func beat() { ask { _ in true } }

    /// A sign-in of this person ended, or what the person may see has changed.
    func accessChanged(of person: UserID) { ask { $0 == person } }

    private func ask(_ isMeant: (UserID) -> Bool) {
        let listeners = state.withLock { $0.listeners.values.filter { isMeant($0.person) } }
        for listener in listeners {
            listener.right.doubt()
            listener.continuation.yield(.askAgain)
        }
    }

    /// Events from now on, until the listener is dropped or the server stops.
    ///
    /// The newest is refused and not the oldest closed: a browser opens a closed stream again by itself, so too many tabs
    /// would close each other's streams for ever.
    ///
    /// - Throws: `VideoError.tooManyStreams` where this person or all together have as many as they may.
    func listen(as person: UserID) throws(VideoError) -> Listener {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Signal.self, bufferingPolicy: .bufferingNewest(backlog))
        let right = RightToListen()
        enum Outcome { case listens(Int), closed, refused }
        let outcome = state.withLock { state -> Outcome in
            if state.isClosed { return .closed }
            let count = state.counts[person, default: 0]
            guard count < Self.mostPerPerson, state.listeners.count < capacity else { return .refused }
            state.nextID += 1
            state.counts[person] = count + 1
            state.listeners[state.nextID] = Entry(person: person, right: right, continuation: continuation)
            return .listens(state.nextID)
        }
        switch outcome {
        case .listens(let id): continuation.onTermination = { [weak self] _ in self?.remove(id) }
        case .closed: continuation.finish()
        case .refused: throw .tooManyStreams
        }
        return Listener(signals: stream, right: right)
    }

    private func remove(_ id: Int) {
        state.withLock { state in
            guard let person = state.listeners.removeValue(forKey: id)?.person else { return }
            let count = state.counts[person, default: 1] - 1
            state.counts[person] = count > 0 ? count : nil
        }
    }

    /// Ends all streams: the server is stopping.
    public func close() {
        let listeners = state.withLock { state in
            state.isClosed = true
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.continuation.finish() }
    }

    public var listenerCount: Int { state.withLock { $0.listeners.count } }
}
