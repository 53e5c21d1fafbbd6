import FoundationEssentials
import Media
import Testing

@testable import Encoding
@testable import TestSupport

@Suite("What is needed of a source that lies elsewhere")
struct SourceRangesTests {
    /// A film of 100 s, and its name.
    static let films: [(String, String, [String])] = [
        // Tables behind the media, an edit list, frames that are not in order.
        ("plain.mp4", "640x360", ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "3", "-g", "250", "-c:a", "aac"]),
        // Tables first, keyframes that are not closed, sound without a table of ours.
        (
            "open.mov", "320x180",
            ["-c:v", "libx264", "-preset", "veryfast", "-x264-params", "open-gop=1:keyint=100:bframes=3"]
                + ["-c:a", "pcm_s16le", "-movflags", "+faststart"]
        ),
        ("old.mp4", "320x180", ["-c:v", "mpeg4", "-bf", "2", "-g", "60", "-c:a", "aac"]),
    ]

    @Test("From its parts ffmpeg makes bit for bit what it makes from the whole", arguments: films.indices)
    func identical(film: Int) async throws {
        let (name, size, options) = Self.films[film]
        try await Studio.with(isWorking: false) { studio in
            let path = try await TestMedia.film(name, in: studio, size: size, seconds: 100, options)
            let facts = try await studio.inspect(path: path)
            var planned: PlannedVideo?
            try PlanFromMovie(path: path, facts: facts, limits: InspectionLimits()).perform { planned = $0.planned }
            let plan = try #require(planned).plan
            let whole = try Data(contentsOf: URL(fileURLWithPath: path))
            for chunk in [plan.chunkStarts.count / 2, plan.chunkStarts.count - 1] {
                let segments = plan.segments(ofChunk: chunk)
                let (parts, needed) = try parts(of: whole, "\(studio.folder)/parts-\(chunk)", facts, plan, segments)
                #expect(needed < whole.count * 3 / 4, "\(needed) of \(whole.count)")
                let step = try #require(plan.steps.last { !$0.isCopy })
                var made: [Data] = []
                for source in [path, parts] {
                    let folder = "\(studio.folder)/made-\(chunk)-\(made.count)"
                    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                    var command = EncodeCommand(
                        source: source, video: try #require(facts.video), plan: plan, segments: segments, steps: [step],
                        folder: folder,
                        // With more its output is not always the same.
                        threads: 1)
                    command.showsSeam = true
                    let result = try await studio.workers.workshop.tool.run(
                        .ffmpeg, command.arguments, reads: [source], writes: folder, effort: .viewer)
                    #expect(!Workshop.complains(result.words), "\(result.words)")
                    made.append(try Data(contentsOf: URL(fileURLWithPath: command.file(step))))
                    made[made.count - 1] += try Data(contentsOf: URL(fileURLWithPath: ChunkSeam.path(in: folder)))
                }
                #expect(made[0] == made[1])
            }
        }
    }

    /// A file that has nothing of a film but what is asked for, and how many bytes that are.
    func parts(
        of whole: Data, _ path: String, _ facts: MediaFacts, _ plan: EncodingPlan, _ segments: Range<Int>
    ) throws -> (String, Int) {
        var filled = RangeSet<Int>()
        func fill(_ ranges: RangeSet<Int>) throws {
            filled.formUnion(ranges)
            var bytes = Data(count: whole.count)
            for range in filled.ranges { bytes.replaceSubrange(range, with: whole[range]) }
            try bytes.write(to: URL(fileURLWithPath: path))
        }
        try fill(RangeSet())
        let all = plan.segments.segments[segments]
        for _ in 0..<20 {
            var answer = FindSourceRanges.Answer.unknown
            try FindSourceRanges(
                path: path, filled: Array(filled.ranges), videoIndex: try #require(facts.video).index,
                start: try #require(all.first).start.seconds, end: try #require(all.last).end.seconds
            ).perform { answer = $0 }
            switch answer {
            case .missing(let range): try fill(RangeSet(range))
            case .found(let ranges):
                try fill(RangeSet(ranges))
                return (path, filled.ranges.reduce(0) { $0 + $1.count })
            case .unknown: throw Studio.Failure(description: "the ranges are not known")
            }
        }
        throw Studio.Failure(description: "it asks for ever more")
    }

    @Test("Of what has no tables nothing is said")
    func unknown() async throws {
        try await Studio.with(isWorking: false) { studio in
            let path = try await TestMedia.film(
                "film.mp4", in: studio, ["-c:v", "libx264", "-c:a", "aac", "-movflags", "+frag_keyframe+empty_moov"])
            let size = try Data(contentsOf: URL(fileURLWithPath: path)).count
            var answer: FindSourceRanges.Answer?
            try FindSourceRanges(path: path, filled: [0..<size], videoIndex: 0, start: 0, end: 4).perform {
                answer = $0
            }
            guard case .unknown = answer else { return #expect(Bool(false), "\(String(describing: answer))") }
        }
    }
}
