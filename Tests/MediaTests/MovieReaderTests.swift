import Testing

@testable import Media

@Suite("Reading MP4 files", .serialized)
struct MovieReaderTests {
    @Test("Samples are those that ffprobe sees", arguments: ["bigbuckbunny.mp4", "bikes.mp4", "movie-hello.mp4"])
    func realFiles(name: String) throws {
        let path = try TestMedia.path(name)
        let movie = try TestMedia.movie(path)
        #expect(!movie.isFragmented && !movie.isTruncated)
        let video = try #require(movie.videoTracks.first)
        try expectPackets(of: path, "v", in: video)
        if let audio = movie.audioTracks.first { try expectPackets(of: path, "a", in: audio) }
    }

    private func expectPackets(of path: String, _ stream: String, in track: Track) throws {
        let packets = try TestMedia.packets(path, stream, options: ["-ignore_editlist", "1"])
        let samples = Array(track.samples)
        #expect(samples.count == packets.count)
        for (sample, packet) in zip(samples, packets) {
            #expect(sample.presentationTime == packet.pts)
            #expect(sample.decodeTime == packet.dts)
            #expect(sample.byteCount == packet.size)
            #expect(sample.byteOffset == packet.position)
            #expect(sample.isSync == packet.isKey)
        }
    }

    @Test(
        "Layouts that ffmpeg writes read the same",
        arguments: [
            ["-movflags", "+faststart"],
            ["-movflags", "+frag_keyframe+empty_moov+default_base_moof"],
            ["-movflags", "+frag_keyframe+empty_moov"],
            ["-movflags", "+frag_keyframe+separate_moof+omit_tfhd_offset"],
            ["-movflags", "+frag_every_frame+delay_moov"],
            ["-movflags", "+cmaf+frag_keyframe"],
            ["-movflags", "+negative_cts_offsets"],
            ["-f", "mov"],
            ["-brand", "qt  ", "-f", "ismv"],
        ])
    func layouts(options: [String]) throws {
        try TestMedia.withFolder { folder in
            let source = try folder.ffmpeg(
                ["-i", try TestMedia.path("bigbuckbunny.mp4"), "-t", "3", "-c:v", "libx264", "-preset", "ultrafast"]
                    + ["-bf", "2", "-g", "30", "-c:a", "aac", "-ac", "2", "OUT"], to: "source.mp4")
            let path = try folder.ffmpeg(["-i", source, "-c", "copy"] + options + ["OUT"], to: "copy.mp4")
            let movie = try TestMedia.movie(path)
            let (original, bytes, copied) = (try TestMedia.movie(source), try TestMedia.bytes(path), movie)
            let originalBytes = try TestMedia.bytes(source)
            for (a, b) in zip(original.tracks, copied.tracks) {
                #expect(a.samples.count == b.samples.count)
                for (one, other) in zip(a.samples, b.samples) {
                    #expect(originalBytes[one.byteRange] == bytes[other.byteRange])
                    #expect(one.isSync == other.isSync)
                }
            }
            let track = try #require(movie.videoTracks.first)
            let frames = try #require(track.frames(movieTimescale: movie.timescale))
            let packets = try TestMedia.packets(path, "v").map(\.pts).sorted()
            // ffmpeg shows tracks with negative composition offsets too late by the most negative one.
            let late = packets[0] - frames.frames.start
            #expect(late == 0 || track.samples.contains { $0.compositionOffset < 0 })
            #expect(frames.frames.times.map { $0 + packets[0] } == packets)
        }
    }

    @Test("Media data is never read, wherever the movie box is")
    func asksForLittle() throws {
        let bytes = try TestMedia.bytes(try TestMedia.path("movie-hello.mp4"))
        var asked = 0
        _ = try MovieReader.movie(byteCount: bytes.count) { range in
            asked += range.count
            return Array(bytes[range])
        }
        #expect(asked < 30_000)
    }

    @Test("Track facts: rotation, language, edits, colour, pixel shape")
    func facts() throws {
        try TestMedia.withFolder { folder in
            let plain = try folder.ffmpeg(
                ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=1", "-f", "lavfi", "-i", "sine=d=1"]
                    + ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-colorspace", "bt709"]
                    + ["-color_primaries", "bt709", "-color_trc", "bt709", "-vf", "setsar=4/3"]
                    + ["-movflags", "+write_colr", "-c:a", "aac", "-metadata:s:a:0", "language=spa", "OUT"],
                to: "plain.mp4")
            let path = try folder.ffmpeg(
                ["-i", plain, "-c", "copy", "-metadata:s:v:0", "rotate=90", "OUT"], to: "rotated.mp4")
            let movie = try TestMedia.movie(path)
            let video = try #require(movie.videoTracks.first)
            let audio = try #require(movie.audioTracks.first)
            // ffmpeg's old tag turns the other way round.
            #expect(video.rotation == .clockwise270)
            #expect(audio.rotation == .none)
            #expect(audio.language == "spa")
            #expect(video.language == "und")
            let format = try #require(video.video)
            #expect(format.width == 320 && format.height == 180)
            #expect(format.pixelAspectRatio == PixelAspectRatio(horizontal: 4, vertical: 3))
            #expect(format.color == ColorDescription(primaries: 1, transfer: 1, matrix: 1, isFullRange: false))
            #expect(audio.audio?.channelCount == 1 && audio.audio?.sampleRate == 44100)
            #expect(audio.edits.entries.first?.mediaTime == 1024)
            #expect(movie.brands.contains("isom"))
        }
    }

    @Test("A file cut off at any point ends in a clear error or is known to be truncated")
    func truncated() throws {
        let whole = try TestMedia.bytes(try TestMedia.path("bikes.mp4"))
        for count in stride(from: 0, to: whole.count, by: 997) {
            let bytes = Array(whole[..<count])
            do {
                let movie = try TestMedia.movie(bytes)
                #expect(movie.isTruncated)
            } catch {
                #expect([.truncated, .notISOMedia, .noMovie].contains(error as? MovieError))
            }
        }
    }

    @Test("Other files are told apart at once")
    func otherFiles() throws {
        for bytes in [[], Array("hello, this is no video at all".utf8), Array(repeating: 0, count: 100)] {
            #expect(throws: MovieError.notISOMedia) { try TestMedia.movie(bytes) }
        }
        let avi = try TestMedia.bytes(try TestMedia.path("vtest.avi"))
        #expect(throws: MovieError.notISOMedia) { try TestMedia.movie(Array(avi[..<5000])) }
    }

    @Test("An answer of the wrong length counts as a truncated file")
    func shortAnswers() throws {
        var reader = MovieReader(byteCount: 1000)
        guard case .read = try reader.start() else { throw MovieError.noMovie }
        #expect(throws: MovieError.truncated) { try reader.supply([0, 0, 0]) }
    }

    @Test("Edit lists of other shapes are left to a transcoder")
    func edits() {
        func presentation(_ entries: [(UInt64, Int64?)]) -> EditList.Presentation? {
            EditList(entries: entries.map { .init(duration: $0.0, mediaTime: $0.1, isNormalSpeed: true) })
                .presentation(timescale: 48000, movieTimescale: 1000)
        }
        #expect(presentation([])?.offset == 0)
        #expect(presentation([(500, nil), (1000, 1024)])?.offset == 22976)
        #expect(presentation([(1000, 1024), (50, nil)])?.offset == -1024)
        #expect(presentation([(0, 1024)])?.shown == 1024..<Int64.max)
        #expect(presentation([(1000, 0), (1000, 96000)]) == nil)
        #expect(presentation([(1000, nil)]) == nil)
        #expect(presentation([(.max, 0)]) == nil)
        #expect(presentation([(1, -7)]) == nil)
    }
}
