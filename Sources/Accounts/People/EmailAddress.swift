import SQL

/// An e-mail address in the one form that accounts are found by: trimmed and in lower case.
///
/// It is checked for shape only; whether mail arrives is for a confirmation to find out.
public struct EmailAddress: Sendable, Hashable, LosslessStringConvertible {
    /// RFC 5321 4.5.3.1: the longest address and the longest part before the `@`.
    private static let maximumLength = 254
    private static let maximumLocalLength = 64

    public let description: String

    public init?(_ text: String) {
        let trimmed = text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
        let normalized = String(trimmed).lowercased()
        let parts = normalized.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, normalized.utf8.count <= Self.maximumLength,
            (1...Self.maximumLocalLength).contains(parts[0].utf8.count), Self.isDomain(parts[1]),
            normalized.unicodeScalars.allSatisfy(Self.isAllowed)
        else { return nil }
        description = normalized
    }

    private static func isDomain(_ text: Substring) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
        }
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\"", "(", ")", ",", ":", ";", "<", ">", "[", "]", "\\": false
        default:
            scalar.value > 0x20 && scalar.value != 0x7F && !scalar.properties.isWhitespace && scalar.value >= 0xA0
                || (0x21..<0x7F).contains(scalar.value)
        }
    }
}

extension EmailAddress: SQLConvertible {
    public var sqlValue: SQLValue { .text(description) }
    public init?(sqlValue: SQLValue) {
        // It was checked before it was stored.
        guard case .text(let text) = sqlValue else { return nil }
        description = text
    }
}
