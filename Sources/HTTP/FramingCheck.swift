import Glibc

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
        guard let base = raw.baseAddress else { return }
        var place = 0
        if last == ASCII.cr { try endLine(raw, &place) } else if last == ASCII.lf { try beginLine(raw, place) }
        while place < raw.count {
            let found = memchr(base + place, Int32(ASCII.cr), raw.count - place)
            let end = found.map { UnsafeRawPointer($0) - base } ?? raw.count
            if memchr(base + place, Int32(ASCII.lf), end - place) != nil { throw .malformed }
            place = end + 1
            if place < raw.count { try endLine(raw, &place) }
        }
        last = raw[raw.count - 1]
    }

    /// Behind a CR.
    private func endLine(_ bytes: UnsafeRawBufferPointer, _ place: inout Int) throws(RequestParserError) {
        if bytes[place] != ASCII.lf { throw .malformed }
        place += 1
        if place < bytes.count { try beginLine(bytes, place) }
    }

    /// Behind a CR and an LF.
    private func beginLine(_ bytes: UnsafeRawBufferPointer, _ place: Int) throws(RequestParserError) {
        if bytes[place] == ASCII.space || bytes[place] == ASCII.tab { throw .malformed }
    }
}
