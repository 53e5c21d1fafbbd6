/// Frames of MPEG audio (ISO/IEC 11172-3 and 13818-3) in bytes that need not begin with one.
public enum MPEGAudioFrames {
    /// So many in a row do not come about by chance: each says thirteen bits that must fit.
    static let wanted = 8

    /// Kilobits a second by the header's four bits; nothing for "free" and for the value that is forbidden.
    private static let rates: [[Int]] = [
        // MPEG-1: layers I, II and III.
        [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
        [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
        [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
        // MPEG-2: layer I, and II with III.
        [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
        [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ]

    private struct Header: Equatable {
        /// 0 for MPEG-1, 1 for MPEG-2, 2 for what is called MPEG-2.5.
        var version: Int
        var layer: Int
        var sampleRate: Int
        var byteCount: Int

        /// 11172-3 2.4.1.3.
        init?(_ word: UInt32) {
            guard word >> 21 == 0x7FF else { return nil }
            let versions: [Int?] = [2, nil, 1, 0]
            guard let version = versions[Int(word >> 19 & 3)], word >> 17 & 3 != 0 else { return nil }
            let layer = 4 - Int(word >> 17 & 3)
            let (rate, frequency) = (Int(word >> 12 & 15), Int(word >> 10 & 3))
            guard (1...14).contains(rate), frequency < 3 else { return nil }
            let table = version == 0 ? layer - 1 : layer == 1 ? 3 : 4
            let bits = MPEGAudioFrames.rates[table][rate - 1] * 1000
            let hertz = [44_100, 48_000, 32_000][frequency] >> version
            let padding = Int(word >> 9 & 1)
            (self.version, self.layer, sampleRate) = (version, layer, hertz)
            byteCount =
                layer == 1
                ? (12 * bits / hertz + padding) * 4 : (layer == 3 && version > 0 ? 72 : 144) * bits / hertz + padding
        }

        func goes(with other: Header) -> Bool {
            version == other.version && layer == other.layer && sampleRate == other.sampleRate
        }
    }

    /// Where a row of frames begins; nil where there is none.
    public static func start(in bytes: [UInt8]) -> Int? {
        bytes.indices.first { isRow(at: $0, in: bytes) }
    }

    private static func isRow(at start: Int, in bytes: [UInt8]) -> Bool {
        guard bytes[start] == 0xFF, let first = header(at: start, in: bytes) else { return false }
        var place = start
        for _ in 0..<wanted {
            guard let next = header(at: place, in: bytes), next.goes(with: first) else { return false }
            // bound: a frame takes a few kilobytes
            place += next.byteCount
        }
        return true
    }

    private static func header(at place: Int, in bytes: [UInt8]) -> Header? {
        guard bytes.count >= 4, place <= bytes.count - 4 else { return nil }
        return Header(bytes[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) })
    }
}
