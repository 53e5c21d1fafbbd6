import Testing

@testable import Media

@Suite("Hostile MP4 files")
struct MovieReaderHostileTests {
    /// Reads a file and everything that is derived from it; any error is fine, a trap is not.
    static func exercise(_ bytes: [UInt8], limits: MovieLimits = MovieLimits()) {
        guard let movie = try? MovieReader.movie(byteCount: bytes.count, limits: limits, read: { Array(bytes[$0]) })
        else { return }
        for track in movie.tracks {
            for sample in track.samples { #expect(sample.byteOffset >= 0 && sample.byteCount >= 0) }
            let frames = track.frames(movieTimescale: movie.timescale)
            if track.video != nil { _ = StandardSource.obstacles(video: track, frames: frames) }
            if track.audio != nil {
                _ = StandardSource.obstacles(audio: track, movieTimescale: movie.timescale)
                _ = AudioCut(track, movieTimescale: movie.timescale, origin: frames?.origin ?? .zero)
            }
            guard let frames else { continue }
            let plan = SegmentPlan(frames.frames)
            #expect(plan.frameCount == frames.frames.count)
        }
    }

    static let small = SyntheticMovie(
        frames: SampleTableTests.randomFrames(12, seed: 77), edits: [(500, -1), (1000, 2)]
    ).bytes()

    @Test("Every byte of a small movie takes every kind of wrong value")
    func mutations() {
        for position in Self.small.indices.dropLast(100) {
            for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] where Self.small[position] != value {
                var bytes = Self.small
                bytes[position] = value
                Self.exercise(bytes)
            }
        }
    }

    @Test("Every 32-bit word of a small movie takes extreme values")
    func words() {
        for position in Self.small.indices.dropLast(100) {
            for word in [0xFFFF_FFFF, 0x7FFF_FFFF, 0x8000_0000, 0x0100_0000] as [UInt32] {
                var bytes = Self.small
                for byte in 0..<4 where position + byte < bytes.count {
                    bytes[position + byte] = UInt8(truncatingIfNeeded: word >> (24 - UInt32(byte) * 8))
                }
                Self.exercise(bytes)
            }
        }
    }

    @Test("A small movie cut at every offset")
    func cuts() {
        for count in Self.small.indices { Self.exercise(Array(Self.small[..<count])) }
    }

    @Test("Random damage to real and fragmented files", arguments: 0..<4 as Range<UInt64>)
    func damage(seed: UInt64) throws {
        let path = try TestMedia.path("bikes.mp4")
        let whole = try TestMedia.bytes(path)
        // The movie box with its surroundings, without most of the media data.
        let movieAt = try #require(whole.indices.dropLast(4).first { whole[$0..<$0 + 4].elementsEqual("moov".utf8) })
        var random = SeededGenerator(state: seed)
        for _ in 0..<60 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let at = Int.random(in: movieAt - 4..<min(movieAt + 6000, bytes.count), using: &random)
                bytes[at] = UInt8.random(in: 0...255, using: &random)
            }
            Self.exercise(bytes)
        }
    }

    @Test("Damaged fragments")
    func fragments() throws {
        let sample = Fragment.Sample(duration: 40, byteCount: 3, compositionOffset: 0, isSync: true)
        let track = OutputTrack(
            format: .audio(
                AudioFormat(
                    sampleEntry: "mp4a", codec: .aac(try AudioSpecificConfiguration([0x11, 0x90])), channelCount: 2,
                    sampleRate: 48000)), timescale: 48000)
        var whole = try track.initSegment()
        for number in 0..<3 as Range<UInt32> {
            let fragment = try Fragment(
                sequenceNumber: number + 1, baseDecodeTime: UInt64(number) * 80, samples: [sample, sample],
                sources: [0..<6])
            whole += fragment.header() + [1, 2, 3, 4, 5, 6]
        }
        #expect(try TestMedia.movie(whole).tracks.first?.samples.count == 6)
        for position in whole.indices {
            for value in [0, 0x7F, 0xFF] as [UInt8] {
                var bytes = whole
                bytes[position] = value
                Self.exercise(bytes)
            }
            Self.exercise(Array(whole[..<position]))
        }
    }

    @Test("Fragments that promise millions of samples in a few bytes end at the limit")
    func promisedSamples() throws {
        var track = OutputTrack(
            format: .audio(
                AudioFormat(
                    sampleEntry: "mp4a", codec: .aac(try AudioSpecificConfiguration([0x11, 0x90])), channelCount: 2,
                    sampleRate: 48000)), timescale: 48000)
        track.language = "eng"
        var writer = BoxWriter()
        writer.raw(try track.initSegment())
        for count in [10_000, 10_001] as [UInt32] {
            writer.box("moof") { moof in
                moof.box("traf") { traf in
                    traf.fullBox("tfhd") { $0.uint32(1) }
                    for _ in 0..<700 { traf.fullBox("trun") { $0.uint32(count) } }
                }
            }
            let error: MovieError = count > 10_000 ? .malformed("trun") : .limitExceeded(.samples)
            #expect(throws: error) {
                var limits = MovieLimits()
                limits.samples = count > 10_000 ? limits.samples : 100_000
                _ = try MovieReader.movie(byteCount: writer.bytes.count, limits: limits) { Array(writer.bytes[$0]) }
            }
            writer = BoxWriter()
            writer.raw(try track.initSegment())
        }
    }

    @Test("Files of nothing but tiny boxes end at the limit")
    func tinyBoxes() {
        var limits = MovieLimits()
        limits.topLevelBoxes = 100
        let bytes = Array(repeating: [0, 0, 0, 8] + Array("free".utf8), count: 1000).flatMap { $0 }
        #expect(throws: MovieError.limitExceeded(.topLevelBoxes)) {
            try MovieReader.movie(byteCount: bytes.count, limits: limits) { Array(bytes[$0]) }
        }
    }

    @Test("A movie box larger than the limit is not asked for")
    func hugeMovieBox() {
        let header: [UInt8] = [0, 0, 0, 1] + Array("moov".utf8) + [0, 0, 0, 1, 0, 0, 0, 0]
        #expect(throws: MovieError.limitExceeded(.movieBytes)) {
            try MovieReader.movie(byteCount: 1 << 40) { range in
                #expect(range.count == 16)
                return header
            }
        }
    }
}
