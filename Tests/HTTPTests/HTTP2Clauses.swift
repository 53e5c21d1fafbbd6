/// What a client does, and what the standard says that a server must do about it.
struct HTTP2Clause: Sendable, CustomStringConvertible {
    /// Of RFC 9113; `H` for RFC 7541.
    let clause: String
    let what: String
    let frames: [UInt8]
    /// One of these comes, in the words of `HTTP2Peer.next`; nothing that ends the stream or the connection before.
    let outcomes: [String]

    var description: String { "\(clause) \(what)" }

    init(_ clause: String, _ what: String, _ frames: [[UInt8]], _ outcomes: String...) {
        self.clause = clause
        self.what = what
        self.frames = frames.flatMap { $0 }
        self.outcomes = outcomes
    }
}

extension HTTP2Clause {
    private typealias Frame = HTTP2Frame
    private static let get = Frame.request()
    private static let post = Frame.request("/", method: "POST")
    private static let open = Frame.headers(1, post, ends: false)
    private static let whole = Frame.headers(1, get)
    private static let answered = "HEADERS 1 200"
    private static let goAway = "GOAWAY PROTOCOL_ERROR"
    private static let malformed = "RST_STREAM 1 PROTOCOL_ERROR"
    private static let tooLong = [UInt8](repeating: 0, count: 16_385)

    private static func headers(_ pairs: (String, String)...) -> [UInt8] { Frame.headers(1, Frame.fields(pairs)) }
    private static func with(_ name: String, _ value: String) -> [UInt8] {
        Frame.headers(1, Frame.request("/", [(name, value)]))
    }
    /// A request whose head ends with these bytes of HPACK.
    private static func coded(_ bytes: [UInt8]) -> [[UInt8]] { [Frame.headers(1, get + bytes)] }

    /// A request whose head comes in so many.
    private static func inFrames(_ count: Int) -> [[UInt8]] {
        let more = (1..<count).map { number in
            Frame.continuation(1, Frame.fields([("a", "\(number)")]), ends: number == count - 1)
        }
        return [Frame.headers(1, get, flags: 0)] + more
    }

    static let framing: [HTTP2Clause] = [
        .init("4.1", "a frame of an unknown type", [Frame.frame(0x16, [1, 2]), Frame.ping()], "PING ack 12345678"),
        .init("4.1", "flags that are not defined", [Frame.ping(flags: 0x16)], "PING ack 12345678"),
        .init(
            "4.1", "the reserved bit", [Frame.frame(6, stream: 1 << 31, Array("12345678".utf8))], "PING ack 12345678"),
        .init(
            "4.2", "DATA of 2^14 bytes", [open, Frame.data(1, [UInt8](repeating: 0, count: 16_384), ends: true)],
            answered),
        .init(
            "4.2", "DATA beyond the largest frame", [open, Frame.data(1, tooLong)], "GOAWAY FRAME_SIZE_ERROR",
            "RST_STREAM 1 FRAME_SIZE_ERROR"),
        .init("4.2", "HEADERS beyond the largest frame", [Frame.headers(1, tooLong)], "GOAWAY FRAME_SIZE_ERROR"),
        .init(
            "4.3", "a broken field section", [Frame.headers(1, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])],
            "GOAWAY COMPRESSION_ERROR"),
        .init(
            "4.3", "PRIORITY inside a field section", [Frame.headers(1, get, flags: 0), Frame.priority(1, on: 0)],
            goAway),
        .init(
            "4.3", "HEADERS of another stream inside a field section",
            [Frame.headers(1, get, flags: 0), Frame.headers(3, get)], goAway),
        .init(
            "5.5", "an unknown frame inside a field section", [Frame.headers(1, get, flags: 0), Frame.frame(0x16)],
            goAway),
        .init("5.5", "an unknown setting", [Frame.settings([(0xFF, 1)]), Frame.ping()], "PING ack 12345678"),
        .init("6.1", "DATA on stream 0", [Frame.data(0, [1])], goAway),
        .init(
            "6.1", "DATA padded beyond its end", [open, Frame.frame(0, flags: Frame.padded, stream: 1, [9, 1, 2])],
            goAway),
        .init(
            "6.1", "padded DATA",
            [open, Frame.frame(0, flags: Frame.padded | Frame.endStream, stream: 1, [2, 7, 0, 0])], answered),
        .init("6.2", "HEADERS on stream 0", [Frame.headers(0, get)], goAway),
        .init(
            "6.2", "HEADERS padded beyond their end",
            [Frame.headers(1, [250] + get, flags: Frame.endHeaders | Frame.padded)], goAway),
        .init(
            "6.2", "padded HEADERS with a priority",
            [
                Frame.headers(
                    1, [2] + Frame.number(0) + [7] + get + [0, 0],
                    flags: Frame.endHeaders | Frame.padded | Frame.priority)
            ], answered),
        .init("6.3", "PRIORITY on stream 0", [Frame.priority(0, on: 1)], goAway),
        .init(
            "6.3", "PRIORITY of another length", [Frame.frame(2, stream: 1, [0, 0, 0, 0])],
            "RST_STREAM 1 FRAME_SIZE_ERROR", "GOAWAY FRAME_SIZE_ERROR"),
        .init(
            "6.3", "PRIORITY of a stream that is not open", [Frame.priority(9, on: 0), Frame.ping()],
            "PING ack 12345678"),
        .init(
            "6.3", "HEADERS that depend on themselves",
            [Frame.headers(1, Frame.number(1) + [7] + get, flags: Frame.endHeaders | Frame.priority)], malformed, goAway
        ),
        .init("6.3", "PRIORITY that depends on itself", [open, Frame.priority(1, on: 1)], malformed, goAway),
        .init("6.4", "RST_STREAM on stream 0", [Frame.reset(0)], goAway),
        .init(
            "6.4", "RST_STREAM of another length", [open, Frame.frame(3, stream: 1, [0, 0, 0])],
            "GOAWAY FRAME_SIZE_ERROR"),
        .init("6.5", "an acknowledgement with content", [Frame.frame(4, flags: 1, [0])], "GOAWAY FRAME_SIZE_ERROR"),
        .init("6.5", "SETTINGS on a stream", [Frame.frame(4, stream: 1)], goAway),
        .init("6.5", "SETTINGS of another length", [Frame.frame(4, [0, 3, 0])], "GOAWAY FRAME_SIZE_ERROR"),
        .init("6.5.2", "ENABLE_PUSH of 2", [Frame.settings([(2, 2)])], goAway),
        .init(
            "6.5.2", "INITIAL_WINDOW_SIZE beyond 2^31-1", [Frame.settings([(4, 1 << 31)])], "GOAWAY FLOW_CONTROL_ERROR"),
        .init("6.5.2", "MAX_FRAME_SIZE below 2^14", [Frame.settings([(5, 16_383)])], goAway),
        .init("6.5.2", "MAX_FRAME_SIZE beyond 2^24-1", [Frame.settings([(5, 1 << 24)])], goAway),
        .init("6.5.3", "SETTINGS are acknowledged", [Frame.settings([(4, 100), (4, 1)])], "SETTINGS ack"),
        .init(
            "6.5.3", "the last of two equal settings holds", [Frame.settings([(4, 100), (4, 1)]), whole], "DATA 1 #1"),
        .init(
            "6.6", "PUSH_PROMISE of a client", [open, Frame.frame(5, flags: 4, stream: 1, Frame.number(3) + get)],
            goAway),
        .init("6.7", "PING is answered with what it said", [Frame.ping("abcdefgh")], "PING ack abcdefgh"),
        .init(
            "6.7", "an answer to PING is not answered", [Frame.ping("abcdefgh", flags: Frame.ack), Frame.ping()],
            "PING ack 12345678"),
        .init("6.7", "PING on a stream", [Frame.frame(6, stream: 1, Array("12345678".utf8))], goAway),
        .init("6.7", "PING of another length", [Frame.frame(6, [1, 2, 3])], "GOAWAY FRAME_SIZE_ERROR"),
        .init("6.8", "GOAWAY on a stream", [Frame.frame(7, stream: 1, Frame.number(0) + Frame.number(0))], goAway),
        .init("6.9", "WINDOW_UPDATE of 0 for the connection", [Frame.windowUpdate(0, 0)], goAway),
        .init("6.9", "WINDOW_UPDATE of 0 for a stream", [open, Frame.windowUpdate(1, 0)], malformed, goAway),
        .init("6.9", "WINDOW_UPDATE of another length", [Frame.frame(8, [0, 0, 1])], "GOAWAY FRAME_SIZE_ERROR"),
        .init("6.9.1", "no more is sent than the stream's window", [Frame.settings([(4, 1)]), whole], "DATA 1 #1"),
        .init(
            "6.9.1", "a window beyond 2^31-1 of the connection",
            [Frame.windowUpdate(0, 0x7FFF_FFFF), Frame.windowUpdate(0, 0x7FFF_FFFF)], "GOAWAY FLOW_CONTROL_ERROR"),
        .init(
            "6.9.1", "a window beyond 2^31-1 of a stream",
            [open, Frame.windowUpdate(1, 0x7FFF_FFFF), Frame.windowUpdate(1, 0x7FFF_FFFF)],
            "RST_STREAM 1 FLOW_CONTROL_ERROR"),
        .init(
            "6.9.2", "a smaller window for streams that are open",
            [Frame.settings([(4, 0)]), whole, Frame.settings([(4, 1)])], "DATA 1 #1"),
        .init(
            "6.10", "several CONTINUATIONs",
            [
                Frame.headers(1, get, flags: 0), Frame.continuation(1, Frame.fields([("a", "b")]), ends: false),
                Frame.continuation(1, Frame.fields([("c", "d")])),
            ], answered),
        .init(
            "6.10", "DATA inside a field section", [Frame.headers(1, get, ends: false, flags: 0), Frame.data(1, [1])],
            goAway),
        .init(
            "6.10", "CONTINUATION on stream 0",
            [Frame.headers(1, get, flags: 0), Frame.continuation(0, Frame.fields([("a", "b")]))], goAway),
        .init(
            "6.10", "CONTINUATION after a complete head", [open, Frame.continuation(1, Frame.fields([("a", "b")]))],
            goAway),
        .init(
            "6.10", "CONTINUATION after the last one",
            [
                Frame.headers(1, post, ends: false, flags: 0), Frame.continuation(1, Frame.fields([("a", "b")])),
                Frame.continuation(1, Frame.fields([("a", "b")])),
            ], goAway),
        .init("6.10", "a head in nine frames", inFrames(9), answered),
        .init("10.5.1", "a head in ten frames", inFrames(10), "GOAWAY ENHANCE_YOUR_CALM"),
        .init(
            "6.10", "CONTINUATION after DATA",
            [open, Frame.data(1, [1]), Frame.continuation(1, Frame.fields([("a", "b")]))], goAway),
        .init("7", "GOAWAY with an unknown code", [Frame.goAway(0xFF), Frame.ping()], "PING ack 12345678", "end"),
        .init("7", "RST_STREAM with an unknown code", [open, Frame.reset(1, 0xFF), Frame.ping()], "PING ack 12345678"),
    ]

    static let streams: [HTTP2Clause] = [
        .init("5.1", "DATA on an idle stream", [Frame.data(1, [1])], goAway),
        .init("5.1", "RST_STREAM on an idle stream", [Frame.reset(1)], goAway),
        .init("5.1", "WINDOW_UPDATE on an idle stream", [Frame.windowUpdate(1, 100)], goAway),
        .init("5.1", "CONTINUATION on an idle stream", [Frame.continuation(1, get)], goAway),
        .init(
            "5.1", "DATA after the end of the stream", [whole, Frame.data(1, [1])], "RST_STREAM 1 STREAM_CLOSED",
            "GOAWAY STREAM_CLOSED"),
        .init(
            "5.1", "HEADERS after the end of the stream", [whole, Frame.headers(1, get)], "RST_STREAM 1 STREAM_CLOSED",
            "GOAWAY STREAM_CLOSED"),
        .init(
            "5.1", "CONTINUATION after the end of the stream", [whole, Frame.continuation(1, get)], goAway,
            "GOAWAY STREAM_CLOSED"),
        .init(
            "5.1", "DATA after RST_STREAM", [open, Frame.reset(1), Frame.data(1, [1])], "RST_STREAM 1 STREAM_CLOSED",
            "GOAWAY STREAM_CLOSED"),
        .init(
            "5.1", "HEADERS after RST_STREAM", [open, Frame.reset(1), Frame.headers(1, get)],
            "RST_STREAM 1 STREAM_CLOSED", "GOAWAY STREAM_CLOSED"),
        .init(
            "5.1", "CONTINUATION after RST_STREAM", [open, Frame.reset(1), Frame.continuation(1, get)], goAway,
            "GOAWAY STREAM_CLOSED"),
        .init(
            "5.1", "PRIORITY after RST_STREAM", [open, Frame.reset(1), Frame.priority(1, on: 0), Frame.ping()],
            "PING ack 12345678"),
        .init(
            "5.1", "WINDOW_UPDATE after RST_STREAM", [open, Frame.reset(1), Frame.windowUpdate(1, 1), Frame.ping()],
            "PING ack 12345678"),
        .init("5.1.1", "an even stream", [Frame.headers(2, get)], goAway),
        .init("5.1.1", "a stream below the last", [Frame.headers(5, get), Frame.headers(3, get)], goAway),
        .init(
            "5.1.2", "more streams than were announced",
            (0...100).map { Frame.headers(2 * $0 + 1, Frame.request("/wait", method: "POST"), ends: false) },
            "RST_STREAM 201 REFUSED_STREAM", "RST_STREAM 201 PROTOCOL_ERROR"),
        .init("5.4.1", "after an error of the connection it ends", [Frame.frame(6, [1])], "GOAWAY FRAME_SIZE_ERROR"),
    ]

    static let messages: [HTTP2Clause] = [
        .init("8.1", "GET", [whole], answered),
        .init("8.1", "HEAD", [Frame.headers(1, Frame.request("/", method: "HEAD"))], "HEADERS 1 200 end"),
        .init(
            "8.1", "POST with a body in pieces", [open, Frame.data(1, [1]), Frame.data(1, [2], ends: true)], answered),
        .init(
            "8.1", "POST with trailers", [open, Frame.data(1, [1]), Frame.headers(1, Frame.fields([("x", "y")]))],
            answered),
        .init(
            "8.1", "HEADERS in between that do not end the stream",
            [open, Frame.data(1, [1]), Frame.headers(1, Frame.fields([("x", "y")]), ends: false)], malformed, goAway),
        .init("8.2.1", "a name in upper case", [with("X-Test", "ok")], malformed, goAway),
        .init("8.2.1", "a name with a space", [with("x test", "ok")], malformed, goAway),
        .init("8.2.1", "an empty name", [with("", "ok")], malformed, goAway),
        .init("8.2.1", "a name with a colon", [with("x:y", "ok")], malformed, goAway),
        .init("8.2.1", "a value with a line feed", [with("x", "a\nb")], malformed, goAway),
        .init("8.2.1", "a value with a zero", [with("x", "a\0b")], malformed, goAway),
        .init("8.2.2", "a field of the connection", [with("connection", "keep-alive")], malformed, goAway),
        .init("8.2.2", "Transfer-Encoding", [with("transfer-encoding", "chunked")], malformed, goAway),
        .init("8.2.2", "TE beyond trailers", [with("te", "trailers, deflate")], malformed, goAway),
        .init("8.2.2", "TE: trailers", [with("te", "trailers")], answered),
        .init("8.3", "an unknown pseudo-field", [with(":test", "ok")], malformed, goAway),
        .init("8.3", "a pseudo-field of answers", [with(":status", "200")], malformed, goAway),
        .init(
            "8.3", "a pseudo-field behind another field",
            [headers((":method", "GET"), (":scheme", "http"), (":authority", "a"), ("x", "y"), (":path", "/"))],
            malformed, goAway),
        .init(
            "8.3", "a pseudo-field in trailers", [open, Frame.headers(1, Frame.fields([(":method", "GET")]))],
            malformed, goAway),
        .init("8.3.1", "an empty path", [Frame.headers(1, Frame.request(""))], malformed, goAway),
        .init("8.3.1", "a path without a slash", [Frame.headers(1, Frame.request("x"))], malformed, goAway),
        .init(
            "8.3.1", "no method", [headers((":scheme", "http"), (":path", "/"), (":authority", "a"))], malformed, goAway
        ),
        .init(
            "8.3.1", "no scheme", [headers((":method", "GET"), (":path", "/"), (":authority", "a"))], malformed, goAway),
        .init(
            "8.3.1", "no path", [headers((":method", "GET"), (":scheme", "http"), (":authority", "a"))], malformed,
            goAway),
        .init("8.5", "CONNECT", [headers((":method", "CONNECT"), (":authority", "a:1"))], answered),
        .init(
            "8.5", "CONNECT with a path", [Frame.headers(1, Frame.request("/", method: "CONNECT"))], malformed, goAway),
        .init("8.3.1", "two methods", [with(":method", "GET")], malformed, goAway),
        .init("8.3.1", "two schemes", [with(":scheme", "http")], malformed, goAway),
        .init("8.3.1", "two paths", [with(":path", "/")], malformed, goAway),
        .init(
            "8.3.1", "Host instead of an authority",
            [headers((":method", "GET"), (":scheme", "http"), (":path", "/"), ("host", "a"))], answered),
        .init(
            "8.3.1", "no host at all", [headers((":method", "GET"), (":scheme", "http"), (":path", "/"))], malformed,
            goAway, "HEADERS 1 400"),
        .init("8.3.1", "Host that is not the authority", [with("host", "b")], "HEADERS 1 400", malformed),
        .init(
            "8.3.1", "a host with a path",
            [headers((":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a/b"))], "HEADERS 1 400",
            malformed),
        .init(
            "8.1.1", "Content-Length that DATA does not reach",
            [
                Frame.headers(1, Frame.request("/", method: "POST", [("content-length", "3")]), ends: false),
                Frame.data(1, [1], ends: true),
            ], malformed, goAway),
        .init(
            "8.1.1", "Content-Length that DATA exceeds",
            [
                Frame.headers(1, Frame.request("/", method: "POST", [("content-length", "1")]), ends: false),
                Frame.data(1, [1]), Frame.data(1, [2], ends: true),
            ], malformed, goAway),
        .init("8.1.1", "Content-Length without a body", [with("content-length", "1")], malformed, goAway),
        .init(
            "8.1.1", "two different Content-Lengths",
            [
                Frame.headers(
                    1, Frame.request("/", method: "POST", [("content-length", "1"), ("content-length", "2")]),
                    ends: false)
            ], malformed, goAway),
    ]

    static let compression: [HTTP2Clause] = [
        .init("H 2.3.3", "an index beyond the tables", coded([0xC6]), "GOAWAY COMPRESSION_ERROR"),
        .init(
            "H 2.3.3", "a literal with an index beyond the tables", coded([0x7F, 0x10] + Frame.string("x")),
            "GOAWAY COMPRESSION_ERROR"),
        .init("H 4.2", "a change of the table at the end", coded([0x21]), "GOAWAY COMPRESSION_ERROR"),
        .init(
            "H 5.1", "a number without an end", coded([0x7F] + [UInt8](repeating: 0xFF, count: 12)),
            "GOAWAY COMPRESSION_ERROR"),
        .init(
            "H 5.2", "a string beyond the section", coded([0x00, 0x01, 0x78, 0x7E, 0x78]), "GOAWAY COMPRESSION_ERROR"),
        .init(
            "H 5.2", "Huffman padded by more than seven bits", coded([0x00, 0x01, 0x78, 0x82, 0x1F, 0xFF]),
            "GOAWAY COMPRESSION_ERROR"),
        .init("H 5.2", "Huffman padded by zeros", coded([0x00, 0x01, 0x78, 0x81, 0x18]), "GOAWAY COMPRESSION_ERROR"),
        .init(
            "H 5.2", "Huffman with its end", coded([0x00, 0x01, 0x78, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]),
            "GOAWAY COMPRESSION_ERROR"),
        .init("H 6.1", "index 0", coded([0x80]), "GOAWAY COMPRESSION_ERROR"),
        .init(
            "H 6.1", "fields of the static table", [Frame.headers(1, [0x82, 0x84, 0x86, 0x41] + Frame.string("a"))],
            answered),
        .init(
            "H 6.2.1", "fields of the dynamic table",
            [
                Frame.headers(1, [0x82, 0x84, 0x86, 0x41] + Frame.string("a")),
                Frame.headers(3, [0x82, 0x84, 0x86, 0xBE]),
            ], "HEADERS 3 200"),
        .init(
            "H 6.2.3", "a literal that is never indexed", coded([0x10] + Frame.string("x") + Frame.string("y")),
            answered),
        .init(
            "H 6.3", "a table larger than was allowed", [Frame.headers(1, [0x3F, 0xE2, 0x7F] + get)],
            "GOAWAY COMPRESSION_ERROR"),
        .init("H 6.3", "a table of no size", [Frame.headers(1, [0x20] + get)], answered),
        .init(
            "H 5.2", "a Huffman string",
            [
                Frame.headers(
                    1,
                    [
                        0x82, 0x84, 0x86, 0x41, 0x8C, 0xF1, 0xE3, 0xC2, 0xE5, 0xF2, 0x3A, 0x6B, 0xA0, 0xAB, 0x90, 0xF4,
                        0xFF,
                    ])
            ], answered),
    ]
}
