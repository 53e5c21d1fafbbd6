import Reactor
import Synchronization

/// Stands between a client and the server of S3 and does what a test wants with each request. One request a connection.
struct FaultyProxy {
    enum Fault: Sendable {
        case none
        /// Takes the request and answers with these bytes; the server does not see it.
        case answer(String)
        /// The answer ends with its connection after so many bytes of its body.
        case cut(after: Int)
        /// The same, and its head says that this is all.
        case shorten(to: Int)
        /// One byte of the answer's body is another one.
        case corrupt
        /// The server sees the request, and its answer is lost.
        case lose
        /// One byte of the request's body is another one.
        case corruptRequest
        /// The connection ends after so many bytes of the request's body; the server sees no more either.
        case cutRequest(after: Int)
        /// Nobody answers.
        case hang
        /// Changes the head of the answer.
        case rewrite(@Sendable (String) -> String)
    }

    /// Request lines and heads, in order.
    final class Log: Sendable {
        private let heads = Mutex<[String]>([])
        var all: [String] { heads.withLock { $0 } }
        var lines: [String] { all.map { String($0.prefix { $0 != "\r\n" }) } }
        /// - Returns: how many there are now.
        func append(_ head: String) -> Int {
            heads.withLock {
                $0.append(head)
                return $0.count
            }
        }
    }

    /// - Parameter number: of the request, from 1.
    typealias Script = @Sendable (_ line: String, _ number: Int) -> Fault

    let url: String
    let log = Log()

    init(to server: SocketAddress, in connections: ConnectionSet, _ script: @escaping Script) throws {
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        url = "http://127.0.0.1:\(listener.port)"
        listener.serve(in: connections) { [log] client in
            try? await Self.pass(client, to: server, log, script)
            client.close()
        }
    }

    private static func pass(
        _ client: Connection, to server: SocketAddress, _ log: Log, _ script: Script
    ) async throws {
        var request = Message()
        guard try await request.readHead(client) else { return }
        let fault = script(request.line, log.append(request.head))
        switch fault {
        case .answer(let text):
            try await request.drain(client)
            return try await client.write(Array(text.utf8))
        case .hang:
            try await request.drain(client)
            while try await client.read(into: &request.buffer) > 0 { request.buffer.removeAll() }
            return
        default: break
        }
        guard let loop = EventLoop.current else { return }
        let upstream = try await Connection.connect(to: server, on: loop)
        defer { upstream.close() }
        // The field is not signed, and with it the end of the answer is the end of its connection.
        let head = request.head.replacing("\r\n\r\n", with: "\r\nConnection: close\r\n\r\n")
        try await upstream.write(Array(head.utf8))
        guard try await request.relay(from: client, to: upstream, fault) else { return }
        try await answer(client, upstream, fault)
    }

    private static func answer(_ client: Connection, _ upstream: Connection, _ fault: Fault) async throws {
        var answer = Message()
        guard try await answer.readHead(upstream) else { return }
        var head = answer.head
        var left = Int.max
        switch fault {
        case .lose: return
        case .cut(let count): left = count
        case .shorten(let count):
            left = count
            head = head.replacing("Content-Length: \(answer.byteCount)", with: "Content-Length: \(count)")
        case .rewrite(let change): head = change(head)
        default: break
        }
        try await client.write(Array(head.utf8))
        var isCorrupted = false
        while true {
            var piece = Array(answer.rest.prefix(left))
            answer.rest = []
            if case .corrupt = fault, !piece.isEmpty, !isCorrupted {
                piece[piece.count / 2] ^= 1
                isCorrupted = true
            }
            try await client.write(piece)
            left -= piece.count
            guard left > 0, try await answer.readMore(upstream) else { return }
        }
    }
}

/// A request or an answer as it comes.
private struct Message {
    var head = ""
    var rest: [UInt8] = []
    var buffer = ByteBuffer(capacity: 64 << 10)

    var line: String { String(head.prefix { $0 != "\r\n" }) }

    var byteCount: Int {
        head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.split(separator: " ").last ?? "") } ?? 0
    }

    mutating func readMore(_ connection: Connection) async throws -> Bool {
        guard try await connection.read(into: &buffer) > 0 else { return false }
        rest += Array(buffer.readableBytes)
        buffer.removeAll()
        return true
    }

    mutating func readHead(_ connection: Connection) async throws -> Bool {
        while try await readMore(connection) {
            guard let end = rest.firstRange(of: Array("\r\n\r\n".utf8)) else { continue }
            head = String(decoding: rest[..<end.upperBound], as: UTF8.self)
            rest.removeFirst(end.upperBound)
            return true
        }
        return false
    }

    mutating func drain(_ connection: Connection) async throws {
        var left = byteCount - rest.count
        while left > 0, try await connection.read(into: &buffer) > 0 {
            left -= buffer.readableBytes.count
            buffer.removeAll()
        }
    }

    /// False when nothing more is to be done.
    mutating func relay(from client: Connection, to server: Connection, _ fault: FaultyProxy.Fault) async throws -> Bool
    {
        var left = byteCount
        if case .cutRequest(let count) = fault { left = min(left, count) }
        var isCorrupted = false
        while left > 0 {
            if rest.isEmpty, try await !readMore(client) { return false }
            var piece = Array(rest.prefix(left))
            rest.removeFirst(piece.count)
            if case .corruptRequest = fault, !isCorrupted {
                piece[piece.count / 2] ^= 1
                isCorrupted = true
            }
            try await server.write(piece)
            left -= piece.count
        }
        if case .cutRequest = fault { return false }
        return true
    }
}
