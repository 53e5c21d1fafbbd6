import Reactor
import Synchronization

/// Somebody who reads a topic at their own pace, from a task. Being let go is leaving.
public final class HubMember<Message: HubMessage>: Sendable {
    private let seat: HubSeat<Message>
    private let signal: HubSignal

    init(_ seat: HubSeat<Message>, _ signal: HubSignal) {
        self.seat = seat
        self.signal = signal
    }

    /// Waits for what comes next. One task reads.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while it waits.
    public func next() async throws -> HubNext<Message> {
        while true {
            if let next = seat.takeNext() { return next }
            try await signal.wait()
        }
    }

    /// Ends the membership: `next` returns `.end(.left)` from now on.
    public func leave() {
        seat.leave()
        signal.send()
    }
}

/// A place in a topic.
final class HubSeat<Message: HubMessage>: Sendable {
    private let reader: HubReader
    private let part: HubPart<Message>
    private let giveUp: @Sendable () -> Void

    init(_ reader: HubReader, of part: HubPart<Message>, giveUp: @escaping @Sendable () -> Void) {
        self.reader = reader
        self.part = part
        self.giveUp = giveUp
    }

    deinit { giveUp() }

    var loop: EventLoop { part.loop }

    func takeNext() -> HubNext<Message>? { part.takeNext(reader) }

    func leave() { giveUp() }
}

/// Wakes one waiting task. A signal that nobody waits for ends the next wait at once.
final class HubSignal: Sendable {
    private struct State {
        var isSent = false
        var waiter: UnsafeContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func send() {
        let waiter = state.withLock { state in
            if state.waiter == nil { state.isSent = true }
            return state.waiter.take()
        }
        waiter?.resume()
    }

    /// - Throws: `CancellationError`.
    func wait() async throws {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let isSent = state.withLock { state in
                    if state.isSent || Task.isCancelled {
                        state.isSent = false
                        return true
                    }
                    precondition(state.waiter == nil, "one task reads")
                    state.waiter = continuation
                    return false
                }
                if isSent { continuation.resume() }
            }
        } onCancel: {
            send()
        }
        try Task.checkCancellation()
    }
}
