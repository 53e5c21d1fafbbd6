import Testing

@testable import Media

@Suite("CMAF fragments")
struct FragmentTests {
    static func samples(_ shown: [Int64], sizes: [Int]? = nil) -> [Sample] {
        var position = 1000
        return shown.enumerated().map { index, time in
            defer { position += sizes?[index] ?? 10 }
            return Sample(
                index: index, decodeTime: Int64(index), compositionOffset: Int32(time - Int64(index)), duration: 1,
                byteOffset: position, byteCount: sizes?[index] ?? 10, isSync: index == 0)
        }
    }

    @Test("Frames are decoded in their turn, or just before the next one if they are shown later")
    func decodeTimes() throws {
        let fragment = try Fragment.video(
            Self.samples([0, 3, 1, 2]), displayTimes: [400, 410, 420, 430], end: 440, sequenceNumber: 1)
        #expect(fragment.baseDecodeTime == 400)
        #expect(fragment.samples.map(\.duration) == [9, 1, 10, 20])
        #expect(fragment.samples.map(\.compositionOffset) == [0, 21, 0, 0])
        #expect(fragment.sources == [1000..<1040])
        #expect(fragment.duration == 40)
    }

    @Test("What shows the first picture ends with the first frame, if that is a keyframe")
    func keyframe() throws {
        let samples = Self.samples([0, 1, 2], sizes: [500, 20, 30])
        let fragment = try Fragment.video(samples, displayTimes: [0, 1, 2], end: 3, sequenceNumber: 1)
        let header = fragment.header()
        #expect(fragment.keyframeByteCount(after: header) == header.count + 500)
        let rest = try Fragment.video(samples.dropFirst(), displayTimes: [1, 2], end: 3, sequenceNumber: 1)
        #expect(rest.keyframeByteCount(after: rest.header()) == nil)
    }

    @Test("Where ticks are few, the first frames are decoded at once")
    func fewTicks() throws {
        let fragment = try Fragment.video(
            Self.samples([0, 3, 1, 2]), displayTimes: [7, 8, 9, 10], end: 11, sequenceNumber: 1)
        #expect(fragment.baseDecodeTime == 7)
        #expect(fragment.samples.map(\.duration) == [0, 1, 1, 2])
        #expect(fragment.samples.map(\.compositionOffset) == [0, 3, 0, 0])
    }

    @Test("Times that cannot be are refused")
    func refused() {
        let samples = Self.samples([0, 2, 1])
        #expect(throws: Fragment.Failure.countMismatch) {
            try Fragment.video(samples, displayTimes: [0, 1], end: 3, sequenceNumber: 1)
        }
        #expect(throws: Fragment.Failure.countMismatch) {
            try Fragment.video([], displayTimes: [] as [Int64], end: 3, sequenceNumber: 1)
        }
        for times in [[-5, 0, 1], [0, 0, 1], [0, 2, 1], [0, 1, 3]] as [[Int64]] {
            #expect(throws: Fragment.Failure.badTimes) {
                try Fragment.video(samples, displayTimes: times, end: 3, sequenceNumber: 1)
            }
        }
        #expect(throws: Fragment.Failure.badTimes) {
            try Fragment.video(
                samples, displayTimes: [0, 1, 1 << 40], end: 1 << 41, sequenceNumber: 1)
        }
    }

    @Test("Fragments read back as they were written", arguments: 0..<20 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        let track = OutputTrack(
            format: .audio(
                AudioFormat(
                    sampleEntry: "mp4a", codec: .aac(try AudioSpecificConfiguration([0x11, 0x90])), channelCount: 2,
                    sampleRate: 48000)), timescale: 48000, language: "deu", duration: .seconds(5))
        var file = try track.initSegment()
        var expected: [Fragment.Sample] = []
        var time: UInt64 = 0
        for number in 1...3 as ClosedRange<UInt32> {
            let samples = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                Fragment.Sample(
                    duration: seed % 2 == 0 ? 1024 : .random(in: 1...2000, using: &random),
                    byteCount: seed % 3 == 0 ? 5 : .random(in: 0...9, using: &random),
                    compositionOffset: seed % 5 == 0 ? 0 : .random(in: 0...5000, using: &random),
                    isSync: seed % 7 == 0 || Bool.random(using: &random))
            }
            let bytes = samples.reduce(0) { $0 + Int($1.byteCount) }
            let fragment = try Fragment(
                sequenceNumber: number, baseDecodeTime: time, samples: samples, sources: [0..<bytes])
            file += fragment.header()
            for (index, sample) in samples.enumerated() {
                file += Array(repeating: UInt8(expected.count + index), count: Int(sample.byteCount))
            }
            expected += samples
            time += fragment.duration
        }
        let movie = try TestMedia.movie(file)
        let read = try #require(movie.tracks.first)
        #expect(read.language == "deu" && movie.isFragmented && !movie.isTruncated)
        for (index, (sample, wanted)) in zip(read.samples, expected).enumerated() {
            #expect(sample.duration == wanted.duration && sample.compositionOffset == Int32(wanted.compositionOffset))
            #expect(sample.isSync == wanted.isSync && sample.byteCount == Int(wanted.byteCount))
            #expect(file[sample.byteRange].allSatisfy { $0 == UInt8(index) })
        }
        #expect(read.samples.count == expected.count)
    }

    @Test("A fragment without samples or with bytes missing is refused")
    func mismatches() {
        let sample = Fragment.Sample(duration: 1, byteCount: 5, compositionOffset: 0, isSync: true)
        #expect(throws: Fragment.Failure.countMismatch) {
            try Fragment(sequenceNumber: 1, baseDecodeTime: 0, samples: [], sources: [])
        }
        #expect(throws: Fragment.Failure.countMismatch) {
            try Fragment(sequenceNumber: 1, baseDecodeTime: 0, samples: [sample], sources: [0..<4])
        }
    }

    @Test("Only codecs that are known are written")
    func unknownCodec() {
        let format = VideoFormat(sampleEntry: "av01", codec: .other, width: 1, height: 1)
        #expect(throws: OutputTrack.Failure.unsupportedCodec) {
            try OutputTrack(format: .video(format), timescale: 1).initSegment()
        }
    }
}

@Suite("Sound on the output's timeline")
struct AudioCutTests {
    /// A track of AAC frames with an edit list, through a real file's worth of boxes.
    static func track(frames: Int, edits: [EditList.Entry], timescale: UInt32 = 48000) throws -> Track {
        var builder = SampleTableBuilder(limit: 1_000_000)
        try builder.setSizes(.constant(10), count: frames)
        try builder.setChunks([(firstChunk: 0, samplesPerChunk: UInt32(frames))], positions: [0])
        try builder.appendDurations(count: frames, delta: 1024)
        let configuration = try AudioSpecificConfiguration([0x11, 0x90])
        return Track(
            id: 1, isEnabled: true, timescale: timescale, language: "und", rotation: .none,
            format: .audio(
                AudioFormat(sampleEntry: "mp4a", codec: .aac(configuration), channelCount: 2, sampleRate: 48000)),
            changesFormat: false, edits: EditList(entries: edits), samples: try builder.build())
    }

    static func edit(_ duration: UInt64, _ time: Int64?) -> EditList.Entry {
        .init(duration: duration, mediaTime: time, isNormalSpeed: true)
    }

    @Test(
        "Priming is dropped by whole frames, and the rest is in place within half a frame",
        arguments: [
            (0, 0, 0, 0, 0), (1024, 0, 1, 0, 0), (2112, 0, 2, 0, 64), (1600, 0, 2, 448, 0), (1500, 0, 1, 0, 476),
            (1024, 100, 0, 3776, 0), (0, 100, 0, 4800, 0),
        ] as [(Int64, UInt64, Int, Int64, Int64)])
    func priming(mediaTime: Int64, emptyMilliseconds: UInt64, first: Int, decodeTime: Int64, delay: Int64) throws {
        let track = try Self.track(frames: 100, edits: [Self.edit(emptyMilliseconds, nil), Self.edit(0, mediaTime)])
        let cut = try #require(AudioCut(track, movieTimescale: 1000, origin: .zero))
        #expect(cut.samples == first..<100)
        #expect(cut.decodeTime == decodeTime)
        #expect(cut.delay == delay)
    }

    @Test("Sound moves with the picture's origin, and what the edit list cuts off at the end is dropped")
    func originAndEnd() throws {
        let track = try Self.track(frames: 100, edits: [Self.edit(1000, 1024)])
        let cut = try #require(AudioCut(track, movieTimescale: 1000, origin: .milliseconds(64)))
        // The picture starts 3072 ticks into the sound: four frames with the priming.
        #expect(cut.samples == 4..<48)
        #expect(cut.decodeTime == 0)
        #expect(AudioCut(track, movieTimescale: 1000, origin: .seconds(100)) == nil)
    }

    @Test("Segments share out all frames and meet the plan's boundaries within half a frame")
    func segments() throws {
        let track = try Self.track(frames: 600, edits: [])
        let cut = try #require(AudioCut(track, movieTimescale: 1000, origin: .zero))
        let plan = SegmentPlan(SegmentPlanTests.constant(300, gop: 25))
        let segments = cut.segments(of: plan, in: track)
        #expect(segments.count == plan.segments.count)
        var next = 0
        for (segment, planned) in zip(segments, plan.segments) {
            #expect(segment.samples.lowerBound == next)
            next = segment.samples.upperBound
            #expect(abs(segment.decodeTime - planned.start.ticks(at: 48000)) <= 512)
            #expect(segment.decodeTime == Int64(segment.samples.lowerBound) * 1024)
            #expect(segment.duration == Int64(segment.samples.count) * 1024)
        }
        #expect(next == 600)
    }

    @Test("Segments before the sound begins and after it ends are empty")
    func silence() throws {
        let track = try Self.track(frames: 100, edits: [Self.edit(5000, nil), Self.edit(0, 0)])
        let cut = try #require(AudioCut(track, movieTimescale: 1000, origin: .zero))
        let plan = SegmentPlan(SegmentPlanTests.constant(500, gop: 25))
        let segments = cut.segments(of: plan, in: track)
        #expect(segments.map(\.samples.count) == [0, 100, 0, 0, 0])
        #expect(segments[1].decodeTime == 240_000)
    }
}
