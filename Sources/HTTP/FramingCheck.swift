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
        guard let base = raw.assumingMemoryBound(to: UInt8.self).baseAddress else { return }
        // Without branches and checks inside, so that the compiler looks at many bytes at once.
        var broken = Self.brokenness(last, base[0])
        var place = 1
        while place < raw.count {
            broken |= Self.brokenness(base[place - 1], base[place])
            place &+= 1
        }
        if broken != 0 { throw .malformed }
        last = base[raw.count - 1]
    }

    /// 1 when `b` must not follow `a`.
    @inline(__always)
    private static func brokenness(_ a: UInt8, _ b: UInt8) -> UInt8 {
        let isLineEnd: UInt8 = a == ASCII.cr ? 1 : 0
        let isLineFeed: UInt8 = b == ASCII.lf ? 1 : 0
        let isAfterLine: UInt8 = a == ASCII.lf ? 1 : 0
        let isBlank: UInt8 = (b == ASCII.space ? 1 : 0) | (b == ASCII.tab ? 1 : 0)
        return (isLineEnd ^ isLineFeed) | (isAfterLine & isBlank)
    }
}
