import FoundationEssentials
import Media
import Reactor
import Synchronization
import Testing

@testable import Encoding

@Suite("Inspection of uploads")
struct InspectionTests {
    @Test("Real videos are described as they are")
    func facts() async throws {
        try await Studio.with(isWorking: false) { studio in
            let bunny = try await studio.inspect(path: TestMedia.bunny)
            #expect(bunny.isISOMedia)
            #expect(bunny.video?.codec == "h264" && bunny.video?.displaySize == PixelSize(width: 1280, height: 720))
            #expect(bunny.mainAudio?.codec == "aac" && bunny.mainAudio?.channelCount == 6)
            let avi = try await studio.inspect(path: TestMedia.surveillance)
            #expect(avi.container == "avi" && avi.video?.codec == "msmpeg4v3" && avi.audio.isEmpty)
            #expect(abs(avi.duration - 79.5) < 0.1)
            let phone = try await studio.inspect(path: TestMedia.phone)
            #expect(phone.video?.averageFrameRate.map { abs($0.value - 30) < 1 } == true)
        }
    }

    @Test("Rotation, colour and pixel shape are read")
    func details() async throws {
        try await Studio.with(isWorking: false) { studio in
            let film = try await TestMedia.film("film.mp4", in: studio, seconds: 1, ["-c:v", "libx264"])
            // As a tag of the output, the angle counts the other way round.
            let turned = "\(studio.folder)/turned.mov"
            try await studio.ffmpeg(["-i", film, "-c", "copy", "-metadata:s:v:0", "rotate=270", turned])
            #expect(try await studio.inspect(path: turned).video?.rotation == 90)
            let hdr = try await TestMedia.film(
                "hdr.mp4", in: studio, seconds: 1,
                [
                    "-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-color_primaries", "bt2020", "-color_trc",
                    "smpte2084", "-colorspace", "bt2020nc", "-x265-params",
                    "log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc",
                ])
            let facts = try #require(try await studio.inspect(path: hdr).video)
            #expect(facts.isHighDynamicRange && facts.bitDepth == 10)
        }
    }

    @Test("What is no video is told by a stable code")
    func refusals() async throws {
        try await Studio.with(isWorking: false) { studio in
            let bunny = try [UInt8](contentsOf: TestMedia.bunny)
            let avi = try [UInt8](contentsOf: TestMedia.surveillance)
            let audio = "\(studio.folder)/audio.m4a"
            try await studio.ffmpeg(["-i", TestMedia.bunny, "-vn", "-c", "copy", audio])
            var noise = Array(bunny[..<2000])
            var random = Generator(state: 2)
            noise.replaceSubrange(200..., with: (200..<2000).map { _ in UInt8(truncatingIfNeeded: random.next()) })
            var destroyed = avi
            for position in 300..<destroyed.count { destroyed[position] = 0xAA }
            let cases: [(String, [UInt8], ContentRefusal)] = [
                ("empty", [], .emptyFile),
                ("text", Array("I am a video, believe me.".utf8), .notAVideo),
                ("picture", [0x89] + Array("PNG\r\n\u{1a}\n".utf8), .notAVideo),
                ("zip", Array("PK\u{3}\u{4}".utf8) + Array(repeating: 0, count: 500), .notAVideo),
                ("zeros", Array(repeating: 0, count: 100_000), .notAVideo),
                ("cut near the start", Array(bunny[..<100]), .truncatedFile),
                ("noise", noise, .truncatedFile),
                ("destroyed avi", destroyed, .corruptFile),
            ]
            for (name, bytes, code) in cases {
                #expect(try await refusal(of: bytes, studio) == code, "\(name)")
            }
        }
    }

    @Test("Absurd sizes are refused")
    func sizes() async throws {
        try await Studio.with(isWorking: false) { studio in
            let wide = try await TestMedia.film(
                "wide.mkv", in: studio, size: "9000x16", rate: "1", seconds: 1, ["-c:v", "ffv1"])
            #expect(try await refusal(of: [UInt8](contentsOf: wide), studio) == .unsupportedDimensions)
        }
    }

    @Test("A rate that a container made up from its clock is none")
    func rates() throws {
        func rate(_ average: String, frames: String? = nil) throws -> Double? {
            let stream =
                #"{"index":0,"codec_type":"video","codec_name":"h264","width":64,"height":64,"avg_frame_rate":"\#(average)","#
                + #""r_frame_rate":"1000/1""# + (frames.map { #","nb_frames":"\#($0)""# } ?? "") + "}"
            let report = try JSONDecoder().decode(FFprobeReport.self, from: Data(#"{"streams":[\#(stream)]}"#.utf8))
            return VideoFacts(try #require(report.mainVideo)).averageFrameRate?.value
        }
        #expect(try rate("1000/1") == nil)
        #expect(try rate("25/1") == 25)
        #expect(try rate("0/0") == nil)
        #expect(try rate("1000/1", frames: "300") == 1000)
    }

    @Test("Where a head lies about the size, the first picture tells it")
    func lyingHead() async throws {
        try await Studio.with(isWorking: false) { studio in
            let film = try await TestMedia.film(
                "lying.webm", in: studio, size: "320x240", seconds: 1, ["-c:v", "libvpx", "-deadline", "realtime"])
            var bytes = try Data(contentsOf: URL(filePath: film))
            // PixelWidth, two bytes, 320: 640.
            let width = try #require(bytes.firstRange(of: Data([0xB0, 0x82, 0x01, 0x40])))
            bytes.replaceSubrange(width, with: [0xB0, 0x82, 0x02, 0x80])
            try bytes.write(to: URL(filePath: film))
            let facts = try await studio.inspect(path: film)
            #expect(facts.video?.displaySize == PixelSize(width: 320, height: 240))
        }
    }

    @Test("A protected film is told apart")
    func protectedFilm() async throws {
        try await Studio.with(isWorking: false) { studio in
            let film = try await TestMedia.film("a.mp4", in: studio, size: "320x240", seconds: 1, ["-c:v", "libx264"])
            var bytes = try Data(contentsOf: URL(filePath: film))
            let entry = try #require(bytes.firstRange(of: Data("avc1".utf8), in: 40..<bytes.count))
            bytes.replaceSubrange(entry, with: Data("encv".utf8))
            #expect(try await refusal(of: [UInt8](bytes), studio) == .protectedSource)
        }
    }

    @Test("Too long a video is refused")
    func durations() async throws {
        var settings = EncodingSettings()
        settings.limits.duration = .seconds(5)
        try await Studio.with(settings, isWorking: false) { studio in
            let error = await #expect(throws: InspectionError.self) {
                try await studio.inspect(path: TestMedia.bunny)
            }
            #expect(error?.code == .unsupportedDuration)
        }
    }

    @Test("A playlist under a video's name opens no file and no socket")
    func hostile() async throws {
        let connections = Mutex(0)
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        listener.serve(in: ConnectionSet(try Studio.sharedLoops.get())) { _ in connections.withLock { $0 += 1 } }
        defer { listener.stop() }
        try await Studio.with(isWorking: false) { studio in
            // A real video: if any of these were followed, the inspection would find it.
            let bait = "\(studio.folder)/bait.ts"
            try await studio.ffmpeg(["-i", TestMedia.bunny, "-c", "copy", "-t", "1", bait])
            let address = "http://127.0.0.1:\(listener.port)/bait.ts"
            for target in [
                "file://\(bait)", bait, "/etc/passwd", address, "concat:\(bait)", "subfile,,start,0,end,0,,:\(bait)",
            ] {
                let texts = [
                    "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n\(target)\n#EXT-X-ENDLIST\n",
                    "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"\(target)\"\n#EXTINF:1,\n\(target)\n",
                    "ffconcat version 1.0\nfile '\(target)'\n",
                    "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\"><Period>"
                        + "<AdaptationSet mimeType=\"video/mp2t\"><Representation id=\"1\"><BaseURL>\(target)</BaseURL>"
                        + "</Representation></AdaptationSet></Period></MPD>",
                    "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video \(listener.port) RTP/AVP 96\n",
                    "<smil><body><video src=\"\(target)\"/></body></smil>",
                    "[playlist]\nFile1=\(target)\nNumberOfEntries=1\n",
                ]
                for text in texts {
                    #expect(try await refusal(of: Array(text.utf8), studio) == .notAVideo, "\(text)")
                }
            }
        }
        #expect(connections.withLock { $0 } == 0)
    }

    @Test("A movie that points to another file gives none of it")
    func reference() async throws {
        try await Studio.with(isWorking: false) { studio in
            // The data reference of a movie may name a file: turn the self-contained one into such.
            var bytes = try [UInt8](contentsOf: TestMedia.bunny)
            guard let place = bytes.indices.dropLast(12).first(where: { bytes[$0..<$0 + 4].elementsEqual("url ".utf8) })
            else { throw Studio.Failure(description: "no data reference") }
            bytes[place + 7] = 0
            // The other file would be named by an empty name, which is none: what the file itself holds is shown.
            #expect(try await refusal(of: bytes, studio) == nil)
        }
    }

    @Test("Mutated files end in a code or in facts, never in anything else", arguments: 0..<12)
    func mutations(seed: Int) async throws {
        try await Studio.with(isWorking: false) { studio in
            var random = Generator(state: UInt64(seed) &* 7919 &+ 1)
            let source = [TestMedia.bunny, TestMedia.phone, TestMedia.surveillance][seed % 3]
            var bytes = try [UInt8](contentsOf: source)
            for _ in 0..<40 {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            for _ in 0..<10 { bytes[Int(random.next() % 4000)] = UInt8(truncatingIfNeeded: random.next()) }
            _ = try await refusal(of: bytes, studio)
        }
    }

    /// The code with which a file is refused; nil where it is taken.
    private func refusal(of bytes: [UInt8], _ studio: Studio) async throws -> ContentRefusal? {
        let path = "\(studio.folder)/upload"
        try Data(bytes).write(to: URL(filePath: path))
        do {
            _ = try await studio.inspect(path: path)
            return nil
        } catch let error as InspectionError {
            return error.code
        }
    }
}

/// The same sequence in each run.
struct Generator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
}
