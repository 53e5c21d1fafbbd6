/// One entry of `stsd` (ISO/IEC 14496-12 8.5.2, 12.1.3, 12.2.3; QuickTime File Format, sound descriptions).
struct SampleDescription {
    let format: Track.Format

    static func read(_ stsd: inout ByteReader, handler: FourCC) throws(MovieError) -> [SampleDescription] {
        try stsd.skip(4)
        let count = Int(try stsd.uint32())
        var descriptions: [SampleDescription] = []
        while descriptions.count < min(count, 256), var entry = try stsd.nextBox() {
            try entry.skip(8)
            switch handler {
            case "vide": descriptions.append(.init(format: .video(try video(&entry))))
            case "soun": descriptions.append(.init(format: .audio(try audio(&entry))))
            default: descriptions.append(.init(format: .other(handler: handler)))
            }
        }
        return descriptions
    }

    private static func video(_ entry: inout ByteReader) throws(MovieError) -> VideoFormat {
        try entry.skip(16)
        var format = VideoFormat(
            sampleEntry: entry.box, codec: .other, width: Int(try entry.uint16()), height: Int(try entry.uint16()))
        try entry.skip(50)
        while var box = try entry.nextBox() {
            switch box.box {
            case "avcC" where ["avc1", "avc3"].contains(entry.box):
                if let configuration = try? AVCConfiguration(box.rest()) { format.codec = .avc(configuration) }
            case "hvcC" where ["hvc1", "hev1"].contains(entry.box):
                if let configuration = try? HEVCConfiguration(box.rest()) { format.codec = .hevc(configuration) }
            case "pasp":
                let (horizontal, vertical) = (try box.uint32(), try box.uint32())
                if horizontal > 0, vertical > 0 {
                    format.pixelAspectRatio = PixelAspectRatio(horizontal: horizontal, vertical: vertical)
                }
            case "colr": format.color = try color(&box) ?? format.color
            default: break
            }
        }
        return format
    }

    private static func color(_ box: inout ByteReader) throws(MovieError) -> ColorDescription? {
        let type = try box.fourCC()
        guard type == "nclx" || type == "nclc" else { return nil }
        return ColorDescription(
            primaries: try box.uint16(), transfer: try box.uint16(), matrix: try box.uint16(),
            isFullRange: type == "nclx" ? try box.uint8() & 0x80 != 0 : false)
    }

    private static func audio(_ entry: inout ByteReader) throws(MovieError) -> AudioFormat {
        let version = try entry.uint16()
        try entry.skip(6)
        var format = AudioFormat(
            sampleEntry: entry.box, codec: .other, channelCount: Int(try entry.uint16()), sampleRate: 0)
        try entry.skip(6)
        format.sampleRate = Int(try entry.uint32() >> 16)
        switch version {
        case 1: try entry.skip(16)
        case 2:
            try entry.skip(4)
            let rate = Double(bitPattern: try entry.uint64())
            format.sampleRate = rate >= 1 && rate < 10_000_000 ? Int(clamping: rate) : 0
            format.channelCount = min(Int(try entry.uint32()), 1024)
            try entry.skip(20)
        default: break
        }
        while var box = try entry.nextBox() {
            // QuickTime wraps the descriptor once more.
            if box.box == "wave" {
                while var child = try box.nextBox() {
                    if child.box == "esds" { apply(&child, to: &format) }
                }
            }
            if box.box == "esds" { apply(&box, to: &format) }
        }
        return format
    }

    private static func apply(_ esds: inout ByteReader, to format: inout AudioFormat) {
        guard format.sampleEntry == "mp4a", let configuration = try? ElementaryStream.audioConfiguration(&esds) else {
            return
        }
        format.codec = .aac(configuration)
        format.sampleRate = configuration.outputSampleRate
        // A configuration of 0 leaves the channels to an element in the stream; then the entry's count stands.
        if configuration.channelCount > 0 { format.channelCount = configuration.channelCount }
    }
}

/// The descriptors of `esds` (ISO/IEC 14496-1 7.2.6).
enum ElementaryStream {
    /// The AudioSpecificConfig of an MPEG-4 audio stream; nil for another kind of stream.
    static func audioConfiguration(_ esds: inout ByteReader) throws -> AudioSpecificConfiguration? {
        try esds.skip(4)
        guard try esds.uint8() == 0x03 else { throw esds.malformed() }
        _ = try length(&esds)
        try esds.skip(2)
        let flags = try esds.uint8()
        if flags & 0x80 != 0 { try esds.skip(2) }
        if flags & 0x40 != 0 { try esds.skip(Int(try esds.uint8())) }
        if flags & 0x20 != 0 { try esds.skip(2) }
        guard try esds.uint8() == 0x04 else { throw esds.malformed() }
        _ = try length(&esds)
        guard try esds.uint8() == 0x40 else { return nil }
        try esds.skip(12)
        guard try esds.uint8() == 0x05 else { throw esds.malformed() }
        return try AudioSpecificConfiguration(try esds.bytes(try length(&esds)))
    }

    /// Up to four bytes of seven bits.
    private static func length(_ reader: inout ByteReader) throws(MovieError) -> Int {
        var length = 0
        for _ in 0..<4 {
            let byte = try reader.uint8()
            length = length << 7 | Int(byte & 0x7F)
            if byte & 0x80 == 0 { return length }
        }
        return length
    }
}
