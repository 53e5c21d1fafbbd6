import HTTP

/// Reads the lines of a response's head as they come. Interim answers (1xx, RFC 9110 15.2) are passed over, trailers are
/// counted and dropped.
struct ResponseHeadReader {
    struct Head: Sendable {
        var status: Response.Status
        var headers: HeaderFields
    }

    /// The most bytes of all heads and trailers of one exchange.
    static let limit = 64 << 10

    private var byteCount = 0
    private var status: Response.Status?
    private var headers = HeaderFields()
    private(set) var isComplete = false

    /// Returns the final head with the empty line that ends it.
    ///
    /// - Throws: `HTTPClientError` with `headTooLarge` or `malformedResponse`.
    mutating func take(_ line: [UInt8]) throws(HTTPClientError) -> Head? {
        // bound: a line is shorter than libcurl's limit of 100 KB, and no line is counted past the limit
        byteCount += line.count
        guard byteCount <= Self.limit else {
            throw HTTPClientError(.headTooLarge, "the head of the answer is larger than \(Self.limit) bytes")
        }
        if isComplete { return nil }
        var text = line[...]
        if text.last == UInt8(ascii: "\n") { text.removeLast() }
        if text.last == UInt8(ascii: "\r") { text.removeLast() }
        guard let status else {
            self.status = try Self.status(text)
            return nil
        }
        guard text.isEmpty else {
            try readField(text)
            return nil
        }
        if status.code < 200 {
            self.status = nil
            headers = HeaderFields()
            return nil
        }
        isComplete = true
        return Head(status: status, headers: headers)
    }

    /// `HTTP/1.1 200 OK` or `HTTP/2 200` (RFC 9112 4).
    private static func status(_ line: ArraySlice<UInt8>) throws(HTTPClientError) -> Response.Status {
        let words = line.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count >= 2, words[0].starts(with: "HTTP/".utf8), words[1].count == 3,
            let code = Int(String(decoding: words[1], as: UTF8.self)), 100..<600 ~= code
        else { throw HTTPClientError(.malformedResponse, "the answer has no status line") }
        return Response.Status(code: code)
    }

    /// `name: value` (RFC 9112 5). A line that goes on with the value of the last one (5.2) is refused, as servers refuse it.
    private mutating func readField(_ line: ArraySlice<UInt8>) throws(HTTPClientError) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
            line[..<colon].allSatisfy(Self.isTokenByte)
        else { throw HTTPClientError(.malformedResponse, "the answer has a header field without a name") }
        let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        var value = line[(colon + 1)...].drop(while: isSpace)
        while let last = value.last, isSpace(last) { value.removeLast() }
        headers.append(
            FieldName(String(decoding: line[..<colon], as: UTF8.self)), String(decoding: value, as: UTF8.self))
    }

    /// RFC 9110 5.6.2.
    static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default:
            "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
