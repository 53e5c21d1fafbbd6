import Reactor

/// A request's body as it comes in frames of one stream. What nobody has taken yet stays in the flow-control window, so
/// a slow consumer slows the sender and memory is bounded by the window.
final class HTTP2Body: BodySource {
    private unowned let connection: HTTP2Connection
    private let streamID: Int32
    private var mustInvite: Bool
    private var received: [UInt8] = []
    /// Set at the end of the body, good or bad.
    private(set) var isComplete = false
    private(set) var failure: RequestBodyError?
    private var waiter: UnsafeContinuation<Void, Never>?
    /// When a wait for the peer has taken too long.
    private(set) var deadline = MonotonicTime.distantFuture
    private var waited = Duration.zero

    private var window = HTTP2Session.streamWindow
    /// What came since the window grew.
    private var sinceGrowth = 0
    private var borrowed = 0

    init(_ connection: HTTP2Connection, _ head: HTTP2RequestHead) {
        self.connection = connection
        streamID = head.streamID
        mustInvite = head.expectsContinue
        super.init(expectedByteCount: head.contentLength)
    }

    // MARK: The peer's side

    func append(_ bytes: [UInt8]) {
        guard failure == nil else { return connection.drop(bytes.count) }
        if received.isEmpty { received = bytes } else { received += bytes }
        sinceGrowth += bytes.count
        wake()
    }

    func end() {
        isComplete = true
        wake()
    }

    /// What came is still delivered, and then the reason.
    func fail(_ reason: RequestBodyError) {
        guard !isComplete, failure == nil else { return }
        failure = reason
        wake()
    }

    /// Nobody will read on.
    func discard() {
        connection.drop(received.count)
        received = []
        connection.giveBackWindow(borrowed)
        borrowed = 0
        fail(.disconnected)
    }

    private func wake() {
        deadline = .distantFuture
        waiter.take()?.resume()
        arrived?()
    }

    // MARK: The handler's side

    /// Called when something has come, for a tunnel, whose bytes are taken without waiting.
    var arrived: (() -> Void)?

    var hasArrived: Bool { !received.isEmpty }

    func take(upTo most: Int) -> [UInt8] {
        let taken = Array(received.prefix(most))
        received.removeFirst(taken.count)
        connection.consume(streamID, taken.count)
        return taken
    }

    override func next() async throws -> [UInt8]? {
        while true {
            if !received.isEmpty {
                var piece: [UInt8] = []
                swap(&piece, &received)
                connection.consume(streamID, piece.count)
                return piece
            }
            if let failure { throw failure }
            if isComplete { return nil }
            if mustInvite {
                mustInvite = false
                connection.invite(streamID)
            }
            growWindow()
            let start = connection.loop.now
            deadline = start + patience
            connection.expect(by: deadline)
            await withUnsafeContinuation { waiter = $0 }
            waited += connection.loop.now - start
        }
    }

    /// The reader waits for the peer, and not the other way round: a window that was used up is too small for the way.
    private func growWindow() {
        guard sinceGrowth >= window, window < Self.widestWindow, connection.widen(streamID, to: 2 * window, by: window)
        else { return }
        borrowed += window
        window *= 2
        sinceGrowth = 0
    }

    /// Fills a way of 100 ms at 600 Mbit/s.
    private static let widestWindow = 8 << 20

    /// The same as over HTTP/1.1.
    private var patience: Duration {
        let limits = connection.limits
        let earned = Duration.seconds(receivedByteCount / max(1, limits.bodyBytesPerSecond))
        return max(.zero, min(limits.bodyGrace + earned - waited, limits.bodyPause))
    }

    /// From any thread.
    override func interrupter() -> (@Sendable () -> Void)? {
        let confined = LoopBound(self, on: connection.loop)
        return { confined.loop.execute { confined.value.interrupt() } }
    }

    private func interrupt() {
        guard failure == nil, !isComplete else { return }
        connection.drop(received.count)
        received = []
        fail(.interrupted)
    }
}
