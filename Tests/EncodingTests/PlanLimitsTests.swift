import FoundationEssentials
import Media
import Testing

@testable import Encoding

@Suite("What was measured is held to the limits")
struct PlanLimitsTests {
    static func facts(duration: Double = 12, sound: Bool = true) -> MediaFacts {
        let audio = AudioFacts(
            index: 1, codec: "mp3", profile: nil, sampleRate: 48_000, channelCount: 2, isDefault: true,
            timeBase: Ratio(1, 48_000))
        return MediaFacts(
            container: "matroska,webm", byteCount: 1, duration: duration, video: LadderTests.video(320, 180),
            audio: sound ? [audio] : [])
    }

    /// - Parameter isHeard: the sound that is announced comes, from the first picture on.
    static func plan(
        _ list: String, limits: InspectionLimits = InspectionLimits(), isHeard: Bool = true
    ) throws -> EncodingPlan {
        var packets = PacketTimes(video: 0, sounds: [1])
        packets.append(Array(list.split(separator: "\n").map { "0,\($0)\n" }.joined().utf8))
        let start = list.split(separator: ",").first.flatMap { Int64($0) } ?? 0
        if isHeard { packets.append(Array("1,\(start.multipliedSaturated(by: 48)),N/A,576000,K__\n".utf8)) }
        return try PacketPlanner(
            facts: facts(), video: LadderTests.video(320, 180), packets: packets, limits: limits
        ).plan()
    }

    @Test("Sound that is announced and never comes is not waited for")
    func silence() throws {
        #expect(try Self.plan(Self.good).audio.count == 1)
        #expect(try Self.plan(Self.good, isHeard: false).audio.isEmpty)
    }

    static let good = (0..<300).map { "\($0 * 40),\($0 * 40),40,\($0 % 50 == 0 ? "K__" : "___")\n" }.joined()

    @Test(
        "A packet at an absurd time makes a film too long, whatever the film states",
        arguments: [
            "288230376151711744", "1152921504606846975", "-288230376151711744", "-1152921504606846975", "86400001",
        ])
    func absurdTimes(time: String) throws {
        #expect(try Self.plan(Self.good).segments.frameCount == 300)
        let refusal = #expect(throws: Unplannable.self) { try Self.plan(Self.good + "\(time),\(time),40,___\n") }
        #expect(refusal?.code == .unsupportedDuration)
    }

    @Test("An absurd duration of the last packet is refused as well")
    func absurdDuration() {
        let refusal = #expect(throws: Unplannable.self) {
            try Self.plan(Self.good + "12000,12000,9223372036854775807,___\n")
        }
        #expect(refusal?.code == .unsupportedDuration)
    }

    @Test("A film may begin at any clock that people have, and not beyond", arguments: [1_700_000_000_000, -90_000])
    func starts(milliseconds: Int) throws {
        func list(_ start: Int) -> String { (0..<300).map { "\(start + $0 * 40),N/A,40,K__\n" }.joined() }
        let plan = try Self.plan(list(milliseconds))
        #expect(plan.source.startSeconds == Double(milliseconds) / 1000)
        let refusal = #expect(throws: Unplannable.self) { try Self.plan(list(1 << 58)) }
        #expect(refusal?.code == .corruptFile)
    }

    @Test("More frames than the limit are refused")
    func frames() {
        var limits = InspectionLimits()
        limits.frames = 299
        let refusal = #expect(throws: Unplannable.self) { try Self.plan(Self.good, limits: limits) }
        #expect(refusal?.code == .unsupportedFrameRate)
    }

    @Test("Every command of a plan at the limits can be written", arguments: [0, 1, 2])
    func commands(position: Int) throws {
        let start: Int64 = [100_000_000_000_000, -100_000_000_000_000, 0][position]
        let step: Int64 = 3_600_000
        let list = (0..<24).map { "\(start + Int64($0) * step),N/A,40,\($0 == 0 ? "K" : "_")__\n" }.joined()
        let plan = try Self.plan(list)
        try plan.check(InspectionLimits())
        let facts = Self.facts()
        for number in plan.segments.segments.indices {
            let range = number..<number + 1
            let picture = EncodeCommand(
                source: "/a", video: try #require(facts.video), plan: plan, segments: range, steps: plan.steps,
                folder: "/b",
                threads: 1)
            #expect(picture.arguments.contains("-filter_complex"))
            let sound = AudioCommand(
                source: "/a", facts: facts.audio[0], audio: try #require(plan.audio.first), plan: plan, segments: range,
                file: "/b/a")
            #expect(sound.arguments.contains("-filter_complex"))
        }
        #expect(Workshop.storyboard(plan).count <= 100)
    }

    private static let broken: [@Sendable (inout EncodingPlan) -> Void] = [
        { $0.chunkStarts = [] },
        { $0.chunkStarts = [1] },
        { $0.chunkStarts = [0, 2, 2] },
        { $0.chunkStarts = [0, .max] },
        { $0.source.start = .max },
        { $0.source.factor = 0 },
        { $0.source.timeBase.numerator = .max },
        { $0.source.timeBase.denominator = 0 },
        { $0.steps[0].size.width = .max },
        { $0.steps[0].frameDivisor = 0 },
        { $0.steps[0].cap = .max },
        { $0.steps[0].name = "../../x" },
        { $0.steps[0].frameRate = .infinity },
        { $0.audio[0].sampleRate = 0 },
        { $0.audio[0].sampleRate = .max },
        { $0.audio[0].segmentDurations[0] = .max },
        { $0.audio[0].segmentDurations[0] = -1 },
        { $0.audio[0].segmentDurations.removeLast() },
        { $0.audio[0].making = .encode(chunkStarts: [5]) },
        { $0.audio[0].name = "../audio" },
        { $0.audio = [$0.audio[0], $0.audio[0]] },
        { $0.audio = Array(repeating: $0.audio[0], count: 65) },
        { ($0.steps, $0.audio) = ([], []) },
    ]

    @Test("A plan that contradicts itself is not worked with", arguments: broken.indices)
    func contradictions(position: Int) throws {
        var plan = try Self.plan(Self.good)
        try plan.check(InspectionLimits())
        Self.broken[position](&plan)
        #expect(throws: Unplannable.self) { try plan.check(InspectionLimits()) }
    }

    @Test("Segments that leave a hole in time are not worked with")
    func hole() throws {
        let plan = try Self.plan(Self.good)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let text = String(decoding: try encoder.encode(plan), as: UTF8.self)
        let start = plan.segments.segments[1].start
        let (whole, broken) = (#""start":{"ticks":\#(start.ticks),"#, #""start":{"ticks":\#(start.ticks + 1),"#)
        try #require(text.contains(whole))
        let holed = try JSONDecoder().decode(
            EncodingPlan.self, from: Data(text.replacing(whole, with: broken).utf8))
        #expect(throws: Unplannable.self) { try holed.check(InspectionLimits()) }
    }

    @Test(
        "Sizes, rates and turns that no file has end as a refusal",
        arguments: [
            #""width":4096,"height":2160,"sample_aspect_ratio":"2147483647:1""#,
            #""width":9223372036854775807,"height":9223372036854775807"#,
            #""width":320,"height":180,"nb_frames":"9","avg_frame_rate":"2147483647/1""#,
            #""width":0,"height":-5"#,
        ])
    func statedSizes(fields: String) async throws {
        try await Studio.with(isWorking: false) { studio in
            let report = #"{"streams":[{"index":0,"codec_type":"video","codec_name":"h264",\#(fields)}]}"#
            let work = JudgeProbe(path: TestMedia.bikes, probe: .report(report), limits: InspectionLimits())
            let reader = studio.workers.workshop.reader
            await #expect(throws: InspectionError.self) {
                _ = try await reader.run(work, reads: [TestMedia.bikes], effort: .inspection)
            }
        }
    }
}
