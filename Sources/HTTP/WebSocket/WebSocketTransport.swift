import Reactor

/// What carries the bytes of a WebSocket: a connection of its own, or one stream of HTTP/2 (RFC 8441). Confined to its
/// loop.
protocol WebSocketTransport: AnyObject {
    /// The server is stopping.
    var isDraining: Bool { get }
    /// Called when the server begins to stop.
    var stopping: (() -> Void)? { get set }
    /// When the transport is cut with `timedOut`.
    var deadline: MonotonicTime { get set }
    /// When a wait for the peer's bytes ends with `timedOut`, and the transport stays usable.
    var readDeadline: MonotonicTime { get set }

    /// Takes what has come, without waiting.
    ///
    /// - Returns: whether bytes came.
    func readNow(into inbound: inout Inbound, _ state: LoopState) throws -> Bool
    /// Call only after `readNow` found nothing.
    func waitUntilReadable() async throws
    /// Takes what can leave without waiting.
    ///
    /// - Returns: how many bytes that was.
    func sendNow(_ bytes: [UInt8]) throws -> Int
    /// Waits while the peer takes no more.
    func send(_ bytes: ArraySlice<UInt8>) async throws
    func abort(_ reason: ConnectionError)
}

extension Connection: WebSocketTransport {
    func readNow(into inbound: inout Inbound, _ state: LoopState) throws -> Bool {
        try inbound.readNow(from: self, state)
    }

    func sendNow(_ bytes: [UInt8]) throws -> Int { try bytes.withUnsafeBytes { try tryWrite($0) } ?? 0 }

    func send(_ bytes: ArraySlice<UInt8>) async throws { try await write(bytes) }
}
