import Reactor
import Testing

@testable import HTTP

extension TestServer {
    /// Says hello as HTTP/2 does and runs `script`.
    ///
    /// - Parameter settings: of the client, beside that it keeps no table of fields, so that each can be read by itself.
    func speakHTTP2<T: Sendable>(
        _ settings: [(Int, Int)] = [], saysHello: Bool = true,
        _ script: @escaping @Sendable (HTTP2Peer) async throws -> T
    ) async throws -> T {
        let hello = saysHello ? HTTP2Frame.hello(settings) : []
        return try await connect { peer in
            if !hello.isEmpty { try await peer.connection.write(hello) }
            return try await script(HTTP2Peer(peer.connection))
        }
    }
}

/// A client of HTTP/2 that can also say what no client should.
final class HTTP2Peer {
    let connection: Connection
    private var inbound = ByteBuffer(capacity: 64 << 10)
    /// Of DATA, by stream.
    private(set) var bodies: [Int: [UInt8]] = [:]
    /// What the server announced (RFC 9113 6.5.2), by number.
    private(set) var settings: [Int: Int] = [:]
    /// What the server lets us send, beyond the beginning.
    private(set) var windowUpdates: [Int: Int] = [:]
    private(set) var frameCount = 0
    /// Bytes of all bodies that were sent.
    fileprivate var uploaded = 0
    /// DATA that comes is answered by WINDOW_UPDATE, so that the server can go on.
    var givesWindow = false

    init(_ connection: Connection) { self.connection = connection }

    func send(_ frames: [UInt8]...) async throws { try await connection.write(frames.flatMap { $0 }) }

    /// The beginning byte by byte: a server on the same loop reads each by itself, since its turn comes between.
    func sendBytes(_ frames: [UInt8]) async throws {
        let (beginning, rest) = (frames.prefix(200), frames.dropFirst(200))
        for byte in beginning {
            try await connection.write([byte])
            for _ in 0..<3 { await Task.yield() }
        }
        try await connection.write(rest)
    }

    /// The next frame in words: `HEADERS 1 200`, `DATA 1 #512 end`, `RST_STREAM 1 CANCEL`, `GOAWAY PROTOCOL_ERROR`; `end`
    /// when the server has closed. SETTINGS and WINDOW_UPDATE are taken note of and left out.
    func next() async throws -> String {
        while true {
            let frame: Frame
            do { frame = try await takeAndAnswer() } catch is End { return "end" }
            if let words = describe(frame) { return words }
        }
    }

    /// Reads until a frame says this; everything before it is left.
    @discardableResult
    func reads(_ words: String, sourceLocation: SourceLocation = #_sourceLocation) async throws -> [String] {
        var before: [String] = []
        while true {
            let next = try await next()
            if next == words || next.hasPrefix(words + " ") { return before }
            before.append(next)
            guard next != "end" else {
                Issue.record("\(words) did not come, but \(before.suffix(5))", sourceLocation: sourceLocation)
                return before
            }
        }
    }

    /// Reads the answer on a stream to its end.
    func answer(_ stream: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws -> (String, [UInt8]) {
        var status = ""
        while true {
            let next = try await next()
            if next == "end" || next.hasPrefix("RST_STREAM \(stream) ") || next.hasPrefix("GOAWAY") {
                Issue.record("instead of an answer: \(next)", sourceLocation: sourceLocation)
                return (next, [])
            }
            if next.hasPrefix("HEADERS \(stream) ") { status = String(next.split(separator: " ")[2]) }
            if next.hasPrefix("HEADERS \(stream) ") || next.hasPrefix("DATA \(stream) "), next.hasSuffix(" end") {
                return (status, bodies[stream] ?? [])
            }
        }
    }

    /// Takes one frame, whatever it says.
    fileprivate func readOne() async throws { _ = describe(try await takeAndAnswer()) }

    private func takeAndAnswer() async throws -> Frame {
        let frame = try await take()
        frameCount += 1
        if frame.type == 4, frame.flags & HTTP2Frame.ack == 0 { try? await send(HTTP2Frame.settingsAck) }
        if givesWindow, frame.type == 0, !frame.payload.isEmpty {
            let count = frame.payload.count
            try? await send(HTTP2Frame.windowUpdate(0, count), HTTP2Frame.windowUpdate(frame.stream, count))
        }
        return frame
    }

    fileprivate struct Frame {
        let type: UInt8
        let flags: UInt8
        let stream: Int
        let payload: [UInt8]
    }

    struct End: Error {}

    private func describe(_ frame: Frame) -> String? {
        let ends = frame.flags & HTTP2Frame.endStream != 0 ? " end" : ""
        let stream = frame.stream
        switch frame.type {
        case 0:
            bodies[stream, default: []] += frame.payload
            return "DATA \(stream) #\(frame.payload.count)\(ends)"
        case 1: return "HEADERS \(stream) \(Self.status(frame.payload))\(ends)"
        case 3: return "RST_STREAM \(stream) \(HTTP2Frame.errors[Self.number(frame.payload[...])])"
        case 4:
            if !ends.isEmpty { return "SETTINGS ack" }
            for start in stride(from: 0, to: frame.payload.count, by: 6) {
                let entry = frame.payload[start..<start + 6]
                settings[Self.number(entry.prefix(2))] = Self.number(entry.dropFirst(2))
            }
            return nil
        case 6: return (ends.isEmpty ? "PING " : "PING ack ") + String(decoding: frame.payload, as: UTF8.self)
        case 7: return "GOAWAY \(HTTP2Frame.errors[Self.number(frame.payload[4..<8])])"
        case 8:
            windowUpdates[stream, default: 0] += Self.number(frame.payload[...])
            return nil
        default: return "frame \(frame.type)"
        }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    /// `:status` comes first: from the static table, or as three digits behind its name's number.
    private static func status(_ fields: [UInt8]) -> String {
        let known: [UInt8: String] = [
            0x88: "200", 0x89: "204", 0x8A: "206", 0x8B: "304", 0x8C: "400", 0x8D: "404", 0x8E: "500",
        ]
        let fields = Array(fields.drop { $0 & 0xE0 == 0x20 })
        guard fields.count > 3 else { return fields.first.flatMap { known[$0] } ?? "?" }
        if let status = known[fields[0]] { return status }
        if fields[1] == 3, fields.count > 4 { return String(decoding: fields[2..<5], as: UTF8.self) }
        return digits(fields[2...].prefix(Int(fields[1] & 0x7F)))
    }

    /// Three digits in the code of RFC 7541's appendix B: 0 to 2 have five bits, 3 to 9 have six.
    private static func digits(_ coded: ArraySlice<UInt8>) -> String {
        var bits = coded.flatMap { byte in (0..<8).reversed().map { Int(byte >> $0 & 1) } }[...]
        var text = ""
        while text.count < 3, bits.count >= 5 {
            let short = bits.prefix(5).reduce(0) { $0 << 1 | $1 }
            let isShort = short < 3
            let code = bits.prefix(6).reduce(0) { $0 << 1 | $1 }
            text += "\(isShort ? short : code - 0x19 + 3)"
            bits = bits.dropFirst(isShort ? 5 : 6)
        }
        return text
    }

    fileprivate func take() async throws -> Frame {
        let head = try await bytes(9)
        let payload = try await bytes(Self.number(head.prefix(3)))
        return Frame(type: head[3], flags: head[4], stream: Self.number(head[5..<9]), payload: payload)
    }

    private func bytes(_ count: Int) async throws -> [UInt8] {
        var taken: [UInt8] = []
        while taken.count < count {
            if inbound.isEmpty {
                do { guard try await connection.read(into: &inbound) > 0 else { throw End() } } catch is ConnectionError
                { throw End() }
            }
            let part = inbound.readableBytes.prefix(count - taken.count)
            taken += part
            inbound.consume(part.count)
        }
        return taken
    }
}

extension HTTP2Peer {
    /// Sends a body as fast as the server's windows allow, reading what comes meanwhile.
    func upload(_ bytes: [UInt8], on stream: Int, ends: Bool = true) async throws {
        var start = 0
        while start < bytes.count {
            let connectionLeft = 65_535 + windowUpdates[0, default: 0] - uploaded
            let streamLeft = settings[4, default: 65_535] + windowUpdates[stream, default: 0] - start
            let count = min(16_384, connectionLeft, streamLeft, bytes.count - start)
            guard count > 0 else {
                try await readOne()
                continue
            }
            start += count
            uploaded += count
            try await send(
                HTTP2Frame.data(stream, Array(bytes[start - count..<start]), ends: ends && start == bytes.count))
        }
    }
}
