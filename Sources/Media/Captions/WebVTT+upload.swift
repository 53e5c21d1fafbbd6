extension WebVTT {
    /// Of one file.
    static let mostCues = 50_000
    /// What the cues take once they are written anew, in bytes.
    static let mostBytes = 4 << 20

    /// Reads what a person uploaded. Unlike `init(parsing:)`, it refuses what it cannot read, and of the markup it keeps only what
    /// `CueText` knows.
    ///
    /// - Parameters:
    ///   - format: nil where the content shall tell.
    ///   - language: tells old encodings of SRT apart.
    public init(
        uploaded bytes: [UInt8], as format: CaptionFormat? = nil, language: LanguageTag? = nil
    ) throws(CaptionError) {
        guard let (text, isUnicode) = CaptionEncoding.text(of: bytes, language: language) else {
            throw .unreadableText
        }
        let lines = CaptionReader.lines(of: text)
        guard let format = format ?? CaptionReader.format(of: lines) else { throw .unknownFormat }
        // WebVTT is UTF-8 by its definition; whoever writes another encoding means another format.
        guard isUnicode || format == .subRip else { throw .unreadableText }
        var reader = CaptionReader(format: format)
        reader.read(lines)
        if !reader.wrongLines.isEmpty { throw .wrongLines(reader.wrongLines) }
        guard !reader.cues.isEmpty else { throw .empty }
        guard !reader.isTooLarge else { throw .tooLarge }
        self.init(cues: reader.cues.sortedByStart())
        guard render().utf8.count <= Self.mostBytes else { throw .tooLarge }
    }
}

extension [WebVTT.Cue] {
    /// Cues that begin at once stay in their order.
    fileprivate func sortedByStart() -> [WebVTT.Cue] {
        enumerated().sorted { ($0.element.start, $0.offset) < ($1.element.start, $1.offset) }.map(\.element)
    }
}

/// Reads the lines of a file of captions.
struct CaptionReader {
    typealias Line = ArraySlice<UInt8>

    let format: CaptionFormat
    private(set) var cues: [WebVTT.Cue] = []
    private(set) var wrongLines: [CaptionError.WrongLine] = []
    private(set) var isTooLarge = false

    init(format: CaptionFormat) { self.format = format }

    /// Lines end with CR, LF or both (WebVTT 4.1); a byte order mark is left out.
    static func lines(of text: [UInt8]) -> [Line] {
        var lines: [Line] = []
        var start = text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var position = start
        while position < text.count {
            let byte = text[position]
            guard byte == 0x0A || byte == 0x0D else {
                position += 1
                continue
            }
            lines.append(text[start..<position])
            let isPair = byte == 0x0D && position + 1 < text.count && text[position + 1] == 0x0A
            position += isPair ? 2 : 1
            start = position
        }
        lines.append(text[start...])
        return lines
    }

    static func format(of lines: [Line]) -> CaptionFormat? {
        if isHeader(lines.first ?? []) { return .webVTT }
        let first = lines.drop { $0.isBlank }.prefix(2)
        return first.contains { $0.arrow != nil } ? .subRip : nil
    }

    private static func isHeader(_ line: Line) -> Bool {
        guard line.starts(with: "WEBVTT".utf8) else { return false }
        return line.dropFirst(6).first.map { $0 == 0x20 || $0 == 0x09 } ?? true
    }

    mutating func read(_ lines: [Line]) {
        var position = 0
        if format == .webVTT {
            if !Self.isHeader(lines.first ?? []) { refuse(line: 0, .header) }
            while position < lines.count, !lines[position].isEmpty, lines[position].arrow == nil { position += 1 }
        }
        while position < lines.count {
            if isEnd(lines[position]) {
                position += 1
                continue
            }
            let end = lines[position...].firstIndex(where: isEnd) ?? lines.count
            read(block: lines[position..<end])
            position = end
        }
    }

    private func isEnd(_ line: Line) -> Bool { format == .subRip ? line.isBlank : line.isEmpty }

    private mutating func read(block: ArraySlice<Line>) {
        guard let first = block.first else { return }
        if format == .webVTT, first.isNote { return }
        guard let place = block.prefix(2).firstIndex(where: { $0.arrow != nil }) else {
            return refuse(line: block.startIndex, .noTiming)
        }
        guard let timing = CueTiming(block[place], format) else { return refuse(line: place, .timing) }
        guard timing.end > timing.start else { return refuse(line: place, .order) }
        let text = block[block.index(after: place)...]
        if let wrong = text.firstIndex(where: { $0.arrow != nil }) { return refuse(line: wrong, .arrow) }
        let cueText = CueText(text.joined(separator: [0x0A]), format)
        // A cue without a text shows nothing.
        guard !cueText.lines.isEmpty else { return }
        guard cues.count < WebVTT.mostCues else {
            isTooLarge = true
            return
        }
        let settings = cueText.isAtTop && timing.settings.isEmpty ? "line:0" : timing.settings
        cues.append(WebVTT.Cue(start: timing.start, end: timing.end, settings: settings, text: cueText.lines))
    }

    private mutating func refuse(line: Int, _ fault: CaptionError.Fault) {
        guard wrongLines.count < CaptionError.mostWrongLines else { return }
        wrongLines.append(CaptionError.WrongLine(number: line + 1, fault: fault))
    }
}

extension CaptionReader.Line {
    var isBlank: Bool { allSatisfy { $0 == 0x20 || $0 == 0x09 } }

    /// Where `-->` stands.
    var arrow: Index? {
        guard count >= 3 else { return nil }
        return (startIndex...endIndex - 3).first { self[$0] == 0x2D && self[$0 + 1] == 0x2D && self[$0 + 2] == 0x3E }
    }

    /// Notes, styles and regions: nothing of them is kept.
    fileprivate var isNote: Bool {
        ["NOTE", "STYLE", "REGION"].contains { word in
            starts(with: word.utf8) && dropFirst(word.utf8.count).first.map { $0 == 0x20 || $0 == 0x09 } ?? true
        }
    }
}
