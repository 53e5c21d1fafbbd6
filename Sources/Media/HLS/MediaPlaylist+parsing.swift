extension HLS.MediaPlaylist {
    /// Eleven days. Sums of such durations can be counted in microseconds.
    private static let maxSegmentSeconds = 1e6

    /// Reads the tags that `render` writes and passes over all others.
    public init(parsing text: String) throws(HLS.ParseError) {
        self.init(initSegmentURI: nil, segments: [], isComplete: false)
        var key: Key?
        var map: String?
        var duration: MediaTime?
        var prefixByteCount: Int?
        for line in try HLS.lines(of: text) {
            guard line.text.first == "#" else {
                guard let known = duration else { throw .malformed(line: line.number) }
                segments.append(
                    Segment(
                        uri: String(line.text), duration: known, key: key,
                        initSegmentURI: map == initSegmentURI ? nil : map, prefixByteCount: prefixByteCount))
                (duration, prefixByteCount) = (nil, nil)
                continue
            }
            let (tag, value) = Self.split(line.text)
            switch tag {
            case "#EXTINF":
                duration = MediaTime(decimalSeconds: value.prefix { $0 != "," })
                guard let seconds = duration?.seconds, seconds <= Self.maxSegmentSeconds else {
                    throw .malformed(line: line.number)
                }
            case "#EXT-X-TARGETDURATION":
                statedTargetDuration = Int(value)
                guard statedTargetDuration != nil else { throw .malformed(line: line.number) }
            case "#EXT-X-MEDIA-SEQUENCE":
                guard let number = Int(value) else { throw .malformed(line: line.number) }
                mediaSequence = number
            case "#EXT-X-MAP":
                map = HLS.AttributeList(parsing: value)?.quoted("URI")
                guard map != nil else { throw .malformed(line: line.number) }
                if segments.isEmpty { initSegmentURI = map }
            case "#EXT-X-KEY":
                guard let attributes = HLS.AttributeList(parsing: value), let method = attributes["METHOD"] else {
                    throw .malformed(line: line.number)
                }
                if method == "NONE" {
                    key = nil
                    continue
                }
                guard method == "AES-128", let uri = attributes.quoted("URI") else {
                    throw .malformed(line: line.number)
                }
                key = Key(uri: uri)
                guard let digits = attributes["IV"] else { continue }
                guard let vector = Self.bytes(hexadecimal: digits) else { throw .malformed(line: line.number) }
                key?.initializationVector = vector
            case "#EXT-X-BYTERANGE":
                guard value.hasSuffix("@0"), let count = Int(value.dropLast(2)), count > 0 else {
                    throw .malformed(line: line.number)
                }
                prefixByteCount = count
            case "#EXT-X-I-FRAMES-ONLY": hasKeyframesOnly = true
            case "#EXT-X-ENDLIST": isComplete = true
            default: break
            }
        }
        guard statedTargetDuration != nil else { throw .missing("EXT-X-TARGETDURATION") }
    }

    private static func split(_ line: Substring) -> (tag: Substring, value: Substring) {
        guard let colon = line.firstIndex(of: ":") else { return (line, "") }
        return (line[..<colon], line[line.index(after: colon)...])
    }

    /// `0x` and 32 digits.
    private static func bytes(hexadecimal text: String) -> [UInt8]? {
        let digits = Array(text.utf8.dropFirst(2))
        guard text.hasPrefix("0x") || text.hasPrefix("0X"), digits.count == 32 else { return nil }
        var bytes: [UInt8] = []
        for pair in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[pair..<pair + 2], as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        return bytes
    }
}

extension MediaTime {
    /// A decimal number of seconds, exact up to nine places; nil for anything else.
    init?(decimalSeconds text: some StringProtocol) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1].prefix(9) : ""
        let digits = String(parts[0]) + String(fraction)
        guard !parts[0].isEmpty, parts.count == 1 || !parts[1].isEmpty, digits.utf8.allSatisfy({ 48...57 ~= $0 }),
            parts.count == 1 || parts[1].utf8.allSatisfy({ 48...57 ~= $0 }), let ticks = Int64(digits)
        else { return nil }
        var timescale: UInt32 = 1
        for _ in fraction { timescale *= 10 }
        self.init(ticks: ticks, timescale: timescale)
    }
}
