/// A mailbox: an address and, if it is known, whose it is (RFC 5322 3.4).
public struct MailAddress: Sendable, Equatable {
    /// Empty where it is not known. It may hold anything: it is encoded where it is written.
    public let name: String
    /// Without brackets, and without anything that could end a header field or a command.
    public let address: String

    /// RFC 5321 4.5.3.1.
    private static let maximumLength = 254

    /// - Returns: nil for what is no address.
    public init?(_ address: String, name: String = "") {
        let parts = address.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), address.utf8.count <= Self.maximumLength,
            address.unicodeScalars.allSatisfy(Self.isAllowed)
        else { return nil }
        self.address = address
        self.name = name
    }

    /// Reads `Palco <noreply@example.org>`, or an address alone.
    public init?(parsing text: String) {
        guard text.last == ">", let start = text.lastIndex(of: "<") else {
            self.init(text)
            return
        }
        guard !text[..<start].contains(where: { $0 == "<" || $0 == ">" }) else { return nil }
        let name = text[..<start].split(whereSeparator: \.isWhitespace).joined(separator: " ")
        self.init(String(text[text.index(after: start)...].dropLast()), name: name.filter { $0 != "\"" })
    }

    public var domain: Substring { address.split(separator: "@").last ?? "localhost" }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\"", "(", ")", ",", ":", ";", "<", ">", "[", "]", "\\": false
        default:
            (0x21..<0x7F).contains(scalar.value)
                || scalar.value >= 0xA0 && !scalar.properties.isWhitespace
                    && scalar.properties.generalCategory != .format
        }
    }
}
