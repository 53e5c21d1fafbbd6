/// Base 64 (RFC 4648), strict: no line breaks, no other characters, no stray bits at the end, so that a value has one spelling.
public struct Base64: Sendable {
    /// With padding (RFC 4648 4).
    public static let standard = Base64(last: (UInt8(ascii: "+"), UInt8(ascii: "/")), isPadded: true)
    /// With padding absent, as password hashes write it.
    public static let unpadded = Base64(last: (UInt8(ascii: "+"), UInt8(ascii: "/")), isPadded: false)
    /// For URLs and file names, without padding (RFC 4648 5).
    public static let url = Base64(last: (UInt8(ascii: "-"), UInt8(ascii: "_")), isPadded: false)

    private let last: (UInt8, UInt8)
    private let isPadded: Bool
    /// What each character stands for; 255 for all that stand for nothing.
    private let values: [UInt8]

    private init(last: (UInt8, UInt8), isPadded: Bool) {
        self.last = last
        self.isPadded = isPadded
        var values = [UInt8](repeating: .max, count: 256)
        for value in 0..<UInt8(64) { values[Int(Self.character(value, last))] = value }
        self.values = values
    }

    public func encode(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var bits: UInt32 = 0
        var count = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 1
            if count % 3 == 0 {
                for shift in [18, 12, 6, 0] as [UInt32] { text.append(character(bits >> shift & 0x3F)) }
                bits = 0
            }
        }
        switch count % 3 {
        case 1:
            text += [character(bits >> 2), character(bits << 4 & 0x3F)]
            if isPadded { text += "==".utf8 }
        case 2:
            text += [character(bits >> 10), character(bits >> 4 & 0x3F), character(bits << 2 & 0x3F)]
            if isPadded { text += "=".utf8 }
        default: break
        }
        return String(decoding: text, as: UTF8.self)
    }

    public func decode(_ text: some StringProtocol) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: text.utf8.count / 4 * 3 + 3)
        var output = bytes.mutableSpan
        guard let count = decode(Array(text.utf8).span, into: &output) else { return nil }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// The number of bytes decoded; nil where the text is wrong or the output too small.
    public func decode(_ text: Span<UInt8>, into output: inout MutableSpan<UInt8>) -> Int? {
        var length = text.count
        if isPadded {
            guard length.isMultiple(of: 4) else { return nil }
            for _ in 0..<2 where length > 0 && text[length - 1] == UInt8(ascii: "=") { length -= 1 }
        }
        guard length % 4 != 1, output.count >= length * 3 / 4 else { return nil }
        var (position, written) = (0, 0)
        while position + 4 <= length {
            let first = values[Int(text[position])]
            let second = values[Int(text[position + 1])]
            let third = values[Int(text[position + 2])]
            let fourth = values[Int(text[position + 3])]
            guard first | second | third | fourth < 64 else { return nil }
            output[written] = first << 2 | second >> 4
            output[written + 1] = second << 4 | third >> 2
            output[written + 2] = third << 6 | fourth
            position += 4
            written += 3
        }
        guard position < length else { return written }
        // Two or three characters are left, for one or two bytes.
        let first = values[Int(text[position])]
        let second = values[Int(text[position + 1])]
        let third = position + 2 < length ? values[Int(text[position + 2])] : 0
        guard first | second | third < 64 else { return nil }
        output[written] = first << 2 | second >> 4
        if position + 2 == length { return second & 0xF == 0 ? written + 1 : nil }
        output[written + 1] = second << 4 | third >> 2
        return third & 0x3 == 0 ? written + 2 : nil
    }

    private func character(_ value: UInt32) -> UInt8 { Self.character(UInt8(truncatingIfNeeded: value), last) }

    private static func character(_ value: UInt8, _ last: (UInt8, UInt8)) -> UInt8 {
        switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + value - 26
        case 52..<62: UInt8(ascii: "0") + value - 52
        case 62: last.0
        default: last.1
        }
    }
}
