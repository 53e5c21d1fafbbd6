import Encoding
import FoundationEssentials
import Media
import Testing

@Suite("Unusual pictures")
struct UnusualPicturesTests {
    @Test("A rotated phone video is served upright")
    func rotated() async throws {
        try await Studio.with { studio in
            let film = try await TestMedia.film("film.mp4", in: studio, ["-c:v", "libx264", "-g", "50", "-c:a", "aac"])
            let turned = "\(studio.folder)/turned.mov"
            try await studio.ffmpeg(["-i", film, "-c", "copy", "-metadata:s:v:0", "rotate=90", turned])
            let id = try await studio.add(turned)
            try await studio.complete(id)
            let presentation = try await studio.presentation(id)
            #expect(presentation.video[0].kind == .video(size: PixelSize(width: 180, height: 320), frameRate: 25))
            let psnr = try await Frames(studio: studio).psnr(
                studio.served(id, presentation.video[0].name), source: turned)
            #expect(psnr > 32)
        }
    }

    @Test("HDR becomes SDR with the colours of BT.709")
    func highDynamicRange() async throws {
        try await Studio.with { studio in
            let path = try await TestMedia.film(
                "hdr.mkv", in: studio, seconds: 3,
                [
                    "-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-color_primaries", "bt2020", "-color_trc",
                    "smpte2084", "-colorspace", "bt2020nc", "-color_range", "tv", "-x265-params",
                    "log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc", "-c:a", "aac",
                ])
            let id = try await studio.add(path)
            try await studio.complete(id)
            let top = try await studio.served(id, "180p")
            let text = try await studio.tool(
                "/usr/bin/ffprobe",
                [
                    "-v", "error", "-select_streams", "v", "-show_entries",
                    "stream=pix_fmt,color_transfer,color_primaries,color_space", "-of", "csv=p=0", top,
                ])
            #expect(text.hasPrefix("yuv420p,bt709,bt709,bt709"), "\(text)")
            let frames = Frames(studio: studio)
            #expect(try await frames.times(top).count == 75)
            // The colours themselves: near the tone map of the source in linear light, and far from the source's values
            // taken as they are.
            let toneMap =
                "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv"
            #expect(try await frames.psnr(top, source: path, filters: toneMap) > 32)
            #expect(try await frames.psnr(top, source: path) < 20)
        }
    }

    @Test("Variable frame rate keeps each frame at its time, copied and encoded", arguments: ["mp4", "mkv"])
    func variableRate(container: String) async throws {
        try await Studio.with { studio in
            let path = "\(studio.folder)/film.\(container)"
            try await studio.ffmpeg([
                "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=60:duration=8", "-vf",
                "select='if(lt(t,3),not(mod(n,2)),if(lt(t,5),not(mod(n,7)),not(mod(n,3))))'", "-fps_mode", "vfr",
                "-c:v", container == "mp4" ? "libx264" : "mpeg4", "-q:v", "3", "-g", "30", path,
            ])
            let id = try await studio.add(path)
            try await studio.complete(id)
            let frames = Frames(studio: studio)
            let served = try await frames.times(studio.served(id, "180p"))
            let source = try await frames.times(path)
            #expect(served.count == source.count)
            #expect(zip(served, source).allSatisfy { abs($0 - $1) <= 1100 })
        }
    }

    @Test("Interlaced pictures are woven to as many whole ones")
    func interlaced() async throws {
        try await Studio.with { studio in
            let path = try await TestMedia.film(
                "film.ts", in: studio, size: "720x576", seconds: 3, sound: false,
                ["-vf", "interlace", "-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-q:v", "3"])
            let id = try await studio.add(path)
            try await studio.complete(id)
            let frames = Frames(studio: studio)
            let top = try await studio.presentation(id).video[0].name
            let served = try await studio.served(id, top)
            #expect(try await frames.times(served).count == frames.times(path).count)
            // Nearly all of the 38 pictures of the source.
            #expect(try await frames.combed(path) > 30)
            #expect(try await frames.combed(served) == 0)
        }
    }

    @Test("A source with damaged frames is still served for its whole length")
    func damaged() async throws {
        var settings = EncodingSettings()
        settings.retryDelay = .milliseconds(10)
        try await Studio.with(settings) { studio in
            let path = try await TestMedia.film(
                "film.ts", in: studio, seconds: 12, ["-c:v", "mpeg2video", "-q:v", "3"])
            var bytes = try [UInt8](contentsOf: path)
            // Whole packets of the stream are lost in the middle.
            let hole = bytes.count / 2 / 188 * 188
            bytes.removeSubrange(hole..<hole + 188 * 120)
            try Data(bytes).write(to: URL(filePath: path))
            let id = try await studio.add(path)
            try await studio.complete(id)
            let presentation = try await studio.presentation(id)
            #expect(abs(presentation.duration.seconds - 12) < 0.5)
            let times = try await Frames(studio: studio).times(studio.served(id, presentation.video[0].name))
            #expect(times.count > 200)
        }
    }

    @Test("A file that holds only a part of what it announces plays that part, and its owner is told")
    func hollow() async throws {
        try await Studio.with { studio in
            var bytes = try [UInt8](contentsOf: TestMedia.surveillance)
            for position in 200_000..<bytes.count { bytes[position] = 0xAA }
            let path = "\(studio.folder)/hollow.avi"
            try Data(bytes).write(to: URL(filePath: path))
            let id = try await studio.add(path)
            try await studio.complete(id)
            let shown = try await studio.presentation(id).duration
            #expect(shown > .zero && shown < .seconds(10))
            let last = await studio.changes.first(of: id) { !$0.warnings.isEmpty }
            #expect(last.warnings == [MediaWarning(.truncated, detail: shown.decimalSeconds)])
        }
    }
}
