/// Checks text as it comes, in pieces of any size: a byte that can belong to no text is noticed when it is there, not
/// at the message's end (RFC 3629: shortest forms only, no surrogates, nothing above U+10FFFF).
struct UTF8Check {
    private var needed = 0
    /// What the next byte of an open character may be.
    private var lowest: UInt8 = 0x80
    private var highest: UInt8 = 0xBF

    /// No character is open.
    var isComplete: Bool { needed == 0 }

    /// Whether the bytes from `start` on continue a valid text.
    mutating func accepts(_ bytes: Span<UInt8>, from start: Int) -> Bool {
        var index = start
        while index < bytes.count {
            if needed == 0 { index = Self.endOfASCII(bytes, from: index) }
            guard index < bytes.count else { break }
            guard accepts(bytes[index]) else { return false }
            index += 1
        }
        return true
    }

    private static func endOfASCII(_ bytes: Span<UInt8>, from start: Int) -> Int {
        let raw = bytes.bytes
        var index = start
        while raw.byteCount - index >= 8 {
            let word = raw.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            if word & 0x8080_8080_8080_8080 != 0 { break }
            index += 8
        }
        while index < bytes.count, bytes[index] < 0x80 { index += 1 }
        return index
    }

    private mutating func accepts(_ byte: UInt8) -> Bool {
        if needed > 0 {
            guard byte >= lowest, byte <= highest else { return false }
            needed -= 1
            (lowest, highest) = (0x80, 0xBF)
            return true
        }
        switch byte {
        case 0...0x7F: return true
        case 0xC2...0xDF: needed = 1
        case 0xE0...0xEF: needed = 2
        case 0xF0...0xF4: needed = 3
        default: return false
        }
        switch byte {
        case 0xE0: lowest = 0xA0
        case 0xED: highest = 0x9F
        case 0xF0: lowest = 0x90
        case 0xF4: highest = 0x8F
        default: break
        }
        return true
    }
}
