/// The name that a file had at its owner's, safe to store and to show: what would hide or turn around what stands beside
/// it is written out, as `\u202E`.
struct FileName: Sendable, CustomStringConvertible {
    /// In characters of Unicode, before anything is written out.
    static let limit = 255

    let description: String

    init(_ name: String) {
        var text = ""
        for scalar in name.unicodeScalars.prefix(Self.limit) {
            if scalar.isControl || scalar.isDirectionMark {
                let digits = String(scalar.value, radix: 16, uppercase: true)
                text += "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        description = text
    }
}

extension Unicode.Scalar {
    /// The marks that stand for a direction alone, line and paragraph separators, and what has no width at all.
    fileprivate var isDirectionMark: Bool {
        switch value {
        case 0x061C, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029, 0xFEFF: true
        default: false
        }
    }
}
