/// The line of a cue that tells when it is shown.
struct CueTiming: Hashable {
    /// In milliseconds.
    var start: Int64
    var end: Int64
    /// Where on the picture: only what WebVTT 3.4 knows and has values as it wants them, in its order.
    var settings: String

    init?(_ line: ArraySlice<UInt8>, _ format: CaptionFormat) {
        guard let arrow = line.arrow else { return nil }
        let left = line[..<arrow].split(whereSeparator: Self.isSpace)
        let right = line[(arrow + 3)...].split(whereSeparator: Self.isSpace)
        guard left.count == 1, let last = right.first, let start = Self.milliseconds(left[0], format),
            let end = Self.milliseconds(last, format)
        else { return nil }
        self.start = start
        self.end = end
        let words = right.dropFirst().prefix(32)
        settings = format == .webVTT ? Self.settings(words.map { Substring(String(decoding: $0, as: UTF8.self)) }) : ""
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// `01:02.345` or `1:01:02.345`; SRT has a comma before the thousandths.
    static func milliseconds(_ text: ArraySlice<UInt8>, _ format: CaptionFormat) -> Int64? {
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), let last = parts.last else { return nil }
        let seconds = last.split(omittingEmptySubsequences: false) {
            $0 == UInt8(ascii: ".") || (format == .subRip && $0 == UInt8(ascii: ","))
        }
        guard seconds.count == 2, let minutes = number(parts[parts.count - 2], digits: 1...2), minutes < 60,
            let whole = number(seconds[0], digits: 2...2), whole < 60, let rest = number(seconds[1], digits: 3...3)
        else { return nil }
        var hours: Int64 = 0
        if parts.count == 3 {
            guard let written = number(parts[0], digits: 1...3) else { return nil }
            hours = written
        }
        // bound: at most 999 hours
        return ((hours * 60 + minutes) * 60 + whole) * 1000 + rest
    }

    private static func number(_ text: Substring, digits: ClosedRange<Int>) -> Int64? {
        number(Array(text.utf8)[...], digits: digits)
    }

    private static func number(_ text: ArraySlice<UInt8>, digits: ClosedRange<Int>) -> Int64? {
        guard digits.contains(text.count), text.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        // bound: six digits at most
        return text.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    private static let names = ["vertical", "line", "position", "size", "align"]

    private static func settings(_ words: [Substring]) -> String {
        var known: [Substring: Substring] = [:]
        for word in words {
            guard let colon = word.firstIndex(of: ":") else { continue }
            let (name, value) = (word[..<colon], word[word.index(after: colon)...])
            guard names.contains(String(name)), isValid(value, of: name) else { continue }
            known[name] = value
        }
        return names.compactMap { name in known[Substring(name)].map { "\(name):\($0)" } }.joined(separator: " ")
    }

    private static func isValid(_ value: Substring, of name: Substring) -> Bool {
        let parts = value.split(separator: ",", omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count <= 2 else { return false }
        switch name {
        case "vertical": return value == "rl" || value == "lr"
        case "align": return ["start", "center", "end", "left", "right"].contains(value)
        case "size": return isPercentage(value)
        case "line":
            let side = parts.count == 1 || ["start", "center", "end"].contains(parts[1])
            return side && (isPercentage(first) || isLineNumber(first))
        case "position":
            let side = parts.count == 1 || ["line-left", "center", "line-right"].contains(parts[1])
            return side && isPercentage(first)
        default: return false
        }
    }

    private static func isLineNumber(_ text: Substring) -> Bool {
        number(text.hasPrefix("-") ? text.dropFirst() : text, digits: 1...3) != nil
    }

    private static func isPercentage(_ text: Substring) -> Bool {
        guard text.hasSuffix("%") else { return false }
        let parts = text.dropLast().split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = number(parts[0], digits: 1...3), whole <= 100 else {
            return false
        }
        guard parts.count == 2 else { return true }
        guard let fraction = number(parts[1], digits: 1...6) else { return false }
        return whole < 100 || fraction == 0
    }
}
