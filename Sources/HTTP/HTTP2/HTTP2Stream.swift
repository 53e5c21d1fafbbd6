import Reactor

/// One request and its answer on a connection that has many. Confined to the connection's loop.
final class HTTP2Stream: @unchecked Sendable {
    // @unchecked: confined to the loop of the connection; only its tasks touch it.

    let id: Int32
    let head: HTTP2RequestHead
    /// Nil when the head was all.
    let body: HTTP2Body?
    let outbox = HTTP2Outbox()
    var task: Task<Void, Never>?
    /// What the task is to do, until it begins.
    var work: (() async -> Void)?
    /// While the stream carries a WebSocket.
    var tunnel: HTTP2Tunnel?
    /// The peer or the server ended it, or all of it has left.
    var isClosed = false
    /// Waits until the outbox is wanted or has room, or the stream is closed.
    var waiter: UnsafeContinuation<Void, Never>?
    /// Set with the answer; taken when the stream closes.
    var completion: ((Response.Completion) -> Void)?
    var status = Response.Status.ok
    /// When the peer must have taken more of the answer.
    private(set) var deadline = MonotonicTime.distantFuture
    private var countedByteCount = 0

    /// So much must leave within the time of a write, so that a peer cannot hold an answer by taking bytes one by one.
    private static let countedStep = 64 << 10

    init(_ head: HTTP2RequestHead, body: HTTP2Body?) {
        id = head.streamID
        self.head = head
        self.body = body
    }

    /// All of the answer has left.
    var isWhole: Bool { outbox.isEnded && outbox.isEmpty }

    func expectProgress(by deadline: MonotonicTime) {
        if self.deadline == .distantFuture { self.deadline = deadline }
    }

    func expectNothing() { deadline = .distantFuture }

    /// Some has left.
    func progressed(next deadline: MonotonicTime) {
        if outbox.isEmpty {
            expectNothing()
        } else if outbox.sentByteCount - countedByteCount >= Self.countedStep {
            countedByteCount = outbox.sentByteCount
            self.deadline = deadline
        }
    }

    /// Nobody waits for the answer, or will send more: a body that is still coming is read to where it was cut.
    func endWithPeer() {
        if let body, !body.isComplete {
            body.fail(.disconnected)
        } else if !isWhole {
            task?.cancel()
        }
    }

    func wake() { waiter.take()?.resume() }

    /// Tells how the answer ended, once.
    func complete() {
        completion.take()?(.init(status: status, byteCount: outbox.sentByteCount, isWhole: isWhole))
    }
}
