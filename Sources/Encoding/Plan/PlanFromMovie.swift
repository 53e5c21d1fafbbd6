import Media
import Reactor

/// Plans an MP4 or QuickTime file from its own sample tables, without reading its media.
struct PlanFromMovie: ConfinedWork {
    struct Answer: Codable, Sendable {
        /// Nil where only ffprobe can tell the frame times.
        var planned: PlannedVideo?
    }

    var path: String
    var facts: MediaFacts
    var limits: InspectionLimits

    func perform(_ answer: (Answer) throws -> Void) throws {
        let file = try OpenFile(path: path)
        guard let movie = try? MovieReader.movie(byteCount: file.byteCount, read: file.read),
            let plan = try MoviePlanner(facts: facts, movie: movie, file: file, limits: limits).plan()
        else { return try answer(Answer()) }
        var planned = PlannedVideo(plan: plan)
        if plan.copying == .direct {
            let source = try CopySource(path: path, plan: plan, videoIndex: facts.video.index)
            planned.copiedBandwidth = source.plannedBandwidth
        }
        try answer(Answer(planned: planned))
    }
}

/// The decisions for an MP4 or QuickTime file.
struct MoviePlanner {
    let facts: MediaFacts
    let movie: Movie
    let file: OpenFile
    let limits: InspectionLimits

    /// Nil where only ffprobe can tell the frame times.
    func plan() throws -> EncodingPlan? {
        guard let track = videoTrack, !track.changesFormat, let shown = track.frames(movieTimescale: movie.timescale),
            shown.frames.areDistinct, facts.video.timeBase == Ratio(1, Int(track.timescale)),
            facts.video.start.map({ $0 == shown.frames.start }) ?? true,
            Planning.areKeyframesPlausible(shown.frames.keyframes.count, of: shown.frames.count, facts.video)
        else { return nil }
        try shown.frames.check(limits)
        let segments = SegmentPlan(shown.frames)
        guard !segments.segments.isEmpty else { return nil }
        let isCopied = canCopy(track, shown, segments)
        let rate = Planning.frameRate(shown.frames, facts.video)
        return EncodingPlan(
            segments: segments,
            source: EncodingPlan.SourceClock(timeBase: facts.video.timeBase, start: shown.frames.start, factor: 1),
            steps: Planning.steps(facts.video, frameRate: rate, isCopied: isCopied),
            copying: isCopied ? .direct : nil, audio: try audio(segments, origin: shown.origin),
            chunkStarts: EncodingPlan.chunkStarts(segments, target: Planning.chunkSeconds))
    }

    private var videoTrack: Track? { track(facts.video.index).flatMap { $0.video == nil ? nil : $0 } }

    private func track(_ index: Int) -> Track? { movie.tracks.indices.contains(index) ? movie.tracks[index] : nil }

    private func canCopy(_ track: Track, _ shown: TrackFrames, _ segments: SegmentPlan) -> Bool {
        guard StandardSource.obstacles(video: track, frames: shown).isEmpty, segments.followsKeyframes,
            facts.video.rotation == 0, case .avc(let configuration)? = track.video?.codec
        else { return false }
        return startsWithPictures(track, shown, segments, configuration)
    }

    /// Sync samples that are no IDR pictures exist; a segment must not begin with one.
    private func startsWithPictures(
        _ track: Track, _ shown: TrackFrames, _ segments: SegmentPlan, _ configuration: AVCConfiguration
    ) -> Bool {
        var starts = segments.segments.map { $0.start.ticks(at: track.timescale) }[...]
        for sample in track.samples.samples(shown.samples) where sample.isSync {
            guard let next = starts.first else { break }
            guard sample.presentationTime.addingSaturated(shown.offset) == next else { continue }
            starts.removeFirst()
            guard let bytes = try? file.read(sample.byteRange), configuration.isIDR(bytes) else { return false }
        }
        return starts.isEmpty
    }

    private func audio(_ segments: SegmentPlan, origin: MediaTime) throws -> AudioPlan? {
        guard let main = facts.mainAudio else { return nil }
        return try copiedAudio(main, segments, origin: origin) ?? .encoded(main, segments: segments, origin: origin)
    }

    /// AAC that lasts as long as the picture is cut as it is.
    private func copiedAudio(_ main: AudioFacts, _ segments: SegmentPlan, origin: MediaTime) -> AudioPlan? {
        guard let track = track(main.index), let format = track.audio, let codecs = format.codecString,
            StandardSource.obstacles(audio: track, movieTimescale: movie.timescale).isEmpty,
            case .aac(let configuration) = format.codec,
            track.timescale == UInt32(clamping: configuration.sampleRate), main.channelCount <= 6,
            let cut = AudioCut(track, movieTimescale: movie.timescale, origin: origin),
            cut.decodeTime <= Int64(track.timescale) / 20
        else { return nil }
        let parts = cut.segments(of: segments, in: track)
        guard parts.allSatisfy({ !$0.samples.isEmpty }) else { return nil }
        return AudioPlan(
            making: .copy, streamIndex: main.index, sampleRate: Int(track.timescale), channelCount: main.channelCount,
            language: main.language, codecs: codecs, segmentDurations: parts.map(\.duration))
    }
}
