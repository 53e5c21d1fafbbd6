import Reactor
import Synchronization

/// A server of files that answers as a test wants.
final class Source: Sendable {
    struct Request: Sendable {
        var number: Int
        var range: String?
        var condition: String?
        var authorization: String?
        var isFirst: Bool { number == 1 }
    }

    struct Answer: Sendable {
        var head: String
        var body: [UInt8]

        static func status(_ code: Int, _ field: String) -> Answer {
            Answer(head: "HTTP/1.1 \(code) So\r\n\(field)\r\nContent-Length: 0", body: [])
        }

        static func file(_ content: String, _ field: String = "Content-Type: video/mp4") -> Answer {
            Answer(
                head: "HTTP/1.1 200 OK\r\n\(field)\r\nContent-Length: \(content.utf8.count)", body: Array(content.utf8))
        }

        static func page(_ content: String, type: String) -> Answer { .file(content, "Content-Type: \(type)") }

        /// Less than was announced.
        static func cut(_ content: String, after count: Int, tag: String) -> Answer {
            Answer(
                head: "HTTP/1.1 200 OK\r\n\(field(tag))Content-Length: \(content.utf8.count)",
                body: Array(content.utf8.prefix(count)))
        }

        /// As RFC 9110 14.2 wants it: a part only of what the client has the beginning of.
        static func rest(_ content: String, of request: Request, tag: String) -> Answer {
            guard let range = request.range, request.condition == tag,
                let start = Int(range.dropFirst("bytes=".count).dropLast())
            else { return .cut(content, after: content.utf8.count, tag: tag) }
            let count = content.utf8.count
            let head = "HTTP/1.1 206 Partial\r\nContent-Range: bytes \(start)-\(count - 1)/\(count)\r\n\(field(tag))"
            return Answer(head: head + "Content-Length: \(count - start)", body: Array(content.utf8.dropFirst(start)))
        }

        private static func field(_ tag: String) -> String { tag.isEmpty ? "" : "ETag: \(tag)\r\n" }
    }

    private struct State {
        var requests: [Request] = []
        var sent = 0
    }

    private let port: Int
    private let state: SharedState

    private final class SharedState: Sendable {
        let mutex = Mutex(State())
    }

    init(_ loops: EventLoopGroup, _ answer: @escaping @Sendable (Request) -> Answer) throws {
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        port = Int(listener.port)
        let state = SharedState()
        self.state = state
        listener.serve(in: ConnectionSet(loops)) { connection in
            try? await Self.serve(connection, state, answer)
        }
    }

    private static func serve(
        _ connection: Connection, _ state: SharedState, _ answer: @Sendable (Request) -> Answer
    ) async throws {
        var (buffer, text) = (ByteBuffer(capacity: 1 << 16), "")
        while !text.hasSuffix("\r\n\r\n") {
            guard try await connection.read(into: &buffer) > 0 else { return }
            text += String(decoding: buffer.readableBytes, as: UTF8.self)
            buffer.removeAll()
        }
        let fields = text
        func field(_ name: String) -> String? {
            fields.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
                .map { String($0.dropFirst(name.count + 2)) }
        }
        let request = state.mutex.withLock { state in
            let request = Request(
                number: state.requests.count + 1, range: field("Range"), condition: field("If-Range"),
                authorization: field("Authorization"))
            state.requests.append(request)
            return request
        }
        let made = answer(request)
        state.mutex.withLock { $0.sent += made.body.count }
        try await connection.write(Array((made.head + "\r\nConnection: close\r\n\r\n").utf8) + made.body)
    }

    var requests: [Request] { state.mutex.withLock { $0.requests } }
    /// Bytes of bodies.
    var sent: Int { state.mutex.withLock { $0.sent } }

    func address(_ path: String) -> String { "http://127.0.0.1:\(port)/\(path)" }
}
