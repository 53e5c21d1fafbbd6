/// Lines in heads, chunk headers and trailers end with CR LF, never with one of the two alone, and never go on in the
/// next line (RFC 9112 2.2, 5.2). Looks only at bytes that are not of the body.
struct FramingCheck {
    /// The most framing between two bytes of body, so that chunk extensions and trailers cost no more than a head.
    static let limit = RequestParser.headLimit + 4096

    private var last: UInt8 = 0
    private var byteCount = 0

    /// - Parameter ends: the head or the message ends with this piece, so no CR may be left open.
    mutating func check(
        _ bytes: Slice<UnsafeRawBufferPointer>, bodyRanges: [Range<Int>], ends: Bool
    ) throws(RequestParserError) {
        var start = 0
        for range in bodyRanges {
            try checkLines(bytes[start..<range.lowerBound])
            start = range.upperBound
            if !range.isEmpty {
                if last == ASCII.cr { throw .malformed }
                last = 0
                byteCount = 0
            }
        }
        try checkLines(bytes[start...])
        if ends, last == ASCII.cr { throw .malformed }
    }

    private mutating func checkLines(_ bytes: Slice<UnsafeRawBufferPointer>) throws(RequestParserError) {
        guard !bytes.isEmpty else { return }
        byteCount += bytes.count
        if byteCount > Self.limit { throw .headTooLarge }
        let raw = UnsafeRawBufferPointer(rebasing: bytes)
        var broken = Self.isBroken(last, raw[0])
        for index in 1..<max(1, raw.count) {
            broken = broken || Self.isBroken(raw[index - 1], raw[index])
        }
        if broken { throw .malformed }
        last = raw[raw.count - 1]
    }

    @inline(__always)
    private static func isBroken(_ a: UInt8, _ b: UInt8) -> Bool {
        ((a == ASCII.cr) != (b == ASCII.lf)) || (a == ASCII.lf && (b == ASCII.space || b == ASCII.tab))
    }
}
