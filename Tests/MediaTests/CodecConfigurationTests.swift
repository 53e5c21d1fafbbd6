import Testing

@testable import Media

@Suite("Codec configurations")
struct CodecConfigurationTests {
    @Test(
        "H.264 parameter sets of encoded files",
        arguments: [
            ("yuv420p", "high", "320x180", "3.1", "avc1.64001F", 320, 180, 1, 8),
            ("yuv420p", "baseline", "322x182", "4.0", "avc1.42C028", 322, 182, 1, 8),
            ("yuv420p10le", "high10", "318x178", "4.0", "avc1.6E0028", 318, 178, 1, 10),
            ("yuv422p", "high422", "318x177", "5.2", "avc1.7A0034", 318, 177, 2, 8),
            ("yuv444p", "high444", "317x179", "5.1", "avc1.F40033", 317, 179, 3, 8),
        ])
    func avc(
        pixels: String, profile: String, size: String, level: String, codec: String, width: Int, height: Int,
        chroma: Int, depth: Int
    ) throws {
        try TestMedia.withFolder { folder in
            let path = try folder.ffmpeg(
                [
                    "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=0.2", "-s", size, "-pix_fmt", pixels, "-c:v",
                    "libx264",
                ]
                    + [
                        "-profile:v", profile, "-level", level, "-colorspace", "bt709", "-color_trc", "smpte2084",
                        "OUT",
                    ],
                to: "a.mp4")
            let format = try #require(try TestMedia.movie(path).videoTracks.first?.video)
            guard case .avc(let configuration) = format.codec else {
                Issue.record("no avcC")
                return
            }
            #expect(format.codecString == codec)
            let parameters = try configuration.sequenceParameters()
            #expect(parameters.width == width && parameters.height == height)
            #expect(parameters.chromaFormat == chroma)
            #expect(parameters.lumaBitDepth == depth && parameters.chromaBitDepth == depth)
            #expect(parameters.isProgressive)
            #expect(parameters.color?.transfer == 16 && parameters.color?.isHighDynamicRange == true)
            for count in configuration.bytes.indices {
                _ = try? AVCConfiguration(Array(configuration.bytes[..<count]))
            }
            for unit in configuration.sequenceParameterSets { Self.damage(unit) { try AVCSequenceParameters($0) } }
        }
    }

    /// Cuts and changes every byte; errors are fine, traps are not.
    static func damage(_ bytes: [UInt8], _ parse: ([UInt8]) throws -> some Any) {
        for position in bytes.indices {
            _ = try? parse(Array(bytes[..<position]))
            for value in [0, 1, 0x55, 0x80, 0xFF] as [UInt8] {
                var changed = bytes
                changed[position] = value
                _ = try? parse(changed)
            }
        }
    }

    @Test("Interlaced H.264 is told from progressive")
    func interlaced() throws {
        try TestMedia.withFolder { folder in
            let path = try folder.ffmpeg(
                ["-f", "lavfi", "-i", "testsrc2=s=320x192:r=25:d=0.2", "-c:v", "libx264", "-flags", "+ildct+ilme"]
                    + ["-pix_fmt", "yuv420p", "OUT"], to: "a.mp4")
            let movie = try TestMedia.movie(path)
            let track = try #require(movie.videoTracks.first)
            guard case .avc(let configuration)? = track.video?.codec else { throw CodecConfigurationError.unsupported }
            let parameters = try configuration.sequenceParameters()
            #expect(!parameters.isProgressive && parameters.height == 192)
            let frames = track.frames(movieTimescale: movie.timescale)
            #expect(StandardSource.obstacles(video: track, frames: frames) == [.interlaced])
        }
    }

    @Test("IDR pictures are found in samples")
    func idr() throws {
        let bytes = try TestMedia.bytes(try TestMedia.path("bikes.mp4"))
        let track = try #require(try TestMedia.movie(bytes).videoTracks.first)
        guard case .avc(let configuration)? = track.video?.codec else { throw CodecConfigurationError.unsupported }
        for sample in track.samples {
            #expect(configuration.isIDR(bytes[sample.byteRange]) == sample.isSync)
        }
        #expect(!configuration.isIDR([]))
        #expect(!configuration.isIDR([0xFF, 0xFF, 0xFF, 0xFF, 0x65]))
        #expect(!configuration.isIDR([0, 0, 0, 0, 0, 0, 0, 1, 0x65]))
    }

    @Test("HEVC: codec string, bit depth and an init segment")
    func hevc() throws {
        try TestMedia.withFolder { folder in
            let path = try folder.ffmpeg(
                ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=0.2", "-pix_fmt", "yuv420p10le", "-c:v", "libx265"]
                    + ["-tag:v", "hvc1", "-x265-params", "log-level=error", "OUT"], to: "a.mp4")
            let track = try #require(try TestMedia.movie(path).videoTracks.first)
            guard case .hevc(let configuration)? = track.video?.codec else { throw CodecConfigurationError.unsupported }
            #expect(configuration.lumaBitDepth == 10 && configuration.chromaFormat == 1)
            #expect(track.video?.codecString == "hvc1.2.4.L60.90")
            let output = OutputTrack(format: .video(try #require(track.video)), timescale: 12800)
            #expect(try TestMedia.movie(try output.initSegment()).tracks.first?.video == track.video)
            Self.damage(configuration.bytes) { try HEVCConfiguration($0) }
        }
    }

    @Test(
        "AudioSpecificConfig",
        arguments: [
            ([0x12, 0x10], "mp4a.40.2", 44100, 44100, 2, 1024),
            ([0x11, 0x90], "mp4a.40.2", 48000, 48000, 2, 1024),
            ([0x11, 0xB0], "mp4a.40.2", 48000, 48000, 6, 1024),
            ([0x11, 0x94], "mp4a.40.2", 48000, 48000, 2, 960),
            // HE-AAC: 24 kHz core under 48 kHz, announced in front and behind.
            ([0x2B, 0x11, 0x88, 0x00], "mp4a.40.5", 24000, 48000, 2, 1024),
            ([0x13, 0x10, 0x56, 0xE5, 0x98], "mp4a.40.5", 24000, 48000, 2, 1024),
            // HE-AAC v2: mono core with parametric stereo.
            ([0xEB, 0x09, 0x88, 0x00], "mp4a.40.29", 24000, 48000, 1, 1024),
        ] as [([UInt8], String, Int, Int, Int, Int)])
    func aac(bytes: [UInt8], codec: String, core: Int, output: Int, channels: Int, length: Int) throws {
        let configuration = try AudioSpecificConfiguration(bytes)
        #expect(CodecString.aac(configuration) == codec)
        #expect(configuration.sampleRate == core)
        #expect(configuration.outputSampleRate == output)
        #expect(configuration.channelCount == channels)
        #expect(configuration.frameLength == length)
        #expect(configuration.isLowComplexity == (codec == "mp4a.40.2"))
        Self.damage(bytes) { try AudioSpecificConfiguration($0) }
    }

    @Test("Exponential-Golomb codes")
    func golomb() throws {
        var reader = BitReader([0b1_010_011_0, 0b0100_0010, 0b1_0000000])
        #expect(try reader.exponentialGolomb() == 0)
        #expect(try reader.exponentialGolomb() == 1)
        #expect(try reader.exponentialGolomb() == 2)
        #expect(try reader.exponentialGolomb() == 3)
        #expect(try reader.signedExponentialGolomb() == -2)
        var zeros = BitReader(Array(repeating: 0, count: 8))
        #expect(throws: CodecConfigurationError.malformed) { try zeros.exponentialGolomb() }
        var largest = BitReader([0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF])
        #expect(try largest.exponentialGolomb() == UInt32.max - 1)
    }
}
