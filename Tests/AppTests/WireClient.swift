import HTTP
import Reactor
import Telemetry
import Testing
import Web

@testable import App

/// The two ways in which the same features are tried.
enum Ring: String, CaseIterable, Sendable {
    case inProcess, socket
}

/// Sends requests to a server, through its router or through a real connection.
struct WireClient {
    let ring: Ring
    let server: Server
    let port: Int
    var token: String?

    struct Answer: Sendable {
        var status: Int
        /// By lower-case name.
        var headers: [String: String]
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }

        /// The value of a text field of the JSON, wherever it stands first.
        subscript(field: String) -> String? {
            let mark = "\"\(field)\":\""
            guard let start = text.firstRange(of: mark)?.upperBound else { return nil }
            return String(text[start...].prefix { $0 != "\"" })
        }
    }

    /// Every answer of the API is checked against the contract.
    func send(
        _ method: Request.Method, _ path: String, _ headers: [(String, String)] = [], body: [UInt8] = []
    ) async throws -> Answer {
        let answer = try await exchange(method, path, headers, body)
        for breach in try Contract.shared().breaches(method.rawValue, path, answer) {
            Issue.record("\(method) \(path.prefix { $0 != "?" }): \(breach)")
        }
        return answer
    }

    func exchange(
        _ method: Request.Method, _ path: String, _ headers: [(String, String)], _ body: [UInt8]
    ) async throws -> Answer {
        var fields = headers
        if let token { fields.append(("Authorization", "Bearer \(token)")) }
        switch ring {
        case .inProcess:
            let client = InProcessClient(server.application)
            let answer = try await client.send(
                method, path, headers: HeaderFields(fields.map { (FieldName($0.0), $0.1) }), body: RequestBody(body))
            let pairs = answer.headers.map { ($0.name.lowercased(), $0.value) }
            return Answer(
                status: answer.status.code, headers: Dictionary(pairs, uniquingKeysWith: { first, _ in first }),
                body: answer.body)
        case .socket:
            var head = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            for (name, value) in fields { head += "\(name): \(value)\r\n" }
            if !body.isEmpty || method == .post || method == .patch { head += "Content-Length: \(body.count)\r\n" }
            return try await exchange(Array((head + "\r\n").utf8) + body)
        }
    }

    func get(_ path: String) async throws -> Answer { try await send(.get, path) }

    func exchange(_ bytes: [UInt8]) async throws -> Answer {
        let (loop, port) = (server.services.loops.next(), port)
        let received = try await Task(executorPreference: loop) {
            let connection = try await Connection.connect(
                to: SocketAddress(host: "127.0.0.1", port: port), on: loop)
            defer { connection.close() }
            try await connection.write(bytes)
            var all: [UInt8] = []
            var buffer = ByteBuffer(capacity: 64 << 10)
            while try await connection.read(into: &buffer) > 0 {
                all += buffer.readableBytes
                buffer.removeAll()
            }
            return all
        }.value
        return Answer(parsing: received)
    }
}

extension WireClient.Answer {
    init(parsing bytes: [UInt8]) {
        var lines: [String] = []
        var line: [UInt8] = []
        var rest = bytes[...]
        while let byte = rest.popFirst() {
            if byte != UInt8(ascii: "\n") {
                line.append(byte)
                continue
            }
            let text = String(decoding: line.dropLast(), as: UTF8.self)
            if text.isEmpty { break }
            lines.append(text)
            line = []
        }
        status = lines.first.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
        headers = [:]
        for field in lines.dropFirst() {
            let parts = field.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " }) }
        }
        body = headers["transfer-encoding"] == "chunked" ? Self.unchunked(rest) : Array(rest)
    }

    private static func unchunked(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var rest = bytes
        var all: [UInt8] = []
        while let end = rest.firstIndex(of: UInt8(ascii: "\r")) {
            let size = Int(String(decoding: rest[..<end], as: UTF8.self), radix: 16) ?? 0
            if size == 0 { break }
            let start = end + 2
            guard start + size <= rest.endIndex else { break }
            all += rest[start..<start + size]
            rest = rest[(start + size)...].dropFirst(2)
        }
        return all
    }
}
