import Testing

@testable import Media

/// Files whose boxes contradict each other. Each of these once ended the process.
@Suite("Movies that contradict themselves")
struct ContradictoryMovieTests {
    static let plain = SyntheticMovie(
        frames: SampleTableTests.randomFrames(12, seed: 5, sizes: 1...9), edits: [(500, -1), (1000, 2)]
    ).bytes()

    static func fragment(_ count: Int, at time: UInt64 = 40) throws -> [UInt8] {
        let sample = Fragment.Sample(duration: 1, byteCount: 3, compositionOffset: 0, isSync: true)
        let fragment = try Fragment(
            sequenceNumber: 1, baseDecodeTime: time, samples: Array(repeating: sample, count: count),
            sources: [0..<3 * count])
        return fragment.header() + Array(repeating: 7, count: 3 * count)
    }

    @Test(
        "A box that may come once makes the file malformed when it comes twice",
        arguments: [
            "mvhd", "tkhd", "elst", "mdia", "mdhd", "hdlr", "minf", "stbl", "stsd", "stts", "ctts", "stss", "stsc",
            "stsz", "stco",
        ] as [FourCC])
    func doubled(type: FourCC) throws {
        #expect(try TestMedia.movie(Self.plain).tracks.first?.samples.count == 12)
        #expect(throws: MovieError.malformed(type)) {
            try TestMedia.movie(BoxSurgery.doubling(type, in: Self.plain))
        }
    }

    @Test("So it does in a fragment", arguments: ["tfhd", "tfdt"] as [FourCC])
    func doubledInFragment(type: FourCC) throws {
        let whole = BoxSurgery.announcingFragments(Self.plain) + (try Self.fragment(2))
        #expect(try TestMedia.movie(whole).tracks.first?.samples.count == 14)
        #expect(throws: MovieError.malformed(type)) { try TestMedia.movie(BoxSurgery.doubling(type, in: whole)) }
    }

    @Test("A second movie box is passed over")
    func twoMovies() throws {
        let other = SyntheticMovie(frames: SampleTableTests.randomFrames(3, seed: 6)).bytesWithoutMedia()
        #expect(try TestMedia.movie(Self.plain + other).tracks.first?.samples.count == 12)
    }

    @Test("Chunks that are set twice are those that were set last")
    func chunksTwice() throws {
        var builder = SampleTableBuilder(limit: 100)
        try builder.setSizes(.constant(1), count: 4)
        try builder.appendDurations(count: 4, delta: 1)
        try builder.setChunks([(firstChunk: 0, samplesPerChunk: 1)], positions: [10, 20, 30, 40])
        try builder.setChunks([(firstChunk: 0, samplesPerChunk: 4)], positions: [50])
        #expect(try builder.build().map(\.byteOffset) == [50, 51, 52, 53])
    }

    @Test("Sizes without chunks are malformed, also when fragments follow")
    func sizesWithoutChunks() throws {
        let empty: [UInt8] = Array(repeating: 0, count: 8)
        var bytes = BoxSurgery.replacing("stco", in: Self.plain, with: empty)
        bytes = BoxSurgery.announcingFragments(BoxSurgery.replacing("stsc", in: bytes, with: empty))
        #expect(throws: MovieError.malformed("stsc")) { try TestMedia.movie(bytes + (try Self.fragment(20))) }
    }

    @Test("Samples without durations are malformed, also when fragments follow")
    func sizesWithoutDurations() throws {
        let empty: [UInt8] = Array(repeating: 0, count: 8)
        let bytes = BoxSurgery.announcingFragments(BoxSurgery.replacing("stts", in: Self.plain, with: empty))
        #expect(throws: MovieError.malformed("stts")) { try TestMedia.movie(bytes + (try Self.fragment(20))) }
    }

    @Test("What tables promise behind the last sample gives nothing to the fragments that follow")
    func promises() throws {
        var builder = SampleTableBuilder(limit: 100)
        try builder.setSizes(.constant(2), count: 5)
        try builder.appendDurations(count: 9, delta: 10)
        try builder.appendOffsets(count: 5, offset: 1)
        try builder.appendOffsets(count: 4, offset: 7)
        builder.setSyncSamples([0, 3, 99])
        // Three chunks of four: the second is half full, the third holds nothing.
        try builder.setChunks([(firstChunk: 0, samplesPerChunk: 4)], positions: [100, 200, 300])
        let sample = FragmentSample(duration: 3, byteCount: 5, compositionOffset: 0, isSync: false)
        try builder.appendRun([sample, sample], at: 900, decodeTime: 60)
        let table = try builder.build()
        #expect(table.map(\.byteOffset) == [100, 102, 104, 106, 200, 900, 905])
        #expect(table.map(\.decodeTime) == [0, 10, 20, 30, 40, 60, 63])
        #expect(table.map(\.compositionOffset) == [1, 1, 1, 1, 1, 0, 0])
        #expect(table.map(\.isSync) == [true, false, false, true, false, false, false])
        for sample in table { #expect(table[sample.index] == sample) }
        #expect(table.duration == 66 && table.byteCount == 20 && table.endOffset == 910)
    }

    @Test("Empty edits whose sum leaves all bounds are no simple edit list")
    func edits() {
        func empty(_ duration: UInt64) -> EditList.Entry {
            .init(duration: duration, mediaTime: nil, isNormalSpeed: true)
        }
        let shown = EditList.Entry(duration: 0, mediaTime: 0, isNormalSpeed: true)
        for durations in [[1, 1 << 56], [1 << 56, 1 << 56], [1 << 40, 1 << 40]] as [[UInt64]] {
            let list = EditList(entries: durations.map(empty) + [shown])
            #expect(list.presentation(timescale: .max, movieTimescale: 1) == nil)
        }
        let list = EditList(entries: [empty(1), empty(2), shown])
        #expect(list.presentation(timescale: 1000, movieTimescale: 1)?.offset == 3000)
    }

    @Test("Sound at the end of all times is cut without a trap")
    func lateSound() throws {
        let movie = try TestMedia.movie(try TestMedia.bytes(TestMedia.path("bikes.mp4")))
        let track = try #require(movie.audioTracks.first ?? movie.videoTracks.first)
        let frames = FrameTimes(timescale: 1000, times: [0, 40, 80], keyframes: [0])
        for origin in [Int64.min, -1 << 62, 1 << 62, .max] {
            let cut = AudioCut(
                track, movieTimescale: movie.timescale, origin: MediaTime(ticks: origin, timescale: 1))
            guard let cut else { continue }
            #expect(cut.segments(of: SegmentPlan(frames), in: track).count == 1)
        }
    }

    @Test("Samples that share their bytes are told, and are no reason to copy them")
    func sharedBytes() throws {
        let whole = try TestMedia.bytes(TestMedia.path("bikes.mp4"))
        let good = try TestMedia.movie(whole)
        let track = try #require(good.videoTracks.first)
        #expect(!track.sharesBytes && track.samples.largestSize > 0)
        let frames = track.frames(movieTimescale: good.timescale)
        let obstacles = StandardSource.obstacles(video: track, frames: frames)
        #expect(obstacles.isDisjoint(with: [.overlap, .size]))
        #expect(track.samples.byteCount(of: 0..<track.samples.count) == track.samples.byteCount)

        // Each sample as large as a tenth of the file: no byte is added, and the samples lie over one another.
        for (size, obstacle) in [(whole.count / 10, StandardSource.Obstacle.overlap), (65 << 20, .size)] {
            let fat = BoxSurgery.operate(on: whole) { type, body in
                guard type == "stsz" else { return [(type, body)] }
                var table = BoxWriter()
                table.uint32(0)
                table.uint32(UInt32(size))
                table.raw(body[8..<12])
                return [(type, table.bytes)]
            }
            let movie = try TestMedia.movie(fat)
            let video = try #require(movie.videoTracks.first)
            let frames = video.frames(movieTimescale: movie.timescale)
            #expect(StandardSource.obstacles(video: video, frames: frames).contains(obstacle))
            for sound in movie.audioTracks {
                #expect(StandardSource.obstacles(audio: sound, movieTimescale: movie.timescale).contains(obstacle))
            }
        }
    }

    @Test("A segment of too many bytes is not copied, though the file holds them all")
    func largeSegment() throws {
        let good = try TestMedia.movie(try TestMedia.bytes(TestMedia.path("bikes.mp4")))
        let track = try #require(good.videoTracks.first)
        let frames = try #require(track.frames(movieTimescale: good.timescale))
        // 40 MB for each of so many pictures: no sample is too large, a segment is.
        var builder = SampleTableBuilder(limit: 10_000)
        try builder.setSizes(.constant(40 << 20), count: track.samples.count)
        try builder.appendDurations(count: track.samples.count, delta: 1)
        try builder.setChunks([(firstChunk: 0, samplesPerChunk: UInt32(track.samples.count))], positions: [0])
        let large = Track(
            id: track.id, isEnabled: true, timescale: track.timescale, language: "und", rotation: track.rotation,
            format: track.format, changesFormat: false, edits: track.edits, samples: try builder.build())
        #expect(StandardSource.obstacles(video: large, frames: frames) == [.size])
    }
}
