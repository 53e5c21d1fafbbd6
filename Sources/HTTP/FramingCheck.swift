/// Lines in heads, chunk headers and trailers end with CR LF, never with one of the two alone, and never go on in the
/// next line (RFC 9112 2.2, 5.2). Looks only at bytes that are not of the body.
struct FramingCheck {
    /// The most framing between two bytes of body, so that chunk extensions and trailers cost no more than a head.
    static let limit = RequestParser.headLimit + 4096

    private var last: UInt8 = 0
    private var byteCount = 0

    /// - Parameter ends: the head or the message ends with this piece, so no CR may be left open.
    mutating func check(_ bytes: UnsafeRawBufferPointer, ends: Bool) throws(RequestParserError) {
        try checkLines(bytes)
        if ends, last == ASCII.cr { throw .malformed }
    }

    /// - Parameter bodies: where bytes of the body stand, in their order.
    mutating func check(
        _ bytes: UnsafeRawBufferPointer, around bodies: [Range<Int>], ends: Bool
    ) throws(RequestParserError) {
        var start = 0
        for range in bodies {
            try checkLines(UnsafeRawBufferPointer(rebasing: bytes[start..<range.lowerBound]))
            start = range.upperBound
            if !range.isEmpty {
                if last == ASCII.cr { throw .malformed }
                last = 0
                byteCount = 0
            }
        }
        try check(UnsafeRawBufferPointer(rebasing: bytes[start...]), ends: ends)
    }

    private mutating func checkLines(_ bytes: UnsafeRawBufferPointer) throws(RequestParserError) {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
        byteCount += bytes.count
        if byteCount > Self.limit { throw .headTooLarge }
        let first = base.assumingMemoryBound(to: UInt8.self)
        var wrong = Self.isWrong(last, first.pointee)
        // Without branches, so that the compiler can look at many bytes at once.
        var place = 1
        while place < bytes.count {
            wrong |= Self.isWrong(first[place &- 1], first[place])
            place &+= 1
        }
        if wrong != 0 { throw .malformed }
        last = first[bytes.count - 1]
    }

    /// One of CR and LF without the other, or a line that goes on in the next one.
    ///
    /// - Returns: not zero where two bytes must not stand so.
    @inline(__always)
    private static func isWrong(_ byte: UInt8, _ next: UInt8) -> UInt8 {
        let isAlone: UInt8 = (byte == ASCII.cr) != (next == ASCII.lf) ? 1 : 0
        let isFolded: UInt8 = (byte == ASCII.lf) && (next == ASCII.space || next == ASCII.tab) ? 1 : 0
        return isAlone | isFolded
    }
}
