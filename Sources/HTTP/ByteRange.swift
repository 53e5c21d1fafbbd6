/// The `Range` field (RFC 9110 14.2) applied to a representation of known length.
enum ByteRange: Equatable {
    /// No usable range: send the whole.
    case whole
    case some([Range<Int>])
    /// 416: none of the ranges overlaps the representation.
    case unsatisfiable

    /// More ranges than this in one request are answered with the whole (RFC 9110 14.2, 17.15).
    static let mostRanges = 16

    init(parsing field: String, length: Int) {
        self = .whole
        let text = field.utf8.drop { $0 == ASCII.space }
        let unit = text.prefix(6).map(ASCII.lowercase)
        guard unit == Array("bytes=".utf8) else { return }
        var ranges: [Range<Int>] = []
        let specs = text.dropFirst(6).split(separator: UInt8(ascii: ","), maxSplits: Self.mostRanges)
        guard !specs.isEmpty, specs.count <= Self.mostRanges else { return }
        for spec in specs {
            let spec = Self.trimmed(spec)
            guard let dash = spec.firstIndex(of: UInt8(ascii: "-")) else { return }
            let first = spec[..<dash]
            let last = spec[spec.index(after: dash)...]
            switch (first.isEmpty, last.isEmpty) {
            case (true, true): return
            case (true, false):
                guard let suffix = Self.number(last) else { return }
                if suffix > 0, length > 0 { ranges.append(max(0, length - suffix)..<length) }
            case (false, true):
                guard let start = Self.number(first) else { return }
                if start < length { ranges.append(start..<length) }
            case (false, false):
                guard let start = Self.number(first), let end = Self.number(last), start <= end else { return }
                if start < length { ranges.append(start..<min(end, length - 1) + 1) }
            }
        }
        self = ranges.isEmpty ? .unsatisfiable : .some(Self.coalesced(ranges))
    }

    /// Overlapping and touching ranges become one, so no request can make the answer longer than the representation
    /// by more than its framing.
    private static func coalesced(_ ranges: [Range<Int>]) -> [Range<Int>] {
        guard ranges.count > 1 else { return ranges }
        let sorted = ranges.sorted { $0.lowerBound < $1.lowerBound }
        guard zip(sorted, sorted.dropFirst()).contains(where: { $0.upperBound >= $1.lowerBound }) else { return ranges }
        return sorted.reduce(into: []) { joined, range in
            if let last = joined.last, last.upperBound >= range.lowerBound {
                joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                joined.append(range)
            }
        }
    }

    private static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
        var text = text.drop { $0 == ASCII.space || $0 == ASCII.tab }
        while let last = text.last, last == ASCII.space || last == ASCII.tab { text = text.dropLast() }
        return text
    }

    /// Digits only; a number too large to count saturates.
    private static func number(_ digits: Substring.UTF8View) -> Int? {
        guard digits.allSatisfy(ASCII.isDigit) else { return nil }
        return Int(Substring(digits)) ?? .max
    }
}
