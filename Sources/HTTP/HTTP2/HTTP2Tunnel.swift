import Reactor

/// One stream of HTTP/2 as the way of a WebSocket's bytes (RFC 8441 5): the flow-control windows of the stream hold back
/// whoever is too fast. Confined to the connection's loop.
final class HTTP2Tunnel: WebSocketTransport {
    private let owner: HTTP2Connection
    private let stream: HTTP2Stream
    private var failure: ConnectionError?
    private var waiter: UnsafeContinuation<Void, any Error>?
    var stopping: (() -> Void)?
    var deadline = MonotonicTime.distantFuture { didSet { owner.expect(by: deadline) } }
    var readDeadline = MonotonicTime.distantFuture { didSet { owner.expect(by: readDeadline) } }

    init(_ owner: HTTP2Connection, _ stream: HTTP2Stream) {
        self.owner = owner
        self.stream = stream
        stream.body?.arrived = { [weak self] in self?.wake(.success(())) }
    }

    var isDraining: Bool { owner.connection.isDraining }

    func readNow(into inbound: inout Inbound, _ state: LoopState) throws -> Bool {
        if let failure { throw failure }
        guard let body = stream.body else {
            inbound.end()
            return false
        }
        if body.hasArrived {
            inbound.fill(state) { body.take(upTo: $0) }
            return true
        }
        if body.isComplete || body.failure != nil { inbound.end() }
        return false
    }

    func waitUntilReadable() async throws {
        if let failure { throw failure }
        if waiter != nil { throw ConnectionError.busy }
        try await withUnsafeThrowingContinuation { waiter = $0 }
    }

    /// The session decides what leaves, and when.
    func sendNow(_ bytes: [UInt8]) throws -> Int { 0 }

    func send(_ bytes: ArraySlice<UInt8>) async throws {
        if let failure { throw failure }
        try await owner.put(Array(bytes), on: stream)
    }

    func abort(_ reason: ConnectionError) {
        guard failure == nil else { return }
        failure = reason
        stream.task?.cancel()
        owner.cancel(stream)
        wake(.failure(reason))
    }

    var nextDeadline: MonotonicTime { min(deadline, readDeadline) }

    func endWhatIsTooSlow(_ now: MonotonicTime) {
        if deadline <= now { abort(.timedOut) }
        if readDeadline <= now {
            readDeadline = .distantFuture
            wake(.failure(ConnectionError.timedOut))
        }
    }

    private func wake(_ result: Result<Void, any Error>) { waiter.take()?.resume(with: result) }
}
