import BoxMutation
import FoundationEssentials
import Media

@testable import Encoding

/// From what ffprobe and the tables of a file say to a plan, and from the plan to commands and segments.
///
/// The input is a movie file with two boxes of the fuzzer's own, in any place: `fact`, the numbers of ffprobe's report,
/// and `pkts`, the packets that ffprobe lists.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPlan(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = PlanInput(Array(UnsafeBufferPointer(start: start, count: count)))
    do { try exercise(input) } catch {}
    return 0
}

/// Small, so that no input takes long.
private let limits: InspectionLimits = {
    var limits = InspectionLimits()
    limits.frames = 20_000
    return limits
}()

private let movie = MemoryFile()
private let list = MemoryFile()

private func exercise(_ input: PlanInput) throws {
    movie.hold(input.movie)
    list.hold(Array(input.packetList.utf8))
    var found: MediaFacts?
    try JudgeProbe(path: movie.path, probe: .report(input.report), limits: limits).perform { found = $0 }
    guard let facts = found else { return }
    if facts.isISOMedia {
        try? PlanFromMovie(path: movie.path, facts: facts, limits: limits).perform { answer in
            if let planned = answer.planned { try use(planned.plan, facts) }
        }
    }
    try PlanFromPackets(path: list.path, facts: facts, limits: limits).perform { try use($0, facts) }
}

/// What the server does with a plan that came from another process.
private func use(_ sent: EncodingPlan, _ facts: MediaFacts) throws {
    let plan = try JSONDecoder().decode(EncodingPlan.self, from: try JSONEncoder().encode(sent))
    try plan.check(limits)
    let chunks = plan.chunkStarts.indices
    for chunk in Set([chunks.first, chunks.last, chunks.count / 2].compactMap { $0 }) {
        let segments = plan.segments(ofChunk: chunk)
        guard !segments.isEmpty, let video = facts.video, !plan.steps.isEmpty else { continue }
        let command = EncodeCommand(
            source: movie.path, video: video, plan: plan, segments: segments, steps: plan.steps, folder: "/tmp",
            threads: 1)
        precondition(!command.arguments.isEmpty)
    }
    for (audio, main) in zip(plan.audio, facts.sounds) where audio.making != .copy {
        let chunks = audio.chunkStarts.indices
        for chunk in Set([chunks.first, chunks.last].compactMap { $0 }) {
            let segments = audio.segments(ofChunk: chunk)
            guard !segments.isEmpty else { continue }
            let command = AudioCommand(
                source: movie.path, facts: main, audio: audio, plan: plan, segments: segments, file: "/tmp/a.mp4")
            precondition(!command.arguments.isEmpty && command.keptFrames.lowerBound > 0)
        }
    }
    if let size = facts.video?.displaySize {
        let board = Storyboard(duration: plan.segments.duration, width: size.width, height: size.height)
        precondition((1...100).contains(board.count))
    }
    if !plan.copiedRenditions.isEmpty { try copy(plan, facts) }
}

private func copy(_ plan: EncodingPlan, _ facts: MediaFacts) throws {
    let source = try CopySource(path: movie.path, plan: plan, videoIndex: facts.video?.index)
    for number in plan.segments.segments.indices.prefix(20) {
        if plan.copying == .direct { _ = try source.videoSegment(number, cipher: SegmentCipher(key: nil)) }
        for audio in plan.audio where audio.making == .copy {
            _ = try source.audioSegment(audio.name, number, cipher: SegmentCipher(key: nil))
        }
    }
}
