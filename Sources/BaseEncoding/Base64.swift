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
        var bits: UInt32 = 0
        var written = 0
        for position in 0..<length {
            guard let value = value(of: text[position]) else { return nil }
            bits = bits << 6 | UInt32(value)
            guard position % 4 > 0 else { continue }
            let leftover = UInt32(6 - position % 4 * 2)
            output[written] = UInt8(truncatingIfNeeded: bits >> leftover)
            written += 1
            bits &= (1 << leftover) - 1
        }
        return bits == 0 ? written : nil
    }

    private func character(_ value: UInt32) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: value)
        return switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + value - 26
        case 52..<62: UInt8(ascii: "0") + value - 52
        case 62: last.0
        default: last.1
        }
    }

    private func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case last.0: 62
        case last.1: 63
        default: nil
        }
    }
}
