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
            let source = try CopySource(path: path, plan: plan, videoIndex: facts.video?.index)
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
        guard let video = facts.video else { return try planSound() }
        guard let track = track(video.index), track.video != nil, !track.changesFormat,
            let shown = track.frames(movieTimescale: movie.timescale),
            shown.frames.areDistinct, video.timeBase == Ratio(1, Int(track.timescale)),
            video.start.map({ $0 == shown.frames.start }) ?? true,
            Planning.areKeyframesPlausible(shown.frames.keyframes.count, of: shown.frames.count, video)
        else { return nil }
        try shown.frames.check(limits)
        let segments = SegmentPlan(shown.frames)
        guard !segments.segments.isEmpty else { return nil }
        let isCopied = video.rotation == 0 && canCopy(track, shown, segments)
        let rate = Planning.frameRate(shown.frames, video)
        return EncodingPlan(
            segments: segments,
            source: EncodingPlan.SourceClock(timeBase: video.timeBase, start: shown.frames.start, factor: 1),
            steps: Planning.steps(video, frameRate: rate, isCopied: isCopied),
            copying: isCopied ? .direct : nil, audio: try audio(segments, origin: shown.origin),
            chunkStarts: EncodingPlan.chunkStarts(segments, target: Planning.chunkSeconds))
    }

    /// Sound alone is cut like a picture with as many frames, from its own beginning.
    private func planSound() throws -> EncodingPlan? {
        guard let main = facts.mainAudio, let track = track(main.index), track.audio != nil,
            let frames = AudioCut.frames(of: track, movieTimescale: movie.timescale)
        else { return nil }
        try frames.check(limits)
        let segments = SegmentPlan(frames)
        let audio = try audio(segments, origin: MediaTime(ticks: frames.start, timescale: frames.timescale))
        guard !segments.segments.isEmpty, audio.first?.making == .copy else { return nil }
        return EncodingPlan(
            segments: segments,
            source: EncodingPlan.SourceClock(
                timeBase: Ratio(1, Int(track.timescale)), start: frames.start, factor: 1),
            steps: [], audio: audio, chunkStarts: EncodingPlan.chunkStarts(segments, target: Planning.chunkSeconds))
    }

    private func track(_ index: Int) -> Track? { movie.tracks.indices.contains(index) ? movie.tracks[index] : nil }

    private func canCopy(_ track: Track, _ shown: TrackFrames, _ segments: SegmentPlan) -> Bool {
        guard StandardSource.obstacles(video: track, frames: shown).isEmpty, segments.followsKeyframes,
            case .avc(let configuration)? = track.video?.codec
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

    private func audio(_ segments: SegmentPlan, origin: MediaTime) throws -> [AudioPlan] {
        try facts.sounds.enumerated().map { position, sound in
            var plan =
                try copiedAudio(sound, segments, origin: origin)
                ?? .encoded(sound, segments: segments, origin: origin)
            plan.name = AudioPlan.name(position)
            return plan
        }
    }

    /// AAC that lasts as long as the picture is cut as it is.
    private func copiedAudio(_ sound: AudioFacts, _ segments: SegmentPlan, origin: MediaTime) -> AudioPlan? {
        guard let track = track(sound.index), let format = track.audio, let codecs = format.codecString,
            StandardSource.obstacles(audio: track, movieTimescale: movie.timescale).isEmpty,
            case .aac(let configuration) = format.codec,
            track.timescale == UInt32(clamping: configuration.sampleRate), sound.channelCount <= 6,
            let cut = AudioCut(track, movieTimescale: movie.timescale, origin: origin),
            cut.decodeTime <= Int64(track.timescale) / 20
        else { return nil }
        let parts = cut.segments(of: segments, in: track)
        guard parts.allSatisfy({ !$0.samples.isEmpty }) else { return nil }
        return AudioPlan(
            making: .copy, streamIndex: sound.index, sampleRate: Int(track.timescale),
            channelCount: sound.channelCount, label: sound.label, codecs: codecs,
            segmentDurations: parts.map(\.duration))
    }
}
