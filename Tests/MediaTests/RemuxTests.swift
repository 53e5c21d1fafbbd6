import Testing

@testable import Media

@Suite("Remuxing to CMAF", .serialized)
struct RemuxTests {
    /// Sources made by ffmpeg from real ones: what to do with them, and whether their GOPs are closed.
    static let made: [(name: String, arguments: [String])] = [
        ("B-frames", ["-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-g", "25", "-c:a", "aac", "-ac", "2"]),
        ("no reordering", ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "50", "-an"]),
        (
            "variable frame rate",
            ["-vf", "select='not(eq(mod(n,7),3))'", "-fps_mode", "vfr", "-c:v", "libx264", "-bf", "2", "-g", "20"]
                + ["-preset", "ultrafast", "-c:a", "aac", "-ac", "2", "-ar", "44100"]
        ),
        ("NTSC rate", ["-r", "30000/1001", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "60", "-an"]),
        ("fragmented", ["-c", "copy", "-movflags", "+frag_keyframe+empty_moov"]),
        ("QuickTime", ["-c", "copy", "-f", "mov"]),
    ]

    private func expectSame(_ source: String, _ folder: TestMedia.Folder) throws {
        let remux = try #require(try Remux(try TestMedia.bytes(source)))
        let copy = try folder.write(try remux.videoFile(), "video.mp4")
        try expectSameVideo(source, copy, remux)
        guard let (_, cut) = remux.audio() else { return }
        let sound = try folder.write(try remux.audioFile(), "audio.mp4")
        let original = try TestMedia.hashes(["-ignore_editlist", "1", "-i", source], "a", decoded: false)
        let copied = try TestMedia.hashes(["-i", sound], "a", decoded: false)
        #expect(copied == Array(original[cut.samples]))
        // Heard at the same time as before, within half a frame.
        let before = try TestMedia.packets(source, "a").filter { $0.pts >= 0 }
        let after = try TestMedia.packets(sound, "a")
        let shift = remux.frames.origin.seconds
        let track = try #require(remux.movie.audioTracks.first)
        let early = Double(before[before.count / 2].pts) / Double(track.timescale) - shift
        let match = try #require(
            after.first {
                $0.size == before[before.count / 2].size && abs(Double($0.pts) / Double(track.timescale) - early) < 0.5
            })
        #expect(abs(Double(match.pts) / Double(track.timescale) - early) <= 0.0117)
    }

    private func expectSameVideo(_ source: String, _ copy: String, _ remux: Remux) throws {
        // Packets without the edit list, which may hide some; frames with it.
        let packets = try TestMedia.hashes(["-ignore_editlist", "1", "-i", source], "v", decoded: false)
        #expect(Array(packets[remux.frames.samples]) == (try TestMedia.hashes(["-i", copy], "v", decoded: false)))
        let frames = try TestMedia.hashes(["-i", source], "v", decoded: true)
        #expect(frames == (try TestMedia.hashes(["-i", copy], "v", decoded: true)))
        let before = Array(try TestMedia.packets(source, "v")[remux.frames.samples])
        let after = try TestMedia.packets(copy, "v")
        #expect(after.map(\.pts) == before.map { $0.pts - remux.frames.frames.start })
        #expect(after.map(\.isKey) == before.map(\.isKey))
        #expect(after.map(\.pts).min() == 0)
        for (one, next) in zip(after, after.dropFirst()) {
            #expect(one.dts < next.dts)
            #expect(one.pts >= one.dts)
        }
    }

    @Test(
        "Real files: every packet and decoded frame is the same, at the same time",
        arguments: [
            "bigbuckbunny.mp4", "bikes.mp4", "movie-hello.mp4",
        ])
    func realFiles(name: String) throws {
        try TestMedia.withFolder { try expectSame(try TestMedia.path(name), $0) }
    }

    @Test("Made files: every packet and decoded frame is the same, at the same time", arguments: made.indices)
    func madeFiles(index: Int) throws {
        let arguments = Self.made[index].arguments
        try TestMedia.withFolder { folder in
            let source = try folder.ffmpeg(
                ["-i", try TestMedia.path("bigbuckbunny.mp4")]
                    + (arguments.contains("copy") ? [] : ["-s", "320x180"]) + arguments + ["OUT"], to: "made.mp4")
            try expectSame(source, folder)
        }
    }

    @Test("Every segment begins with a keyframe at its exact time and joins the next one")
    func segments() throws {
        var settings = SegmentPlan.Settings()
        settings.target = .milliseconds(1500)
        let bytes = try TestMedia.bytes(try TestMedia.path("bikes.mp4"))
        let remux = try #require(try Remux(bytes, settings: settings))
        let head = try remux.videoInit()
        let segments = try remux.videoSegments()
        #expect(segments.count == remux.plan.segments.count)
        #expect(remux.plan.followsKeyframes)
        for (planned, segment) in zip(remux.plan.segments, segments) {
            let movie = try TestMedia.movie(head + segment)
            let track = try #require(movie.tracks.first)
            let samples = Array(track.samples)
            #expect(samples.first?.isSync == true)
            #expect(samples.first?.decodeTime == planned.start.ticks(at: track.timescale))
            #expect(samples.reduce(0) { $0 + Int64($1.duration) } == planned.duration.ticks(at: track.timescale))
            let frames = try #require(track.frames(movieTimescale: movie.timescale))
            #expect(frames.origin == planned.start)
            #expect(frames.frames.count == planned.frameCount)
        }
    }

    @Test("Init segments say what the source says")
    func initSegments() throws {
        let bytes = try TestMedia.bytes(try TestMedia.path("bigbuckbunny.mp4"))
        let remux = try #require(try Remux(bytes))
        let video = try #require(try TestMedia.movie(try remux.videoFile()).tracks.first)
        #expect(video.video == remux.video.video)
        #expect(video.video?.codecString == "avc1.4D401F")
        let audio = try #require(try TestMedia.movie(try remux.audioFile()).tracks.first)
        #expect(audio.audio == remux.movie.audioTracks.first?.audio)
        #expect(audio.audio?.codecString == "mp4a.40.2")
        #expect(audio.audio?.channelCount == 6)
        #expect(audio.language == remux.movie.audioTracks.first?.language)
    }

    @Test("Chunks that were encoded apart join into one track with the plan's times")
    func chunks() throws {
        try TestMedia.withFolder { folder in
            let source = try TestMedia.path("bikes.mp4")
            let movie = try TestMedia.movie(source)
            let sourceTrack = try #require(movie.videoTracks.first)
            let frames = try #require(sourceTrack.frames(movieTimescale: movie.timescale)).frames
            var settings = SegmentPlan.Settings()
            settings.target = .seconds(2)
            let plan = SegmentPlan(
                FrameTimes(timescale: frames.timescale, times: frames.times, keyframes: []), settings: settings)
            var file: [UInt8] = []
            for (number, segment) in plan.segments.enumerated() {
                let chunk = try TestMedia.bytes(
                    try folder.ffmpeg(
                        [
                            "-i", source, "-vf",
                            "trim=start_frame=\(segment.firstFrame):end_frame=\(segment.frames.upperBound),scale=320:-2",
                            "-c:v", "libx264", "-preset", "veryfast", "-an", "OUT",
                        ], to: "chunk\(number).mp4"))
                let encoded = try TestMedia.movie(chunk)
                let track = try #require(encoded.videoTracks.first)
                let own = try #require(track.frames(movieTimescale: encoded.timescale))
                #expect(own.frames.count == segment.frameCount)
                if file.isEmpty {
                    file = try OutputTrack(
                        format: .video(try #require(track.video)), timescale: plan.timescale
                    ).initSegment()
                }
                let fragment = try Fragment.video(
                    track.samples, displayTimes: frames.times[segment.frames],
                    end: segment.end.ticks(at: plan.timescale),
                    sequenceNumber: UInt32(number + 1))
                file = fragment.sources.reduce(into: file + fragment.header()) { $0 += chunk[$1] }
            }
            let packets = try TestMedia.packets(try folder.write(file, "joined.mp4"), "v")
            #expect(packets.map(\.pts).sorted() == frames.times)
            #expect(packets.count { $0.isKey } >= plan.segments.count)
            let decoded = try TestMedia.hashes(["-i", folder.path("joined.mp4")], "v", decoded: true)
            #expect(decoded.count == frames.count)
        }
    }
}
