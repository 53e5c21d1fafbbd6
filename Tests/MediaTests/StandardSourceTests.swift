import Testing

@testable import Media

@Suite("Standard sources")
struct StandardSourceTests {
    @Test("Real phone and web files are standard", arguments: ["bigbuckbunny.mp4", "bikes.mp4", "movie-hello.mp4"])
    func realFiles(name: String) throws {
        let movie = try TestMedia.movie(try TestMedia.path(name))
        let video = try #require(movie.videoTracks.first)
        let frames = video.frames(movieTimescale: movie.timescale)
        #expect(StandardSource.obstacles(video: video, frames: frames) == [])
        if let audio = movie.audioTracks.first {
            #expect(StandardSource.obstacles(audio: audio, movieTimescale: movie.timescale) == [])
        }
    }

    @Test(
        "What stands in the way is named",
        arguments: [
            (["-c:v", "libx264", "-pix_fmt", "yuv422p"], [.profileOrLevel, .pixelFormat]),
            (["-c:v", "libx264", "-pix_fmt", "yuv420p10le"], [.profileOrLevel, .pixelFormat]),
            (["-c:v", "libx265", "-x265-params", "log-level=error"], [.codec]),
            (["-c:v", "mpeg4"], [.codec]),
            (["-c:v", "libx264", "-g", "1000", "-sc_threshold", "0"], [.keyframes]),
            (
                ["-c:v", "libx264", "-g", "50", "-x264-params", "open-gop=1:bframes=3:scenecut=0:b-adapt=0"],
                [.keyframes]
            ),
            (["-c:v", "libx264", "-vf", "setsar=2"], [.rotation]),
            (["-c:v", "libx264", "-color_trc", "arib-std-b67"], [.highDynamicRange]),
            (["-c:v", "libx264", "-tag:v", "avc3"], [.changesFormat]),
        ] as [([String], Set<StandardSource.Obstacle>)])
    func obstacles(arguments: [String], expected: Set<StandardSource.Obstacle>) throws {
        try TestMedia.withFolder { folder in
            let path = try folder.ffmpeg(
                ["-f", "lavfi", "-i", "testsrc2=s=160x90:r=10:d=14", "-g", "50"]
                    + (arguments.contains("-pix_fmt") ? [] : ["-pix_fmt", "yuv420p"]) + arguments + ["OUT"], to: "a.mp4"
            )
            let movie = try TestMedia.movie(path)
            let video = try #require(movie.videoTracks.first)
            let frames = video.frames(movieTimescale: movie.timescale)
            #expect(StandardSource.obstacles(video: video, frames: frames) == expected)
        }
    }

    @Test("Other sound than AAC-LC is made anew")
    func sound() throws {
        try TestMedia.withFolder { folder in
            for codec in ["libmp3lame", "ac3", "libopus", "flac"] {
                let path = try folder.ffmpeg(
                    ["-f", "lavfi", "-i", "sine=d=0.5:r=48000", "-c:a", codec, "-strict", "-2", "OUT"], to: "a.mp4")
                let movie = try TestMedia.movie(path)
                let audio = try #require(movie.audioTracks.first)
                #expect(audio.samples.isEmpty)
                #expect(StandardSource.obstacles(audio: audio, movieTimescale: movie.timescale) == [.codec])
            }
            let raw = try folder.ffmpeg(
                ["-f", "lavfi", "-i", "sine=d=0.5:r=48000", "-c:a", "pcm_s16le", "OUT"], to: "a.mov")
            #expect(try TestMedia.movie(raw).audioTracks.first?.audio?.sampleRate == 48000)
        }
    }

    @Test("AAC in QuickTime files is read too")
    func quickTime() throws {
        try TestMedia.withFolder { folder in
            let path = try folder.ffmpeg(
                ["-f", "lavfi", "-i", "sine=d=0.5:r=44100", "-c:a", "aac", "-ac", "2", "OUT"], to: "a.mov")
            let movie = try TestMedia.movie(path)
            let audio = try #require(movie.audioTracks.first)
            #expect(audio.audio?.codecString == "mp4a.40.2")
            #expect(audio.samples.count == 23)
            #expect(StandardSource.obstacles(audio: audio, movieTimescale: movie.timescale) == [])
        }
    }

    @Test("Two hours of 60 frames a second with sound are read and planned at once")
    func twoHours() throws {
        let frames = (0..<432_000).map { index in
            SyntheticMovie.Frame(duration: 1000, size: UInt32(index % 5000), isSync: index % 120 == 0)
        }
        let bytes = SyntheticMovie(frames: frames, framesPerChunk: 30, timescale: 60000).bytesWithoutMedia()
        let clock = ContinuousClock()
        var count = 0
        let time = try clock.measure {
            let movie = try MovieReader.movie(byteCount: bytes.count) { Array(bytes[$0]) }
            let read = try #require(movie.tracks.first?.frames(movieTimescale: movie.timescale))
            count = SegmentPlan(read.frames).segments.count
        }
        #expect(count == 1800)
        // About 1 s in a debug build, a fraction of that in a release build.
        #expect(time < .seconds(10))
    }
}
