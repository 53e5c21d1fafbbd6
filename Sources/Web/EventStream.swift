import HTTP
import Reactor

/// Server-sent events (HTML, "Server-sent events"), written in the connection's task.
///
/// - Rule: the peer's end cancels that task, so whatever waits for the next message must end then, as `HubMember.next` and
///   `EventLoop.sleep` do.
/// - Advice: what many streams say is made once with `Message.bytes`; `beat` now and then, because proxies end connections
///   on which nothing moves.
public struct EventStream {
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

    private let writer: any ResponseWriter

    /// - Throws: `CancellationError` when nobody listens any more, `ConnectionError` when the connection broke.
    public func send(_ message: Message) async throws { try await send(encoded: message.bytes) }

    /// Sends messages that were made by `Message.bytes`, perhaps for many streams. Throws as `send` does.
    public func send(encoded bytes: [UInt8]) async throws {
        guard writer.keepsGoing() else { throw CancellationError() }
        try await writer.write(bytes)
    }

    /// Sends something that clients leave out. Throws as `send` does.
    public func beat() async throws { try await send(encoded: Self.comment) }

    private static let comment = Array(":\n\n".utf8)

    /// An endless answer that ends when `produce` does.
    ///
    /// - Parameter reconnect: how long a browser waits before it asks again for a stream that has ended.
    public static func response(
        reconnect: Duration = .seconds(2), _ produce: @escaping (EventStream) async throws -> Void
    ) -> Response {
        Response(
            headers: [
                .contentType: "text/event-stream", .cacheControl: "no-store", "X-Accel-Buffering": "no",
            ],
            body: .stream(byteCount: nil) { writer in
                // At once, so that the client knows that the stream is open.
                try await writer.write("retry: \(reconnect.wholeNanoseconds / 1_000_000)\n\n")
                do { try await produce(EventStream(writer: writer)) } catch is CancellationError {
                    // Nobody listens any more, which is how a stream ends.
                }
            })
    }
}

extension EventStream.Message {
    /// A line end in the data begins another `data` line; one in a name or an id would begin another field, so it goes.
    public var bytes: [UInt8] {
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
