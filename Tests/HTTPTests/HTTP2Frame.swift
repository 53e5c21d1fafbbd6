/// Frames of HTTP/2 as a client writes them, right or wrong (RFC 9113 4.1), with fields in HPACK's plainest form.
enum HTTP2Frame {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    static let endStream: UInt8 = 0x1
    static let ack: UInt8 = 0x1
    static let endHeaders: UInt8 = 0x4
    static let padded: UInt8 = 0x8
    static let priority: UInt8 = 0x20

    /// What a client says first; it keeps no table of fields, so that each can be read by itself.
    static func hello(_ settings: [(Int, Int)] = []) -> [UInt8] { preface + Self.settings([(1, 0)] + settings) }

    static func frame(_ type: UInt8, flags: UInt8 = 0, stream: Int = 0, _ payload: [UInt8] = []) -> [UInt8] {
        head(type, flags: flags, stream: stream, length: payload.count) + payload
    }

    /// Only the nine bytes before a payload.
    static func head(_ type: UInt8, flags: UInt8 = 0, stream: Int = 0, length: Int) -> [UInt8] {
        [UInt8(length >> 16 & 0xFF), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF), type, flags] + number(stream)
    }

    static func number(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    static func data(_ stream: Int, _ bytes: [UInt8], ends: Bool = false) -> [UInt8] {
        frame(0, flags: ends ? endStream : 0, stream: stream, bytes)
    }

    static func headers(_ stream: Int, _ fields: [UInt8], ends: Bool = true, flags: UInt8 = endHeaders) -> [UInt8] {
        frame(1, flags: flags | (ends ? endStream : 0), stream: stream, fields)
    }

    static func priority(_ stream: Int, on other: Int) -> [UInt8] { frame(2, stream: stream, number(other) + [15]) }
    static func reset(_ stream: Int, _ code: Int = 8) -> [UInt8] { frame(3, stream: stream, number(code)) }
    static func settings(_ entries: [(Int, Int)] = []) -> [UInt8] {
        frame(4, entries.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 0xFF)] + number($0.1) })
    }
    static let settingsAck = frame(4, flags: ack)
    static func ping(_ text: String = "12345678", flags: UInt8 = 0) -> [UInt8] {
        frame(6, flags: flags, Array(text.utf8))
    }
    static func goAway(_ code: Int = 0, last: Int = 0) -> [UInt8] { frame(7, number(last) + number(code)) }
    static func windowUpdate(_ stream: Int, _ increment: Int) -> [UInt8] { frame(8, stream: stream, number(increment)) }
    static func continuation(_ stream: Int, _ fields: [UInt8], ends: Bool = true) -> [UInt8] {
        frame(9, flags: ends ? endHeaders : 0, stream: stream, fields)
    }

    // MARK: HPACK (RFC 7541)

    /// Literal fields that go into no table (6.2.2).
    static func fields(_ pairs: [(String, String)]) -> [UInt8] {
        pairs.flatMap { [0x00] + string($0.0) + string($0.1) }
    }

    static func string(_ text: String) -> [UInt8] { integer(text.utf8.count, prefix: 7, first: 0) + Array(text.utf8) }

    /// RFC 7541 5.1.
    static func integer(_ value: Int, prefix: Int, first: UInt8) -> [UInt8] {
        let most = 1 << prefix - 1
        if value < most { return [first | UInt8(value)] }
        var bytes = [first | UInt8(most)]
        var rest = value - most
        while rest >= 128 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func request(
        _ path: String = "/", method: String = "GET", _ more: [(String, String)] = []
    ) -> [UInt8] {
        fields([(":method", method), (":scheme", "http"), (":path", path), (":authority", "a")] + more)
    }

    /// The names of RFC 9113 7, by number.
    static let errors = [
        "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
        "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
    ]
}
