import Media
import Testing

@testable import Encoding

@Suite("Sources as people have them")
struct SourceVarietyTests {
    /// What a source is, how it is made by ffmpeg, and what is expected of it.
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var size = "320x180"
        var rate = "25"
        var seconds = 6.0
        var sound = true
        var arguments: [String]
        /// Copied bit by bit.
        var isCopied = false
        /// Brings the source to the top rendition's picture.
        var filters = "null"

        var testDescription: String { name }
    }

    static let x264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "veryfast", "-g", "50"]
    static let aac = ["-c:a", "aac"]

    static let cases: [Case] = [
        Case(name: "standard.mp4", arguments: x264 + aac, isCopied: true),
        Case(
            name: "fragmented.mp4", arguments: x264 + aac + ["-movflags", "frag_keyframe+empty_moov"], isCopied: true),
        Case(name: "standard.mkv", arguments: x264 + aac, isCopied: true),
        Case(name: "standard.ts", arguments: x264 + aac, isCopied: true),
        Case(name: "mp3.mp4", arguments: x264 + ["-c:a", "libmp3lame"], isCopied: true),
        Case(name: "silent.mp4", sound: false, arguments: x264, isCopied: true),
        Case(
            name: "bframes.mp4", arguments: x264 + ["-bf", "4", "-x264-params", "b-pyramid=strict"] + aac,
            isCopied: true),
        Case(name: "opengop.mp4", arguments: x264 + ["-x264-params", "open-gop=1:keyint=50", "-bf", "3"] + aac),
        Case(name: "longgop.mp4", seconds: 14, arguments: x264 + ["-g", "1000", "-sc_threshold", "0"] + aac),
        Case(
            name: "hevc.mp4", arguments: ["-c:v", "libx265", "-x265-params", "log-level=error", "-tag:v", "hvc1"] + aac),
        Case(
            name: "hevc10.mkv",
            arguments: [
                "-c:v", "libx265", "-x265-params", "log-level=error", "-pix_fmt", "yuv420p10le", "-c:a", "libopus",
            ]),
        Case(
            name: "vp9.webm",
            arguments: [
                "-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime", "-c:a", "libopus",
            ]),
        Case(name: "vp8.webm", arguments: ["-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libvorbis"]),
        Case(name: "mpeg2.ts", arguments: ["-c:v", "mpeg2video", "-q:v", "4", "-bf", "2", "-c:a", "mp2"]),
        Case(name: "mpeg4.avi", arguments: ["-c:v", "mpeg4", "-q:v", "4", "-c:a", "libmp3lame"]),
        Case(
            name: "odd.mkv", size: "321x181", arguments: ["-c:v", "ffv1", "-pix_fmt", "yuv444p", "-c:a", "pcm_s16le"],
            filters: "scale=320:180:flags=bicubic"),
        Case(name: "portrait.mp4", size: "180x320", arguments: x264 + aac, isCopied: true),
        Case(name: "fast.mp4", size: "640x360", rate: "60", seconds: 4, arguments: x264 + aac, isCopied: true),
        Case(
            name: "fast.mkv", size: "640x360", rate: "50", seconds: 4, arguments: ["-c:v", "mpeg4", "-q:v", "3"] + aac),
        Case(name: "full-range.mp4", arguments: ["-c:v", "libx264", "-pix_fmt", "yuv444p"] + aac),
        Case(
            name: "anamorphic.mp4", size: "360x288", arguments: x264 + ["-vf", "setsar=16/11"] + aac,
            filters: "scale=524:288:flags=bicubic"),
    ]

    @Test("Every frame is served once, at its time", arguments: cases)
    func served(_ source: Case) async throws {
        try await Studio.with(Studio.strict) { studio in
            let path = try await TestMedia.film(
                source.name, in: studio, size: source.size, rate: source.rate, seconds: source.seconds,
                sound: source.sound, source.arguments)
            let id = try await studio.add(path)
            try await studio.complete(id)
            let presentation = try await studio.presentation(id)
            let frames = Frames(studio: studio)
            let top = try await studio.served(id, presentation.video[0].name)
            let times = try await frames.times(path)
            try await expectSame(frames.times(top), times, within: source.name.hasSuffix("mp4") ? 100 : 1100)
            if source.isCopied {
                #expect(try await frames.hashes(top) == frames.hashes(path))
            } else {
                #expect(try await frames.psnr(top, source: path, filters: source.filters) > 32)
            }
            let plan = try #require(try await studio.plan(id))
            for step in plan.steps.dropFirst() {
                let served = try await studio.served(id, step.name)
                // Of each segment the first frame, and each n-th after it.
                let kept = plan.segments.segments.flatMap { segment in
                    stride(from: segment.firstFrame, to: segment.frames.upperBound, by: step.frameDivisor)
                }
                try await expectSame(
                    frames.times(served), kept.map { times[$0] }, within: source.name.hasSuffix("mp4") ? 100 : 1100)
                guard step.frameDivisor == 1 else { continue }
                let scaling = "\(source.filters),scale=\(step.size.width):\(step.size.height):flags=bicubic"
                #expect(try await frames.psnr(served, source: path, filters: scaling) > 30, "\(step.name)")
            }
            #expect(presentation.audio.isEmpty == !source.sound)
            if source.sound { try await expectTone(studio, id, seconds: source.seconds) }
        }
    }

    private func expectSame(_ times: [Int], _ expected: [Int], within tolerance: Int) throws {
        #expect(times.count == expected.count)
        let worst = zip(times, expected).map { abs($0 - $1) }.max() ?? 0
        #expect(worst <= tolerance, "off by \(worst) microseconds")
    }

    /// The steady tone of the source is there from the start to the end, without a gap or a jump.
    private func expectTone(_ studio: Studio, _ id: EncodingID, seconds: Double) async throws {
        let samples = try await Frames(studio: studio).samples(studio.served(id, "audio"))
        #expect(abs(Double(samples.count) / 48_000 - seconds) < 0.1)
        let (from, to) = (4800, min(samples.count, Int(seconds * 48_000)) - 4800)
        #expect(Tone.worstDeviation(samples[from..<to]) < 0.12)
    }
}

/// A pure tone obeys x[n+1] = 2 cos(w) x[n] - x[n-1]: any gap, jump or repetition breaks it.
enum Tone {
    /// The largest deviation from the law at 440 Hz, relative to the amplitude.
    static func worstDeviation(_ samples: ArraySlice<Int16>) -> Double {
        // Each 16th sample: noise of the codec matters less over longer steps.
        let step = 16
        let factor = 2 * cosine(2 * 3.141592653589793 * 440 * Double(step) / 48_000)
        let amplitude = Double(samples.map { abs(Int($0)) }.max() ?? 1)
        var worst = 0.0
        for position in samples.indices.dropFirst(step).dropLast(step) {
            let predicted = factor * Double(samples[position]) - Double(samples[position - step])
            worst = max(worst, abs(predicted - Double(samples[position + step])))
        }
        return worst / max(1, amplitude)
    }

    private static func cosine(_ x: Double) -> Double {
        var (term, sum) = (1.0, 1.0)
        for n in 1...20 {
            term *= -x * x / Double((2 * n - 1) * (2 * n))
            sum += term
        }
        return sum
    }
}
