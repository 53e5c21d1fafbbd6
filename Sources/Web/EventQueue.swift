import Reactor
import Synchronization

/// A bounded queue between one producer of messages and the connection that sends them.
final class EventQueue: Sendable {
    enum Next {
        case messages([EventStream.Message])
        /// Nothing came in time.
        case silence
        /// The producer is done and everything was taken.
        case end
    }

    private struct State {
        var messages: [EventStream.Message] = []
        var taker: UnsafeContinuation<Void, Never>?
        var putters: [UnsafeContinuation<Void, Never>] = []
        /// Nothing more will be put.
        var isFinished = false
        /// Nothing more will be taken.
        var isClosed = false
    }

    private let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int) { self.capacity = capacity }

    /// Waits for room. False when nobody takes any more.
    func put(_ message: EventStream.Message) async -> Bool {
        while true {
            let (taker, outcome): (UnsafeContinuation<Void, Never>?, Bool?) = state.withLock { state in
                if state.isClosed { return (nil, false) }
                guard state.messages.count < capacity else { return (nil, nil) }
                state.messages.append(message)
                return (state.taker.take(), true)
            }
            taker?.resume()
            if let outcome { return outcome }
            await withUnsafeContinuation { continuation in
                let mustWait = state.withLock { state in
                    guard !state.isClosed, state.messages.count >= capacity else { return false }
                    state.putters.append(continuation)
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        }
    }

    /// Everything that is there, or what comes within `patience`. Off an event loop there is no patience to lose: it
    /// waits for a message.
    func take(within patience: Duration) async -> Next {
        if let next = takeNow() { return next }
        let timer = EventLoop.current?.schedule(after: patience) { [self] in wakeTaker() }
        await withUnsafeContinuation { continuation in
            let mustWait = state.withLock { state in
                guard state.messages.isEmpty, !state.isFinished else { return false }
                state.taker = continuation
                return true
            }
            if !mustWait { continuation.resume() }
        }
        timer?.cancel()
        return takeNow() ?? .silence
    }

    private func takeNow() -> Next? {
        let (next, putters): (Next?, [UnsafeContinuation<Void, Never>]) = state.withLock { state in
            if state.messages.isEmpty { return (state.isFinished ? .end : nil, []) }
            defer {
                state.messages = []
                state.putters = []
            }
            return (.messages(state.messages), state.putters)
        }
        for putter in putters { putter.resume() }
        return next
    }

    private func wakeTaker() { state.withLock { $0.taker.take() }?.resume() }

    func finish() {
        state.withLock { $0.isFinished = true }
        wakeTaker()
    }

    func close() {
        let putters = state.withLock { state in
            state.isClosed = true
            defer { state.putters = [] }
            return state.putters
        }
        for putter in putters { putter.resume() }
    }
}
