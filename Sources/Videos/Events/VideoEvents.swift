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
        case heartbeat
    }

    private struct State {
        var nextID = 0
        var listeners: [Int: AsyncStream<Signal>.Continuation] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())
    private let backlog: Int

    public init(backlog: Int = 64) {
        self.backlog = backlog
    }

    func publish(_ event: VideoEvent) { send(.event(event)) }

    /// Lets every stream say something, so that one whose peer has gone is noticed.
    func beat() { send(.heartbeat) }

    private func send(_ signal: Signal) {
        let listeners = state.withLock { Array($0.listeners.values) }
        for listener in listeners { listener.yield(signal) }
    }

    /// Events from now on, until the stream is dropped or the server stops.
    func listen() -> AsyncStream<Signal> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Signal.self, bufferingPolicy: .bufferingNewest(backlog))
        let id = state.withLock { state -> Int? in
            guard !state.isClosed else { return nil }
            state.nextID += 1
            state.listeners[state.nextID] = continuation
            return state.nextID
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.listeners.removeValue(forKey: id) }
        }
        return stream
    }

    /// Ends all streams: the server is stopping.
    public func close() {
        let listeners = state.withLock { state in
            state.isClosed = true
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.finish() }
    }

    public var listenerCount: Int { state.withLock { $0.listeners.count } }
}
