import Media

/// Everything that is decided about a video before the first frame is encoded. Kept as JSON in the encoding's row.
struct EncodingPlan: Sendable, Hashable, Codable {
    /// Where the plan's time 0 lies on the source's clock, as ffmpeg counts it.
    struct SourceClock: Sendable, Hashable, Codable {
        var timeBase: Ratio
        /// Of the first frame, in ticks of `timeBase`.
        var start: Int64
        /// Ticks of the plan in one tick of the source.
        var factor: Int64

        /// A time of the plan on the source's clock. Boundaries are frames' times, so the division is exact.
        func ticks(_ planTicks: Int64) -> Int64 { start.addingSaturated(planTicks / max(1, factor)) }

        func seconds(_ ticks: Int64) -> Double { Double(ticks) * timeBase.value }

        var startSeconds: Double { seconds(start) }
    }

    /// How the source's samples become segments without encoding.
    enum Copying: String, Sendable, Hashable, Codable {
        /// Straight from the original's sample tables.
        case direct
        /// From a temporary MP4 that ffmpeg makes with `-c copy`.
        case viaMovie
    }

    var segments: SegmentPlan
    var source: SourceClock
    /// The best first; none where there is only sound.
    var steps: [LadderStep]
    var copying: Copying?
    /// What viewers hear comes first.
    var audio: [AudioPlan] = []
    /// What of the original's subtitles can be shown.
    var captions: [CaptionsPlan] = []
    /// First segments of the chunks that are encoded together, ascending from 0.
    var chunkStarts: [Int]
    /// More segments follow.
    var isGrowing = false

    /// Of what is longest, picture or sound.
    var duration: MediaTime { audio.reduce(segments.duration) { max($0, $1.duration) } }

    func segments(ofChunk chunk: Int) -> Range<Int> {
        Self.range(chunkStarts, chunk, count: segments.segments.count)
    }

    func chunk(ofSegment segment: Int) -> Int { Self.position(chunkStarts, segment) }

    /// The tasks of kind `.audio`: all chunks of one track, then those of the next.
    var soundChunks: [(audio: AudioPlan, chunk: Int)] {
        audio.flatMap { audio in audio.chunkStarts.indices.map { (audio, $0) } }
    }

    func step(named name: String) -> LadderStep? { steps.first { $0.name == name } }

    /// The renditions of a plan that follows another have other names: what players have of the ones before stays what it is.
    /// 1 for the first plan, whose names have no number.
    var round: Int {
        let name = steps.first?.name ?? audio.first?.name ?? ""
        return name.split(separator: "-").dropFirst().first.flatMap { Int($0) } ?? 1
    }

    /// The same with the names of another round.
    func named(inRound round: Int) -> EncodingPlan {
        func renamed(_ name: String) -> String {
            let stem = String(name.prefix { $0 != "-" })
            return round > 1 ? "\(stem)-\(round)" : stem
        }
        var plan = self
        for position in steps.indices { plan.steps[position].name = renamed(steps[position].name) }
        for position in audio.indices { plan.audio[position].name = renamed(audio[position].name) }
        return plan
    }

    static func range(_ starts: [Int], _ chunk: Int, count: Int) -> Range<Int> {
        guard starts.indices.contains(chunk) else { return 0..<0 }
        return starts[chunk]..<(chunk + 1 < starts.count ? starts[chunk + 1] : count)
    }

    static func position(_ starts: [Int], _ segment: Int) -> Int {
        max(0, (starts.firstIndex { $0 > segment } ?? starts.count) - 1)
    }

    /// Groups segments to chunks of about `target` seconds; the first chunk is one segment, to be there soon.
    static func chunkStarts(_ segments: SegmentPlan, target: Double, first: Int = 1) -> [Int] {
        var starts: [Int] = []
        var start: Double = 0
        for (number, segment) in segments.segments.enumerated() {
            // bound: floating point
            if number == 0 || number == first || (number > first && segment.end.seconds - start > target * 1.1) {
                starts.append(number)
                start = segment.start.seconds
            }
        }
        return starts
    }
}

/// A sound track, which goes with all renditions of the picture.
struct AudioPlan: Sendable, Hashable, Codable {

    enum Making: Sendable, Hashable, Codable {
        /// The source's AAC samples, cut with the picture's samples.
        case copy
        /// Encoded in chunks that begin at these segments.
        case encode(chunkStarts: [Int])
    }

    /// The folder and the part of the URL.
    var name = AudioPlan.name(0)
    var making: Making
    /// Position of the stream in the source.
    var streamIndex: Int
    /// Also the timescale of the track.
    var sampleRate: Int
    var channelCount: Int
    var label = TrackLabel()
    var codecs: String
    /// Exact, in samples; one for each segment.
    var segmentDurations: [Int64]

    var chunkStarts: [Int] {
        if case .encode(let starts) = making { starts } else { [] }
    }

    var duration: MediaTime {
        MediaTime(ticks: segmentDurations.reduce(0) { $0.addingSaturated($1) }, timescale: UInt32(clamping: sampleRate))
    }

    func segmentDuration(_ number: Int) -> MediaTime {
        MediaTime(ticks: segmentDurations[number], timescale: UInt32(clamping: sampleRate))
    }

    func chunk(ofSegment segment: Int) -> Int { EncodingPlan.position(chunkStarts, segment) }

    func segments(ofChunk chunk: Int) -> Range<Int> {
        EncodingPlan.range(chunkStarts, chunk, count: segmentDurations.count)
    }
}

extension AudioPlan {
    /// Of the track at a position of the plan's.
    static func name(_ position: Int) -> String { position == 0 ? "audio" : "audio\(position)" }

    static let frameLength = 1024
    /// In seconds, after the last picture: a player that waits for one waits no longer.
    static let longestRest = 10.0

    /// Sound that is encoded: whole AAC frames from 0 to behind the last picture, or as long as it goes on after that,
    /// each in the segment in which its middle is heard.
    /// - Parameter origin: of the first picture, on the file's clock.
    static func encoded(_ facts: AudioFacts, segments: SegmentPlan, origin: MediaTime) throws(Unplannable) -> AudioPlan
    {
        let rest = facts.end.map { $0 - origin.seconds - segments.duration.seconds } ?? 0
        guard rest < longestRest else { throw Unplannable(detail: "the sound goes on for \(rest) s after the picture") }
        // bound: times add without overflow
        let last = segments.duration + MediaTime(seconds: max(0, rest), timescale: 1_000_000)
        let rate = encodedRate(facts)
        var frame: Int64 = 0
        var durations: [Int64] = []
        for segment in segments.segments {
            let isLast = segment.end == segments.duration
            let end = (isLast ? last : segment.end).ticks(at: UInt32(rate))
            // bound: frames were held to the limits, so that this is a day of samples at most
            let next = max(frame + 1, (end + Int64(frameLength) / 2) / Int64(frameLength))
            durations.append((next - frame) * Int64(frameLength))
            frame = next
        }
        return AudioPlan(
            making: .encode(chunkStarts: EncodingPlan.chunkStarts(segments, target: 64, first: 2)),
            streamIndex: facts.index, sampleRate: rate, channelCount: min(2, facts.channelCount),
            label: facts.label, codecs: "mp4a.40.2", segmentDurations: durations)
    }

    /// Samples a second.
    static func encodedRate(_ facts: AudioFacts) -> Int {
        facts.sampleRate == 44_100 || facts.sampleRate == 22_050 ? 44_100 : 48_000
    }

    /// Positions in the whole sound of the AAC frames of a chunk's segments.
    func frames(of segments: Range<Int>) -> Range<Int> {
        let before = segmentDurations[..<segments.lowerBound].reduce(0, +)
        let length = segmentDurations[segments].reduce(0, +)
        let start = Int(before) / Self.frameLength
        // bound: the durations of a plan that was checked
        return start..<start + Int(length) / Self.frameLength
    }
}
