import FoundationEssentials
import Media
import Testing

@testable import Encoding

@Suite("Sound")
struct SoundTests {
    @Test(
        "Encoded in chunks it has no gap, no jump and no repetition over a minute and a half",
        arguments: [
            ("flac", "mkv", 48_000), ("libmp3lame", "mp4", 44_100), ("pcm_s16le", "mov", 32_000),
        ])
    func gapless(codec: String, container: String, rate: Int) async throws {
        try await Studio.with { studio in
            let path = "\(studio.folder)/film.\(container)"
            try await studio.ffmpeg([
                "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=10:duration=90", "-f", "lavfi", "-i",
                "sine=frequency=440:sample_rate=\(rate):duration=90", "-c:v", "libx264", "-preset", "ultrafast", "-g",
                "40", "-c:a", codec, path,
            ])
            let id = try await studio.add(path)
            try await studio.complete(id)
            let samples = try await Frames(studio: studio).samples(studio.served(id, "audio"))
            #expect(abs(samples.count - 90 * 48_000) < 4096)
            #expect(Tone.worstDeviation(samples[4800..<(89 * 48_000)]) < 0.12)
        }
    }

    /// A click in the sound and a flash in the picture at the same moments.
    @Test(
        "Picture and sound stay together within one audio frame",
        arguments: [
            ("copied", ["-c:v", "libx264", "-g", "25", "-bf", "2", "-c:a", "aac"], "mp4"),
            ("encoded", ["-c:v", "mpeg4", "-q:v", "3", "-c:a", "libmp3lame"], "mkv"),
            ("late start", ["-c:v", "libx264", "-g", "25", "-c:a", "aac", "-output_ts_offset", "7.3"], "ts"),
            ("late sound", ["-c:v", "libx264", "-g", "25", "-c:a", "aac"], "mp4"),
        ])
    func together(name: String, arguments: [String], container: String) async throws {
        try await Studio.with { studio in
            let path = "\(studio.folder)/film.\(container)"
            let delay = name == "late sound" ? ["-itsoffset", "0.5"] : []
            try await studio.ffmpeg(
                [
                    "-f", "lavfi", "-i",
                    "color=black:size=128x128:rate=25:duration=10,drawbox=color=white:t=fill:enable='lt(mod(n,50),1)*gte(n,50)'",
                ]
                    + delay
                    + [
                        "-f", "lavfi", "-i",
                        "aevalsrc='if(lt(mod(t,2),0.02)*gte(t,1),0.9*sin(2*PI*1000*t),0)':s=48000:d=10",
                    ]
                    + arguments + [path])
            let id = try await studio.add(path)
            try await studio.complete(id)
            let top = try await studio.presentation(id).video[0].name
            let flashes = try await self.flashes(studio, studio.served(id, top))
            let clicks = try await self.clicks(studio, studio.served(id, "audio"))
            #expect(flashes.count == 4)
            #expect(clicks.count == 4)
            let offset = name == "late sound" ? 0.5 : 0
            for (flash, click) in zip(flashes, clicks) {
                #expect(abs(click - offset - flash) < 1024.0 / 48_000, "flash at \(flash), click at \(click)")
            }
        }
    }

    /// When bright pictures are shown, in seconds of the served timeline.
    private func flashes(_ studio: Studio, _ path: String) async throws -> [Double] {
        let text = try await studio.tool(
            "/usr/bin/ffprobe",
            [
                "-v", "error", "-f", "lavfi", "-i", "movie=\(path),signalstats", "-show_entries",
                "frame=pts_time:frame_tags=lavfi.signalstats.YAVG", "-of", "csv=p=0",
            ])
        return text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: ",").compactMap { Double($0) }
            return fields.count >= 2 && fields[1] > 128 ? fields[0] : nil
        }
    }

    private func clicks(_ studio: Studio, _ path: String) async throws -> [Double] {
        let samples = try await Frames(studio: studio).samples(path)
        var clicks: [Double] = []
        for (position, sample) in samples.enumerated() where abs(Int(sample)) > 8000 {
            let time = Double(position) / 48_000
            if clicks.last.map({ time - $0 > 1 }) ?? true { clicks.append(time) }
        }
        return clicks
    }

    @Test("MP3 behind a hundred kilobytes of something else is found, and something else alone is not")
    func behindGarbage() async throws {
        try await Studio.with(Studio.strict) { studio in
            let path = "\(studio.folder)/a.mp3"
            try await studio.ffmpeg(["-f", "lavfi", "-i", "sine=duration=0.5", "-c:a", "libmp3lame", path])
            let garbage = (0..<50_000).flatMap { _ -> [UInt8] in [0xDE, 0xAD, 0xBE, 0xEF] }
            let alone = "\(studio.folder)/garbage"
            try Data(garbage).write(to: URL(filePath: alone))
            await #expect(throws: InspectionError(.notAVideo)) {
                do { _ = try await studio.inspect(path: alone) } catch let error as InspectionError {
                    throw InspectionError(error.code)
                }
            }
            let behind = "\(studio.folder)/behind"
            try Data(garbage + Array([UInt8](contentsOf: path))).write(to: URL(filePath: behind))
            // Behind its tag.
            let start = try #require(try await studio.inspect(path: behind).soundStart)
            #expect((garbage.count...garbage.count + 100).contains(start))
            let id = try await studio.add(behind)
            try await studio.complete(id)
            let name = try #require(try await studio.presentation(id).audio.first?.name)
            let samples = try await Frames(studio: studio).samples(studio.served(id, name))
            let loud = samples.count { $0.magnitude > 500 }
            #expect(abs(Double(samples.count) / 48_000 - 0.5) < 0.1)
            #expect(loud > samples.count / 2)
        }
    }
}
