import Testing

@testable import Media

@Suite("Segment plans")
struct SegmentPlanTests {
    /// Frames at a constant rate with a keyframe each `gop` frames.
    static func constant(_ count: Int, duration: Int64 = 40, timescale: UInt32 = 1000, gop: Int?) -> FrameTimes {
        let times = (0..<count).map { Int64($0) * duration }
        let keys = gop.map { gop in stride(from: 0, to: count, by: gop).map { times[$0] } } ?? []
        return FrameTimes(timescale: timescale, times: times, keyframes: keys, lastDuration: duration)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var frames: FrameTimes
        var counts: [Int]
        var followsKeyframes: Bool
    }

    static let cases: [Case] = [
        Case(testDescription: "nothing", frames: constant(0, gop: nil), counts: [], followsKeyframes: true),
        Case(testDescription: "one frame", frames: constant(1, gop: 1), counts: [1], followsKeyframes: true),
        Case(
            testDescription: "shorter than a segment", frames: constant(50, gop: 10), counts: [50],
            followsKeyframes: true),
        Case(
            testDescription: "a rest of up to a second stays with the last segment", frames: constant(125, gop: 25),
            counts: [125], followsKeyframes: true),
        Case(
            testDescription: "keyframes each second", frames: constant(300, gop: 25), counts: [100, 100, 100],
            followsKeyframes: true),
        Case(
            testDescription: "keyframes every 3 s", frames: constant(300, gop: 75), counts: [75, 75, 75, 75],
            followsKeyframes: true),
        Case(
            testDescription: "keyframes every 2.5 s", frames: constant(500, gop: 63), counts: [126, 126, 126, 122],
            followsKeyframes: true),
        Case(
            testDescription: "keyframes every 10 s", frames: constant(600, gop: 250), counts: [250, 250, 100],
            followsKeyframes: true),
        Case(
            testDescription: "300 frames at 29.97 between keyframes",
            frames: constant(900, duration: 1001, timescale: 30000, gop: 300), counts: [300, 300, 300],
            followsKeyframes: true),
        Case(
            testDescription: "no keyframes known", frames: constant(250, gop: nil), counts: [100, 150 - 50, 50],
            followsKeyframes: false),
        Case(
            testDescription: "a very long GOP is split at frames", frames: constant(1000, gop: 500),
            counts: [100, 100, 100, 100, 100, 100, 100, 100, 100, 100], followsKeyframes: false),
        Case(
            testDescription: "every frame is a keyframe", frames: constant(250, gop: 1), counts: [100, 100, 50],
            followsKeyframes: true),
    ]

    @Test("Boundaries of the usual and the unusual", arguments: cases)
    func table(_ value: Case) {
        let plan = SegmentPlan(value.frames)
        #expect(plan.segments.map(\.frameCount) == value.counts)
        #expect(plan.followsKeyframes == value.followsKeyframes)
        expectSound(plan, of: value.frames)
    }

    private func expectSound(_ plan: SegmentPlan, of frames: FrameTimes) {
        #expect(plan.frameCount == frames.count)
        var (first, start) = (0, MediaTime.zero)
        for segment in plan.segments {
            #expect(segment.firstFrame == first && segment.start == start && segment.frameCount > 0)
            #expect(segment.start == frames.time(of: segment.firstFrame))
            first = segment.frames.upperBound
            start = segment.end
        }
        #expect(plan.duration == frames.duration)
    }

    @Test("Irregular times and keyframes always give a sound plan", arguments: 0..<60 as Range<UInt64>)
    func random(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        var (time, times, keys): (Int64, [Int64], [Int64]) = (-500, [], [])
        for _ in 0..<Int.random(in: 1...1500, using: &random) {
            times.append(time)
            if times.count == 1 || Int.random(in: 0..<(1 + Int(seed) * 3), using: &random) == 0 { keys.append(time) }
            let isPause = Int.random(in: 0..<200, using: &random) == 0
            time += isPause ? Int64.random(in: 1000...20000, using: &random) : Int64.random(in: 1...90, using: &random)
        }
        let frames = FrameTimes(timescale: 1000, times: times.shuffled(using: &random), keyframes: keys)
        #expect(frames.times == times.map { $0 + 500 } && frames.start == -500 && frames.areDistinct)
        let plan = SegmentPlan(frames)
        expectSound(plan, of: frames)
        if let distance = frames.greatestKeyframeDistance, distance <= SegmentPlan.Settings().maximum {
            #expect(plan.followsKeyframes)
            #expect(plan.segments.allSatisfy { $0.duration <= .milliseconds(10_050) })
        }
    }

    @Test("Frames at the same time do not confuse the plan")
    func equalTimes() {
        let frames = FrameTimes(timescale: 10, times: Array(repeating: 0, count: 50) + [100, 100, 100], keyframes: [0])
        #expect(!frames.areDistinct)
        expectSound(SegmentPlan(frames), of: frames)
    }

    @Test("Two hours at 60 frames a second are planned at once")
    func twoHours() {
        let frames = Self.constant(432_000, duration: 1000, timescale: 60000, gop: 120)
        let clock = ContinuousClock()
        var plan: SegmentPlan?
        let time = clock.measure { plan = SegmentPlan(frames) }
        #expect(plan?.segments.count == 1800)
        #expect(time < .seconds(1))
    }

    @Test("The segment at a time")
    func lookup() {
        let plan = SegmentPlan(Self.constant(300, gop: 25))
        #expect(plan.segment(at: .zero) == 0)
        #expect(plan.segment(at: .milliseconds(3999)) == 0)
        #expect(plan.segment(at: .seconds(4)) == 1)
        #expect(plan.segment(at: .seconds(400)) == 2)
        #expect(plan.segment(at: .seconds(-1)) == 0)
        #expect(SegmentPlan(Self.constant(0, gop: nil)).segment(at: .zero) == nil)
    }

    @Test("Only closed keyframes count")
    func closedKeyframes() throws {
        // Decoding order: I0 P3 B1 B2 | I6 B4 B5 (open: B4 and B5 lean on P3) | I7 P8.
        let shown: [Int32] = [0, 3, 1, 2, 6, 4, 5, 7, 8]
        let syncs = [0, 4, 7]
        let movie = SyntheticMovie(
            frames: shown.enumerated().map { index, time in
                .init(duration: 1, offset: time - Int32(index), size: 1, isSync: syncs.contains(index))
            })
        let track = try #require(try TestMedia.movie(movie.bytes()).tracks.first)
        let frames = try #require(track.frames(movieTimescale: 1000))
        #expect(frames.frames.times == Array(0...8))
        #expect(frames.frames.keyframes == [0, 7])
        #expect(!frames.isCutInside)
    }

    @Test(
        "Edits that cut between keyframes cannot be copied",
        arguments: [
            ([(9, 0)], false, 9, 0), ([(7, 2)], true, 7, 0), ([(4, 5)], false, 4, 0), ([(3, -1), (4, 5)], false, 4, 3),
            ([(5, 0)], false, 5, 0),
        ] as [([(duration: UInt32, time: Int32)], Bool, Int, Int64)])
    func edits(edits: [(duration: UInt32, time: Int32)], isCut: Bool, count: Int, start: Int64) throws {
        let movie = SyntheticMovie(
            frames: (0..<9).map { .init(duration: 1, size: 1, isSync: $0 % 5 == 0) }, edits: edits)
        let track = try #require(try TestMedia.movie(movie.bytes()).tracks.first)
        let frames = try #require(track.frames(movieTimescale: 1000))
        #expect(frames.isCutInside == isCut)
        #expect(frames.frames.start == start)
        #expect(frames.frames.count == count)
    }
}
