import Media
import Reactor

/// Plans any other file from ffprobe's list of packets.
struct PlanFromPackets: ConfinedWork {
    /// The list, as `-of csv=p=0` writes it.
    var path: String
    var facts: MediaFacts
    var limits: InspectionLimits

    func perform(_ answer: (EncodingPlan) throws -> Void) throws {
        let file = try OpenFile(path: path)
        guard let video = facts.video else { throw Unplannable(detail: "sound alone has no frames") }
        var packets = PacketTimes(video: video.index, sounds: Set(facts.audio.map(\.index)))
        let piece = 1 << 20
        for start in stride(from: 0, to: file.byteCount, by: piece) {
            // bound: less than the file and a piece
            packets.append(try file.read(start..<min(start + piece, file.byteCount)))
            guard packets.times.count <= limits.frames else {
                throw Unplannable(.unsupportedFrameRate, detail: "more than \(limits.frames) frames")
            }
        }
        try answer(try PacketPlanner(facts: facts, video: video, packets: packets, limits: limits).plan())
    }
}

/// The decisions for a file whose container is not read here.
struct PacketPlanner {
    let facts: MediaFacts
    let video: VideoFacts
    let packets: PacketTimes
    let limits: InspectionLimits

    /// As long as they really are, without those that are announced and never come.
    private var sounds: [AudioFacts] {
        facts.sounds.compactMap { sound in
            guard let end = packets.soundEnds[sound.index] else { return nil }
            var sound = sound
            sound.end = Double(end) * sound.timeBase.value
            return sound
        }
    }

    func plan() throws -> EncodingPlan {
        guard !packets.times.isEmpty else { throw Unplannable(detail: "no frames") }
        let base = video.timeBase
        // Coarse clocks get finer ones: no player expects a timescale of 10.
        var scale = 1
        while base.denominator * scale < 10_000 { scale *= 2 }
        guard let timescale = UInt32(exactly: base.denominator * scale), timescale > 0 else {
            throw Unplannable(detail: "time base \(base)")
        }
        // Both are 31 bits at most, and the scale 14.
        let factor = Int64(base.numerator * scale)
        let frames = packets.frames(timescale: timescale, factor: factor)
        try frames.check(limits)
        try Planning.check(Planning.frameRate(frames, video), limits)
        // A container announces more than it holds where its inside is destroyed. Some count from their clock's 0.
        // bound: floating point
        let end = frames.duration.seconds + max(0, Double(frames.start) / Double(timescale))
        guard facts.duration < 4 || end > facts.duration / 4 else {
            throw Unplannable(detail: "only \(frames.duration.seconds) s of \(facts.duration) s can be read")
        }
        guard frames.areDistinct else { throw Unplannable(detail: "frames without times of their own") }
        // What comes before the first keyframe may not be shown, and guessed times are not those of the decoder.
        guard packets.startsWithKeyframe, !(packets.hasGuessedTimes && video.isReordered),
            Planning.areKeyframesPlausible(packets.keyframes.count, of: packets.times.count, video)
        else {
            throw Unplannable(detail: "only the decoder can tell which frames there are, and when")
        }
        let segments = SegmentPlan(frames)
        let rate = Planning.frameRate(frames, video)
        // A copy would bring those that are not shown along.
        let isCopied = Planning.isStandard(video) && segments.followsKeyframes && !packets.hasDiscarded
        let origin = MediaTime(ticks: frames.start, timescale: timescale)
        var audio = try sounds.map { try AudioPlan.encoded($0, segments: segments, origin: origin) }
        for position in audio.indices { audio[position].name = AudioPlan.name(position) }
        return EncodingPlan(
            segments: segments,
            source: EncodingPlan.SourceClock(timeBase: base, start: frames.start / factor, factor: factor),
            steps: Planning.steps(video, frameRate: rate, isCopied: isCopied),
            copying: isCopied ? .viaMovie : nil, audio: audio,
            chunkStarts: EncodingPlan.chunkStarts(segments, target: Planning.chunkSeconds))
    }
}
