/// Cues of text, as WebVTT has them. Styles, regions and notes are passed over.
public struct WebVTT: Sendable, Hashable {
    public struct Cue: Sendable, Hashable {
        /// In milliseconds.
        public var start: Int64
        public var end: Int64
        /// As written after the times: where on the picture.
        public var settings: String
        /// Lines, none of them empty.
        public var text: [String]
    }

    public var cues: [Cue] = []

    init(cues: [Cue]) { self.cues = cues }

    /// Takes what can be read: a block whose times are none is left out.
    public init(parsing text: String) {
        var block: [Substring] = []
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for line in lines + [""] {
            guard line.isEmpty else {
                block.append(line)
                continue
            }
            if let cue = Cue(block) { cues.append(cue) }
            block = []
        }
    }

    /// All of it so many milliseconds earlier; what is over before 0 is left out.
    public func earlier(by milliseconds: Int64) -> WebVTT {
        var moved = self
        moved.cues = cues.compactMap { cue in
            var cue = cue
            cue.start = max(0, cue.start.subtractingSaturated(milliseconds))
            cue.end = cue.end.subtractingSaturated(milliseconds)
            return cue.end > cue.start ? cue : nil
        }
        return moved
    }

    /// What HLS wants to be told of the clock, after the first line (RFC 8216 3.5): times are those of the film.
    public static let clockOfFilm = "X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n"

    /// - Parameter isForHLS: with `clockOfFilm`.
    public func render(isForHLS: Bool = true) -> String {
        var text = "WEBVTT\n" + (isForHLS ? Self.clockOfFilm : "")
        for cue in cues {
            let settings = cue.settings.isEmpty ? "" : " " + cue.settings
            text += "\n\(Self.clock(cue.start)) --> \(Self.clock(cue.end))\(settings)\n"
            text += cue.text.joined(separator: "\n") + "\n"
        }
        return text
    }

    static func clock(_ milliseconds: Int64) -> String {
        func digits(_ value: Int64, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
        }
        let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000)
        return
            "\(digits(seconds / 3600, 2)):\(digits(seconds / 60 % 60, 2)):\(digits(seconds % 60, 2)).\(digits(rest, 3))"
    }
}

extension WebVTT.Cue {
    /// An identifier may stand before the times.
    fileprivate init?(_ block: [Substring]) {
        guard let place = block.prefix(2).firstIndex(where: { $0.contains(" --> ") }) else { return nil }
        let parts = block[place].split(separator: " ")
        guard parts.count >= 3, parts[1] == "-->", let start = Self.milliseconds(parts[0]),
            let end = Self.milliseconds(parts[2]), end > start
        else { return nil }
        let text = block[(place + 1)...].filter { !$0.contains("-->") }.map(String.init)
        guard !text.isEmpty else { return nil }
        self.init(start: start, end: end, settings: parts[3...].joined(separator: " "), text: text)
    }

    /// `01:02.345` or `1:01:02.345`.
    private static func milliseconds(_ text: Substring) -> Int64? {
        let parts = text.split(separator: ":")
        guard (2...3).contains(parts.count), let last = parts.last?.split(separator: "."), last.count == 2,
            last[1].utf8.count == 3
        else { return nil }
        var fields: [Int64] = []
        for part in parts.dropLast() + last {
            guard part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int64(part), value < 1_000_000
            else {
                return nil
            }
            fields.append(value)
        }
        // Minutes and seconds; only hours may be more.
        guard fields.dropLast().suffix(2).allSatisfy({ $0 < 60 }) else { return nil }
        let whole = fields.dropLast().reduce(Int64(0)) { $0 * 60 + $1 }
        // bound: four numbers below a million each
        return whole * 1000 + (fields.last ?? 0)
    }
}
