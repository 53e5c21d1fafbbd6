import FoundationEssentials
import Media
import Reactor
import Testing

@testable import Encoding

@Suite("All tracks of a film")
struct TracksTests {
    private static let tones = [440, 660, 880]

    /// A moving picture with three sounds: Spanish, English with a description of the picture, and one without a language.
    private func film(_ name: String, _ studio: Studio, _ arguments: [String]) async throws -> String {
        var all = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=6"]
        for tone in Self.tones { all += ["-f", "lavfi", "-i", "sine=frequency=\(tone):sample_rate=48000:duration=6"] }
        all += ["-map", "0", "-map", "1", "-map", "2", "-map", "3", "-metadata:s:a:0", "language=spa"]
        all += ["-metadata:s:a:1", "language=eng", "-metadata:s:a:1", "title=For \"the blind\""]
        all += ["-disposition:a:0", "default", "-disposition:a:1", "visual_impaired", "-disposition:a:2", "0"]
        let path = "\(studio.folder)/\(name)"
        try await studio.ffmpeg(all + arguments + [path])
        return path
    }

    @Test(
        "Every sound is offered with its name, and each is what it says, on every road",
        arguments: [
            ("copied.mp4", ["-c:v", "libx264", "-g", "25", "-c:a", "aac"]),
            ("encoded.mkv", ["-c:v", "libx264", "-g", "25", "-c:a", "flac"]),
            ("whole.mkv", ["-c:v", "mpeg4", "-c:a", "libmp3lame", "-f", "matroska"]),
        ])
    func sounds(name: String, arguments: [String]) async throws {
        try await Studio.with { studio in
            let path = try await film(name, studio, arguments)
            let id = try await studio.add(path)
            if name == "whole.mkv" {
                // As it is decided where the index does not hold.
                try await studio.database.write { transaction in
                    try EncodingStore.setNeedsMezzanine(id, in: transaction)
                    try EncodingStore.removeTasks(of: id, in: transaction)
                    try TaskQueue.add(.mezzanine, of: id, priority: 1, in: transaction)
                }
            }
            try await studio.complete(id)
            try await studio.drained()
            let presentation = try await studio.presentation(id)
            #expect(presentation.audio.count == 3)
            let isTitled = name.hasSuffix("mkv")
            let english = TrackLabel(title: isTitled ? "For \"the blind\"" : nil, language: "en", isDescription: true)
            #expect(labels(presentation.audio) == [TrackLabel(language: "es"), english, TrackLabel()])
            for (rendition, tone) in zip(presentation.audio, Self.tones) {
                let samples = try await Frames(studio: studio).samples(studio.served(id, rendition.name))
                #expect(abs(samples.count - 6 * 48_000) < 4096)
                #expect(abs(Self.pitch(samples[48_000..<240_000]) - Double(tone)) < 3, "\(rendition.name)")
                #expect(rendition.isComplete)
            }
            #expect(studio.changes.all(of: id).last?.warnings.isEmpty == true)
        }
    }

    private func labels(_ renditions: [Presentation.Track]) -> [TrackLabel] {
        renditions.compactMap { if case .audio(let label, _) = $0.kind { label } else { nil } }
    }

    /// Hertz, of a steady tone.
    private static func pitch(_ samples: ArraySlice<Int16>) -> Double {
        let crossings = zip(samples, samples.dropFirst()).count { $0 < 0 && $1 >= 0 }
        return Double(crossings) * 48_000 / Double(samples.count)
    }

    @Test("A sound that is announced and empty is left out and told of")
    func emptySound() async throws {
        try await Studio.with { studio in
            let path = "\(studio.folder)/empty.mkv"
            try await studio.ffmpeg([
                "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=4", "-f", "lavfi", "-i",
                "sine=duration=4:sample_rate=48000", "-f", "lavfi", "-i", "sine=duration=4:sample_rate=48000", "-map",
                "0", "-map", "1", "-map", "2", "-c:v", "libx264", "-g", "25", "-c:a", "flac", "-bsf:a:1",
                "noise=drop=1",
                path,
            ])
            let id = try await studio.add(path)
            try await studio.complete(id)
            #expect(try await studio.presentation(id).audio.count == 1)
            #expect(studio.changes.all(of: id).last?.warnings.map(\.code) == [.soundMissing])
        }
    }

    private static let subtitles = """
        1
        00:00:01,000 --> 00:00:02,500
        <i>One</i> & two

        2
        00:00:03,000 --> 00:00:04,000
        Three
        four

        """

    @Test(
        "Text inside a film becomes captions on its clock",
        arguments: [("start at 0", "0", false), ("another clock", "7.3", false), ("read as a whole", "0", true)])
    func captions(name: String, offset: String, isRead: Bool) async throws {
        try await Studio.with { studio in
            let (text, path) = ("\(studio.folder)/text.srt", "\(studio.folder)/film.mkv")
            try Data(Self.subtitles.utf8).write(to: URL(filePath: text))
            try await studio.ffmpeg([
                "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=6", "-i", text, "-i", text, "-map", "0",
                "-map", "1", "-map", "2", "-c:v", "libx264", "-g", "25", "-c:s:0", "srt", "-c:s:1", "ass",
                "-metadata:s:s:0", "language=rus", "-metadata:s:s:1", "language=eng", "-disposition:s:0", "forced",
                "-disposition:s:1", "hearing_impaired", "-output_ts_offset", offset, path,
            ])
            let id = try await studio.add(path)
            if isRead {
                try await studio.database.write { transaction in
                    try EncodingStore.setNeedsMezzanine(id, in: transaction)
                    try EncodingStore.removeTasks(of: id, in: transaction)
                    try TaskQueue.add(.mezzanine, of: id, priority: 1, in: transaction)
                }
            }
            try await studio.drained()
            let captions = try await studio.presentation(id).captions
            #expect(captions.map(\.label.language) == ["ru", "en"])
            #expect(captions.map(\.isForced) == [true, false])
            #expect(captions.map(\.isForDeaf) == [false, true])
            for each in captions {
                let file = try #require(try await studio.playback.captions(id, each.name)).file
                let read = WebVTT(parsing: String(decoding: try file.read(0..<file.byteCount), as: UTF8.self))
                #expect(read.cues.map(\.start) == [1000, 3000], "\(each.name)")
                #expect(read.cues.map(\.end) == [2500, 4000])
                #expect(read.cues.first?.text.first?.contains("One") == true)
                #expect(read.cues.last?.text == ["Three", "four"])
            }
            // The catalogue is told of the same.
            let told = try #require(studio.captions.all(of: id).last)
            #expect(told.map(\.captions) == captions)
            for each in told { #expect(WebVTT(parsing: each.text).cues.map(\.start) == [1000, 3000]) }
            let kept = try await studio.playback.captions(id)
            #expect(kept.map(\.captions) == captions)
            #expect(kept.map { String(decoding: $0.text, as: UTF8.self) } == told.map(\.text))
            #expect(try await studio.playback.captions(id, "captions2") == nil)
            #expect(try await studio.playback.captions(id, "320p") == nil)
            #expect(studio.changes.all(of: id).last?.warnings.isEmpty == true)
        }
    }

    @Test("Subtitles that are pictures are told of, and what cannot be read keeps nothing else back")
    func pictureSubtitles() async throws {
        func facts(_ codec: String) throws -> MediaFacts {
            let report =
                #"{"streams":[{"index":0,"codec_type":"video","codec_name":"h264","width":64,"height":64},"#
                + #"{"index":1,"codec_type":"subtitle","codec_name":"\#(codec)"}]}"#
            return try JSONDecoder().decode(FFprobeReport.self, from: Data(report.utf8)).facts(byteCount: 1)
        }
        for codec in ["hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub"] {
            let found = try facts(codec)
            #expect(found.warnings == [MediaWarning(.subtitlesIgnored, detail: "1")] && found.subtitles.isEmpty)
        }
        for codec in ["subrip", "ass", "mov_text", "webvtt"] {
            let found = try facts(codec)
            #expect(found.warnings.isEmpty && found.subtitles.map(\.index) == [1])
        }
    }

    @Test("A sound in a codec that nobody knows is told of, and a track with a key is protected")
    func unusableSound() throws {
        func probed(_ stream: String) throws -> MediaFacts {
            let report =
                #"{"streams":[{"index":0,"codec_type":"video","codec_name":"h264","width":64,"height":64},"#
                + #"{"index":1,"codec_type":"audio","sample_rate":"48000","channels":2,\#(stream)}]}"#
            var facts: MediaFacts?
            let judge = JudgeProbe(path: TestMedia.bunny, probe: .report(report), limits: InspectionLimits())
            try judge.perform { facts = $0 }
            return try #require(facts)
        }
        #expect(try probed(#""codec_name":"aac""#).warnings.isEmpty)
        #expect(try probed(#""codec_name":"unknown""#).warnings == [MediaWarning(.soundMissing)])
        let refusal = #expect(throws: InspectionError.self) {
            _ = try probed(#""codec_name":"aac","tags":{"enc_key_id":"abc"}"#)
        }
        #expect(refusal?.code == .protectedSource)
    }

    @Test("Of several pictures the default one plays, and no cover")
    func severalPictures() async throws {
        try await Studio.with { studio in
            let path = "\(studio.folder)/several.mkv"
            try await studio.ffmpeg([
                "-f", "lavfi", "-i", "color=red:size=160x120:rate=25:duration=2", "-f", "lavfi", "-i",
                "color=blue:size=320x180:rate=25:duration=2", "-map", "0", "-map", "1", "-c:v", "libx264",
                "-disposition:v:0", "0", "-disposition:v:1", "default", path,
            ])
            let id = try await studio.add(path)
            try await studio.complete(id)
            #expect(try await studio.presentation(id).video.first?.name == "180p")
        }
    }
}

@Suite("Sound alone")
struct SoundAloneTests {
    @Test(
        "It plays from its first sample to its last",
        arguments: [
            ("a.m4a", ["-c:a", "aac"]), ("a.mp3", ["-c:a", "libmp3lame"]), ("a.flac", ["-c:a", "flac"]),
            ("a.wav", []), ("a.ogg", ["-c:a", "libvorbis"]), ("a.opus", ["-c:a", "libopus"]),
            ("alac.m4a", ["-c:a", "alac"]), ("a.mka", ["-c:a", "ac3"]), ("a.wma", ["-c:a", "wmav2"]),
        ])
    func plays(name: String, arguments: [String]) async throws {
        try await Studio.with { studio in
            let path = "\(studio.folder)/\(name)"
            try await studio.ffmpeg(
                ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=21"] + arguments + [path])
            let id = try await studio.add(path)
            try await studio.ready(id)
            try await studio.drained()
            let presentation = try await studio.presentation(id)
            #expect(presentation.video.isEmpty && presentation.audio.count == 1 && !presentation.isGrowing)
            let audio = try #require(presentation.audio.first)
            #expect((5...6).contains(audio.segmentDurations.count) && audio.isComplete)
            let frames = Frames(studio: studio)
            let served = try await studio.served(id, audio.name)
            let samples = try await frames.samples(served)
            let expected = try await frames.samples(path).count
            #expect(samples.count >= expected - 1024 && samples.count < expected + 8192)
            #expect(Tone.worstDeviation(samples[4800..<(20 * 48_000)]) < 0.12)
            let last = try #require(studio.changes.all(of: id).last)
            #expect(last.kind == .audio && last.width == nil && last.renditions.isEmpty && last.progress >= 1)
            #expect(last.hasThumbnail && last.warnings.isEmpty)
            // The original stays, and nothing twice.
            let keys = try await studio.keys(VideoFiles.folder(id))
            #expect(keys.count == 3 + audio.segmentDurations.count, "\(keys)")
        }
    }

    @Test("The cover is its picture, and without one its waveform")
    func cover() async throws {
        try await Studio.with { studio in
            let (plain, covered) = ("\(studio.folder)/plain.mp3", "\(studio.folder)/covered.mp3")
            let sound = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=3"]
            try await studio.ffmpeg(sound + ["-c:a", "libmp3lame", plain])
            try await studio.ffmpeg(
                sound + ["-f", "lavfi", "-i", "color=red:size=300x300:duration=1", "-map", "0", "-map", "1"]
                    + [
                        "-c:a", "libmp3lame", "-c:v", "mjpeg", "-frames:v", "1", "-disposition:v", "attached_pic",
                        covered,
                    ])
            for (path, size) in [(plain, "640,360"), (covered, "300,300")] {
                let id = try await studio.add(path)
                try await studio.drained()
                let picture = try #require(try await studio.playback.picture(id, .thumbnail)).file
                let file = "\(studio.folder)/picture.jpg"
                try Data(try picture.read(0..<picture.byteCount)).write(to: URL(filePath: file))
                let found = try await studio.tool(
                    "/usr/bin/ffprobe", ["-v", "error", "-show_entries", "stream=width,height", "-of", "csv=p=0", file])
                #expect(found.hasPrefix(size))
                #expect(try await studio.playback.picture(id, .storyboard) == nil)
            }
        }
    }

    @Test("What has neither picture nor sound is refused")
    func nothing() async throws {
        try await Studio.with(isWorking: false) { studio in
            let path = "\(studio.folder)/text.mkv"
            try Data("1\n00:00:01,000 --> 00:00:02,000\nOne\n".utf8).write(to: URL(filePath: "\(studio.folder)/a.srt"))
            try await studio.ffmpeg(["-i", "\(studio.folder)/a.srt", path])
            let refusal = await #expect(throws: InspectionError.self) {
                _ = try await studio.inspect(path: path)
            }
            #expect(refusal?.code == .notAVideo)
        }
    }

    @Test("A picture that cannot be read leaves its sound, and its owner is told", arguments: [true, false])
    func pictureMissing(isKnown: Bool) async throws {
        try await Studio.with { studio in
            let path = try await TestMedia.film(
                "film.mp4", in: studio, seconds: 3,
                ["-c:v", isKnown ? "mpeg4" : "libx264", "-c:a", "aac", "-movflags", "faststart"])
            var bytes = try Data(contentsOf: URL(filePath: path))
            if isKnown {
                // All of the picture is zeros; the sound lies between.
                let text = try await studio.tool(
                    "/usr/bin/ffprobe",
                    ["-v", "error", "-select_streams", "v", "-show_entries", "packet=pos,size", "-of", "csv=p=0", path])
                for line in text.split(separator: "\n") {
                    let numbers = line.split(separator: ",").compactMap { Int($0) }
                    try #require(numbers.count == 2)
                    let (size, start) = (numbers[0], numbers[1])
                    bytes.replaceSubrange(start..<start + size, with: Data(count: size))
                }
                // And what the decoder is told beforehand.
                let descriptor = try #require(bytes.firstRange(of: Data("esds".utf8)))
                let range = descriptor.upperBound + 20..<descriptor.upperBound + 60
                bytes.replaceSubrange(range, with: Data(count: 40))
            } else {
                let entry = try #require(bytes.firstRange(of: Data("avc1\0".utf8)))
                bytes.replaceSubrange(entry, with: Data("zzzz\0".utf8))
            }
            try bytes.write(to: URL(filePath: path))
            let id = try await studio.add(path)
            try await studio.complete(id)
            let presentation = try await studio.presentation(id)
            #expect(presentation.video.isEmpty && presentation.audio.count == 1)
            #expect(studio.changes.all(of: id).last?.warnings.map(\.code) == [.pictureMissing])
        }
    }
}
