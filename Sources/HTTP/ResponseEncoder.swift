import BaseEncoding

/// How one response stands on the wire of HTTP/1.1: decided from the response and from what its request said, without a
/// look at any connection or parser.
struct ResponseEncoder {
    /// How the end of the body shows on the wire (RFC 9112 6).
    enum Framing: Equatable {
        case none
        case length(Int)
        case chunked
        /// HTTP/1.0 has no chunks: the end of the connection is the end of the body.
        case untilClose
        /// Another protocol follows.
        case upgrade
    }

    let framing: Framing
    /// Whether another request may follow on the connection.
    let keepsAlive: Bool
    /// False for the answers to HEAD and for statuses without a body.
    let sendsBody: Bool
    private let isHTTP10: Bool

    /// - Parameter mayContinue: false when the connection ends for a reason of its own.
    init(_ response: borrowing Response, to request: RequestTraits, mayContinue: Bool) {
        isHTTP10 = request.isHTTP10
        let forbidsBody = response.status.forbidsBody
        sendsBody = !forbidsBody && request.method != .head
        let framing: Framing = forbidsBody ? .none : response.body.byteCount.map { .length($0) } ?? .chunked
        self.framing = framing == .chunked && isHTTP10 ? .untilClose : framing
        keepsAlive = request.keepsAlive && mayContinue && self.framing != .untilClose && !response.asksToClose
    }

    /// The answer that changes the protocol of the connection.
    static var upgrade: ResponseEncoder { ResponseEncoder(framing: .upgrade) }

    private init(framing: Framing) {
        self.framing = framing
        keepsAlive = true
        sendsBody = false
        isHTTP10 = false
    }

    func writeHead(of response: borrowing Response, date: DateLine, to bytes: inout [UInt8]) {
        let reason = response.status.reason
        let shared = response.shared?.fields.byteCount ?? 0
        // bound: a status line, a date and what `HeaderFields` holds of a head in memory
        let most = 256 + reason.utf8.count + DateLine.length + response.headers.byteCount + shared
        bytes.append(upTo: most) { writeHead(of: response, reason: reason, date: date, to: &$0) }
    }

    @inline(__always)
    private func writeHead(
        of response: borrowing Response, reason: String, date: DateLine, to head: inout ByteWriter
    ) {
        if response.status == .ok {
            head.write("HTTP/1.1 200 OK\r\n")
        } else {
            head.write("HTTP/1.1 ")
            head.write(decimal: response.status.code)
            head.write(ASCII.space)
            head.write(text: reason)
            head.write("\r\n")
        }
        date.write(to: &head)
        response.headers.write(to: &head)
        if let shared = response.shared { head.write(shared.fields.bytes) }
        if response.requestID != .none {
            head.write("X-Request-Id: ")
            head.write(count: RequestID.length, response.requestID.write)
            head.write("\r\n")
        }
        switch framing {
        case .none, .untilClose: break
        case .length(let count):
            head.write("Content-Length: ")
            head.write(decimal: count)
            head.write("\r\n")
        case .chunked: head.write("Transfer-Encoding: chunked\r\n")
        case .upgrade: head.write("Connection: Upgrade\r\n")
        }
        if !keepsAlive {
            head.write("Connection: close\r\n")
        } else if isHTTP10 {
            head.write("Connection: keep-alive\r\n")
        }
        head.write("\r\n")
    }

    /// One chunk of a chunked body; an empty one would end the body.
    static func writeChunk(_ chunk: [UInt8], to bytes: inout [UInt8]) {
        guard !chunk.isEmpty else { return }
        bytes.appendHexadecimal(chunk.count)
        bytes.append(text: "\r\n")
        bytes.append(contentsOf: chunk)
        bytes.append(text: "\r\n")
    }

    static let lastChunk: StaticString = "0\r\n\r\n"
}

extension Response {
    fileprivate var asksToClose: Bool {
        guard let wish = headers.bytes(of: .connection) else { return false }
        return wish.elementsEqual("close".utf8)
    }
}

extension HeaderFields {
    /// Fields that the server writes itself, because it alone knows how the message is framed.
    func isFramingField(_ entry: Entry) -> Bool {
        switch entry.nameCount {
        case 4: matches(entry, .date)
        case 10: matches(entry, .connection)
        case 14: matches(entry, .contentLength)
        case 17: matches(entry, .transferEncoding)
        default: false
        }
    }

    /// Without those.
    @inline(__always)
    fileprivate func write(to head: inout ByteWriter) {
        guard mayContainFraming, entries.contains(where: isFramingField) else { return head.write(bytes) }
        for entry in entries where !isFramingField(entry) {
            bytes.withUnsafeBufferPointer { head.write(UnsafeBufferPointer(rebasing: $0[entry.range])) }
        }
    }
}
