import Media
import Reactor

/// Plans what is there of a mezzanine while the rest is still written.
struct PlanGrowing: ConfinedWork {
    struct Answer: Codable, Sendable {
        /// Of all that is there; nil as long as that is too little.
        var plan: EncodingPlan?
        /// So many of its segments stay as they are, whatever follows.
        var settledCount = 0
        /// Whole fragments of the file.
        var byteCount = 0
    }

    var path: String
    var facts: MediaFacts
    var limits: InspectionLimits

    func perform(_ answer: (Answer) throws -> Void) throws {
        let file = try OpenFile(path: path)
        let byteCount = try Self.wholeFragments(of: file)
        guard let movie = try? MovieReader.movie(byteCount: byteCount, read: file.read),
            let plan = try MoviePlanner(facts: facts, movie: movie, file: file, limits: limits).plan(),
            plan.copying == .direct || facts.video == nil, plan.audio.count == facts.audio.count,
            plan.audio.allSatisfy({ $0.making == .copy })
        else { return try answer(Answer()) }
        try answer(Answer(plan: plan, settledCount: plan.settledCount, byteCount: byteCount))
    }

    /// Where the last fragment ends whose media is there (ISO/IEC 14496-12 8.16).
    private static func wholeFragments(of file: OpenFile) throws -> Int {
        var (position, end) = (0, 0)
        // bound: the walk ends where the file does
        while file.byteCount - position >= 16 {
            let head = try file.read(position..<position + 16)
            func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
            let short = number(head[0..<4])
            // Sizes of 64 bits are read as 63, and an absurd one ends the walk.
            let size = short == 1 ? number(head[8..<16]) & .max : short
            // bound: the walk ends where the file does
            guard size >= 8, size <= file.byteCount - position else { break }
            position += size  // bound: inside the file
            if head[4..<8].elementsEqual("mdat".utf8) { end = position }
        }
        return end
    }
}

extension EncodingPlan {
    /// How many segments stay as they are when more is written behind what there is.
    fileprivate var settledCount: Int {
        // As far as a segment's end may move, and what the sound may come late.
        let horizon = SegmentPlan.Settings().maximum + .seconds(1)
        let heard = audio.map(\.duration).min() ?? segments.duration
        return segments.segments.prefix { segment in
            // bound: times add without overflow
            segment.start + horizon <= segments.duration && segment.end + .seconds(1) <= heard
        }.count
    }

    /// The first so many segments of the copied renditions, and the promise of more.
    func beginning(_ count: Int) -> EncodingPlan {
        var plan = self
        plan.segments = segments.prefix(count)
        plan.steps = Array(steps.prefix(1))
        for (position, audio) in audio.enumerated() {
            plan.audio[position].segmentDurations = Array(audio.segmentDurations.prefix(count))
        }
        plan.chunkStarts = chunkStarts.filter { $0 < count }
        plan.isGrowing = true
        return plan
    }

    /// Whether it goes on what was told of it when it was still growing.
    func continues(_ beginning: EncodingPlan) -> Bool {
        beginning.isGrowing && segments.segments.starts(with: beginning.segments.segments)
            && steps.first?.name == beginning.steps.first?.name && audio.map(\.name) == beginning.audio.map(\.name)
            && zip(audio, beginning.audio).allSatisfy { $0.segmentDurations.starts(with: $1.segmentDurations) }
    }
}
