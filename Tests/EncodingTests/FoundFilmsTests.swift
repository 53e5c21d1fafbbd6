import FoundationEssentials
import Testing

@testable import Encoding

/// Kinds of films that people have and that once failed: each plays whole.
@Suite("Films that once failed")
struct FoundFilmsTests {
    struct Film: Sendable, CustomTestStringConvertible {
        var kind: String
        var file: String
        /// ffmpeg's, from the test card to the file.
        var options: [String]
        /// Size, frames a second and seconds of the test card.
        var card = ("320x240", "25", "6")
        /// Bytes that are found first and then overwritten, counted from the end of what was found.
        var damage: (mark: String, skip: Int, bytes: [UInt8])?
        var firstByte = 0
        /// Its frames have times to be compared with.
        var hasTimes = true
        /// Its colours are shown as they are.
        var hasColours = true
        var testDescription: String { kind }
    }

    static let films = [
        Film(
            kind: "times that jitter by a third of a frame", file: "a.webm",
            options: [
                "-vf", "settb=1/1000,setpts='N*33+10*random(7)'", "-fps_mode", "passthrough", "-enc_time_base",
                "1:1000",
                "-c:v", "libvpx", "-deadline", "realtime",
            ], card: ("320x240", "30", "8")),
        Film(
            kind: "times that are almost equal", file: "a.mp4",
            options: [
                "-vf", "setpts='if(eq(mod(N,7),3),PTS-1/10/TB+0.00002/TB,PTS)'", "-fps_mode", "passthrough",
                "-enc_time_base", "1:90000", "-video_track_timescale", "90000", "-c:v", "libx264", "-bf", "0",
            ], card: ("640x360", "10", "4")),
        Film(
            kind: "a pause in the recording", file: "a.mkv",
            options: [
                "-vf", "select='lt(t,8.04)+gte(t,12)'", "-fps_mode", "vfr", "-c:v", "libx264", "-bf", "0", "-g", "9999",
            ], card: ("320x240", "30", "20")),
        Film(
            kind: "FLV at one picture a second", file: "a.flv", options: ["-c:v", "flv", "-g", "1"],
            card: ("320x240", "1", "14")),
        Film(
            kind: "an edit list that hides the first pictures of a standard source", file: "a.mp4",
            options: ["-c:v", "libx264", "-bf", "2", "-g", "25", "-pix_fmt", "yuv420p"],
            damage: ("elst", 12, [0, 0, 0, 0])),
        Film(
            kind: "a transfer curve that has two names", file: "a.mpg",
            options: ["-c:v", "mpeg2video", "-color_trc", "gamma28"], card: ("320x240", "25", "3")),
        Film(
            kind: "HDR that does not name its matrix", file: "a.mp4",
            options: [
                "-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-x265-params", "log-level=error", "-color_trc",
                "smpte2084",
            ], card: ("640x360", "25", "4"), hasColours: false),
        Film(
            kind: "DivX with B-frames: an AVI tells no times of presentation", file: "a.avi",
            options: ["-c:v", "mpeg4", "-bf", "2", "-vtag", "DIVX", "-b:v", "1M"], card: ("640x360", "24000/1001", "10")
        ),
        Film(
            kind: "no table of keyframes, so that all frames count as such", file: "a.mp4",
            options: ["-c:v", "mpeg4", "-g", "300", "-b:v", "2M"], card: ("640x360", "25", "14"),
            damage: ("stss", -4, Array("free".utf8))),
        Film(
            kind: "broadcast that begins in the middle of a group of pictures", file: "a.ts",
            options: ["-c:v", "libx264", "-bf", "2", "-g", "75"], card: ("640x360", "25", "12"), firstByte: 169_200),
        Film(
            kind: "times that are equal", file: "a.mkv",
            options: [
                "-c:v", "mjpeg", "-q:v", "2", "-bsf:v", "setts=ts=floor(N/3)*120",
            ], hasTimes: false),
    ]

    @Test("It plays whole, each picture at its time", arguments: films)
    func playsWhole(film: Film) async throws {
        try await Studio.with(Studio.strict) { studio in
            let path = "\(studio.folder)/\(film.file)"
            let card = "testsrc2=size=\(film.card.0):rate=\(film.card.1):duration=\(film.card.2)"
            try await studio.ffmpeg(["-f", "lavfi", "-i", card] + film.options + [path])
            if film.damage != nil || film.firstByte > 0 {
                let bytes = try Data(contentsOf: URL(filePath: path))
                try bytes.dropFirst(film.firstByte).write(to: URL(filePath: path))
            }
            if let damage = film.damage {
                var bytes = try Data(contentsOf: URL(filePath: path))
                let mark = try #require(bytes.firstRange(of: Data(damage.mark.utf8)))
                let start = mark.upperBound + damage.skip
                bytes.replaceSubrange(start..<start + damage.bytes.count, with: damage.bytes)
                try bytes.write(to: URL(filePath: path))
            }
            let id = try await studio.add(path)
            try await studio.complete(id)
            let frames = Frames(studio: studio)
            let shown = try await frames.times(path)
            let count = try await frames.hashes(path).count
            try #require(count > 10)
            if film.hasColours {
                let top = try #require(try await studio.presentation(id).video.first)
                let likeness = try await frames.psnr(studio.served(id, top.name), source: path)
                #expect(likeness > 25, "\(top.name)")
            }
            for rendition in try await studio.presentation(id).video {
                let times = try await frames.times(studio.served(id, rendition.name))
                #expect(times.count == count, "\(rendition.name)")
                guard film.hasTimes else { continue }
                #expect(zip(times, shown).allSatisfy { abs($0 - $1) <= 1000 }, "\(rendition.name)")
            }
        }
    }

    @Test("Subtitles that outlive the picture do not make the film longer")
    func lateCue() async throws {
        try await Studio.with(Studio.strict) { studio in
            let (path, cues) = ("\(studio.folder)/late.mkv", "\(studio.folder)/late.srt")
            try Data("1\n00:01:18,000 --> 00:01:20,000\nlate\n".utf8).write(to: URL(filePath: cues))
            try await studio.ffmpeg([
                "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=10", "-i", cues, "-c:v", "libx264", path,
            ])
            let facts = try await studio.inspect(path: path)
            #expect(facts.duration == 10)
            let id = try await studio.add(path)
            try await studio.complete(id)
            #expect(try await studio.presentation(id).duration == .seconds(10))
        }
    }
}
