/// What one CMAF track carries: the content of its init segment (ISO/IEC 23000-19 7.3.1).
public struct OutputTrack: Sendable, Hashable {
    public enum Format: Sendable, Hashable {
        case video(VideoFormat)
        case audio(AudioFormat)
    }

    public var format: Format
    public var timescale: UInt32
    /// ISO 639-2/T.
    public var language: String
    /// Of the whole track, where it is known: players show it before the last segment is there.
    public var duration: MediaTime?
    public init(format: Format, timescale: UInt32, language: String = "und", duration: MediaTime? = nil) {
        self.format = format
        self.timescale = timescale
        self.language = language
        self.duration = duration
    }

    public enum Failure: Error, Sendable, Hashable {
        /// Only AVC, HEVC and AAC are written.
        case unsupportedCodec
    }

    /// `ftyp` and `moov` without samples. There is no edit list: fragments are timed so that none is needed.
    public func initSegment() throws(Failure) -> [UInt8] {
        switch format {
        case .video(let video): guard video.codec != .other else { throw .unsupportedCodec }
        case .audio(let audio): guard audio.codec != .other else { throw .unsupportedCodec }
        }
        var writer = BoxWriter()
        writer.box("ftyp") { box in
            box.fourCC("iso6")
            box.uint32(0)
            for brand in ["iso6", "cmfc", "mp41"] as [FourCC] { box.fourCC(brand) }
        }
        writer.box("moov") { moov in
            writeMovieHeader(&moov)
            moov.box("trak") { writeTrack(&$0) }
            moov.box("mvex") { writeExtends(&$0) }
        }
        return writer.bytes
    }

    private func writeMovieHeader(_ moov: inout BoxWriter) {
        moov.fullBox("mvhd") { box in
            box.zeros(8)
            box.uint32(timescale)
            box.uint32(0)
            box.uint32(0x1_0000)
            box.uint16(0x100)
            box.zeros(10)
            Self.writeUnityMatrix(&box)
            box.zeros(24)
            box.uint32(2)
        }
    }

    private static func writeUnityMatrix(_ box: inout BoxWriter) {
        for value in [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000] as [UInt32] { box.uint32(value) }
    }

    private func writeExtends(_ mvex: inout BoxWriter) {
        if let duration {
            mvex.fullBox("mehd", version: 1) { $0.uint64(UInt64(max(0, duration.ticks(at: timescale)))) }
        }
        mvex.fullBox("trex") { box in
            box.uint32(1)
            box.uint32(1)
            box.zeros(12)
        }
    }

    private func writeTrack(_ trak: inout BoxWriter) {
        trak.fullBox("tkhd", flags: 3) { box in
            box.zeros(8)
            box.uint32(1)
            box.zeros(16)
            var size: (width: UInt32, height: UInt32) = (0, 0)
            if case .video(let video) = format { size = Self.displaySize(video) }
            box.zeros(2)
            box.uint16(0)
            var isAudio = false
            if case .audio = format { isAudio = true }
            box.uint16(isAudio ? 0x100 : 0)
            box.zeros(2)
            Self.writeUnityMatrix(&box)
            box.uint32(size.width)
            box.uint32(size.height)
        }
        trak.box("mdia") { mdia in
            mdia.fullBox("mdhd") { box in
                box.zeros(8)
                box.uint32(timescale)
                box.uint32(0)
                box.uint16(packedLanguage)
                box.uint16(0)
            }
            writeHandler(&mdia)
            mdia.box("minf") { writeMediaInformation(&$0) }
        }
    }

    /// In 16.16 pixels, with the pixels made square.
    private static func displaySize(_ video: VideoFormat) -> (width: UInt32, height: UInt32) {
        var width = UInt32(clamping: video.width.multipliedSaturated(by: 1 << 16))
        if let ratio = video.pixelAspectRatio {
            width = UInt32(clamping: MediaTime.rescale(Int64(width), from: ratio.vertical, to: ratio.horizontal))
        }
        return (width, UInt32(clamping: video.height.multipliedSaturated(by: 1 << 16)))
    }

    private var packedLanguage: UInt16 {
        let letters = Array(language.utf8)
        guard letters.count == 3, letters.allSatisfy({ (0x61...0x7A).contains($0) }) else { return 0x55C4 }
        return letters.reduce(0) { $0 << 5 | UInt16($1 - 0x60) }
    }

    private func writeHandler(_ mdia: inout BoxWriter) {
        mdia.fullBox("hdlr") { box in
            box.zeros(4)
            switch format {
            case .video:
                box.fourCC("vide")
                box.zeros(12)
                box.raw("Video\0".utf8)
            case .audio:
                box.fourCC("soun")
                box.zeros(12)
                box.raw("Sound\0".utf8)
            }
        }
    }

    private func writeMediaInformation(_ minf: inout BoxWriter) {
        switch format {
        case .video: minf.fullBox("vmhd", flags: 1) { $0.zeros(8) }
        case .audio: minf.fullBox("smhd") { $0.zeros(4) }
        }
        minf.box("dinf") { dinf in
            dinf.fullBox("dref") { box in
                box.uint32(1)
                box.fullBox("url ", flags: 1) { _ in }
            }
        }
        minf.box("stbl") { stbl in
            stbl.fullBox("stsd") { box in
                box.uint32(1)
                switch format {
                case .video(let video): box.writeSampleEntry(video)
                case .audio(let audio): box.writeSampleEntry(audio)
                }
            }
            stbl.fullBox("stts") { $0.uint32(0) }
            stbl.fullBox("stsc") { $0.uint32(0) }
            stbl.fullBox("stsz") { $0.zeros(8) }
            stbl.fullBox("stco") { $0.uint32(0) }
        }
    }
}
