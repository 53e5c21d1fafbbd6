/// A four-character code: the type of a box, a brand or a sample format (ISO/IEC 14496-12 4.2).
public struct FourCC: Sendable, Hashable, RawRepresentable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public init(stringLiteral: String) {
        precondition(stringLiteral.utf8.count == 4, "a four-character code has four bytes")
        rawValue = stringLiteral.utf8.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// The four characters; what is no printable ASCII shows as `?`.
    public var description: String {
        var text = ""
        for shift in [24, 16, 8, 0] as [UInt32] {
            let byte = UInt8(truncatingIfNeeded: rawValue >> shift)
            text.append(byte >= 0x20 && byte < 0x7F ? Character(Unicode.Scalar(byte)) : "?")
        }
        return text
    }
}
