import HTTP
import Reactor

/// Server-sent events (HTML, "Server-sent events"): messages as they come, a heartbeat when none does, so that proxies
/// keep the connection and a peer that left is noticed.
///
/// - Rule: `produce` runs beside the connection's task and is cancelled when the peer leaves or the server stops.
/// - Why: a message may be far away, and the heartbeat must not wait for it.
/// - Advice: loop over an `AsyncSequence`; `send` waits while a slow peer has `capacity` messages to take.
public struct EventStream: Sendable {
    public struct Message: Sendable, Hashable {
        public var event: String?
        public var data: String
        public var id: String?

        public init(event: String? = nil, data: String, id: String? = nil) {
            self.event = event
            self.data = data
            self.id = id
        }
    }

    static let capacity = 16
    private let queue: EventQueue

    /// - Throws: `CancellationError` when nobody listens any more.
    public func send(_ message: Message) async throws {
        guard await queue.put(message) else { throw CancellationError() }
    }

    /// An endless answer that ends when `produce` does.
    ///
    /// - Parameter reconnect: how long a browser waits before it asks again for a stream that has ended.
    public static func response(
        heartbeat: Duration = .seconds(15), reconnect: Duration = .seconds(2),
        _ produce: @escaping @Sendable (EventStream) async throws -> Void
    ) -> Response {
        Response(
            headers: [
                .contentType: "text/event-stream", .cacheControl: "no-store", "X-Accel-Buffering": "no",
            ],
            body: .stream(byteCount: nil) { writer in
                let queue = EventQueue(capacity: capacity)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        defer { queue.finish() }
                        try await produce(EventStream(queue: queue))
                    }
                    defer {
                        queue.close()
                        group.cancelAll()
                    }
                    // At once, so that the client knows that the stream is open.
                    try await writer.write("retry: \(reconnect.wholeNanoseconds / 1_000_000)\n\n")
                    try await write(queue, to: writer, heartbeat: heartbeat)
                }
            })
    }

    /// How often a waiting stream looks whether its peer is still there.
    private static let tick = Duration.seconds(1)

    private static func write(
        _ queue: EventQueue, to writer: any ResponseWriter, heartbeat: Duration
    ) async throws {
        var silence = Duration.zero
        while writer.keepsGoing() {
            switch await queue.take(within: min(tick, heartbeat)) {
            case .messages(let messages):
                try await writer.write(messages.flatMap(\.bytes))
                silence = .zero
            case .silence:
                silence += min(tick, heartbeat)
                if silence >= heartbeat {
                    try await writer.write(":\n\n")
                    silence = .zero
                }
            case .end: return
            }
        }
    }
}

extension EventStream.Message {
    /// A line end in the data begins another `data` line; one in a name or an id would begin another field, so it goes.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        if let event { bytes += Array("event: \(Self.oneLine(event))\n".utf8) }
        if let id { bytes += Array("id: \(Self.oneLine(id))\n".utf8) }
        for line in data.replacing("\r\n", with: "\n").split(
            omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r" })
        {
            bytes += Array("data: ".utf8) + Array(line.utf8) + [UInt8(ascii: "\n")]
        }
        return bytes + [UInt8(ascii: "\n")]
    }

    private static func oneLine(_ text: String) -> String {
        text.filter { !$0.isNewline && $0 != "\0" }
    }
}
