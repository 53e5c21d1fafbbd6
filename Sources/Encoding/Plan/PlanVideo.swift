import Media
import Reactor

/// Decides how a video is cut and made: reads its frame times, fixes the segments, chooses what is copied.
struct PlanVideo: Sendable {
    /// A source cannot be planned: it has no frames that can be shown.
    struct Unplannable: Error, CustomStringConvertible {
        var description: String
    }

    let tool: MediaTool
    let pool: BlockingPool

    func callAsFunction(_ path: String, _ facts: MediaFacts) async throws -> EncodingPlan {
        if facts.isISOMedia {
            let draft = try await pool.run { () -> EncodingPlan? in
                let file = try OpenFile(path: path)
                guard let movie = try? MovieReader.movie(byteCount: file.byteCount, read: file.read) else { return nil }
                return MoviePlanner(facts: facts, movie: movie, file: file).plan()
            }
            if let draft { return draft }
        }
        return try await planFromPackets(path, facts)
    }

    private func planFromPackets(_ path: String, _ facts: MediaFacts) async throws -> EncodingPlan {
        let collector = PacketTimesCollector()
        let arguments =
            ["-v", "error", "-select_streams", "\(facts.video.index)", "-show_entries", PacketTimes.entries]
            + ["-of", "csv=p=0"] + MediaTool.input(path)
        var effort = MediaTool.Effort.background
        effort.maxOutputBytes = 1 << 30
        effort.niceness = 0
        _ = try await tool.run(.ffprobe, arguments, reads: [path], effort: effort) { collector.append($0) }
        return try await pool.run { try PacketPlanner(facts: facts, packets: collector.times).plan() }
    }
}

/// What both ways of planning share.
enum Planning {
    /// Longer chunks waste less of the machine, shorter ones make less wait: four segments are a good bargain.
    static let chunkSeconds = 16.0

    /// Frames a second as they really are, for frame dropping and rate limits.
    static func frameRate(_ frames: FrameTimes, _ facts: VideoFacts) -> Double {
        let seconds = frames.duration.seconds
        guard frames.count > 1, seconds > 0 else { return facts.averageFrameRate?.value ?? 25 }
        return Double(frames.count) / seconds
    }

    /// H.264, 8 bits, 4:2:0, progressive, upright, up to level 5.2: players show it as it is.
    static func isStandard(_ video: VideoFacts) -> Bool {
        video.codec == "h264" && ["yuv420p", "yuvj420p"].contains(video.pixelFormat) && video.bitDepth == 8
            && (video.level ?? 99) <= 52 && video.rotation == 0 && !video.isInterlaced
            && (video.pixelAspectRatio.map { $0.numerator == $0.denominator } ?? true) && !video.isHighDynamicRange
            && ["Baseline", "Constrained Baseline", "Main", "High", "Progressive High", "Constrained High"]
                .contains(video.profile)
    }

    static func steps(_ video: VideoFacts, frameRate: Double, isCopied: Bool) -> [LadderStep] {
        let steps = Ladder.steps(for: video, frameRate: frameRate)
        guard isCopied else { return steps }
        return [Ladder.copy(of: video, frameRate: frameRate)] + steps.dropFirst()
    }
}

/// Plans an MP4 or QuickTime file from its own sample tables, without reading its media.
struct MoviePlanner {
    let facts: MediaFacts
    let movie: Movie
    let file: OpenFile

    /// Nil where only ffprobe can tell the frame times.
    func plan() -> EncodingPlan? {
        guard let track = videoTrack, !track.changesFormat, let shown = track.frames(movieTimescale: movie.timescale),
            shown.frames.areDistinct, facts.video.timeBase == Ratio(1, Int(track.timescale)),
            facts.video.start.map({ $0 == shown.frames.start }) ?? true
        else { return nil }
        let segments = SegmentPlan(shown.frames)
        guard !segments.segments.isEmpty else { return nil }
        let isCopied = canCopy(track, shown, segments)
        let rate = Planning.frameRate(shown.frames, facts.video)
        return EncodingPlan(
            segments: segments,
            source: EncodingPlan.SourceClock(timeBase: facts.video.timeBase, start: shown.frames.start, factor: 1),
            steps: Planning.steps(facts.video, frameRate: rate, isCopied: isCopied),
            copying: isCopied ? .direct : nil, audio: audio(segments, origin: shown.origin),
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
            guard sample.presentationTime + shown.offset == next else { continue }
            starts.removeFirst()
            guard let bytes = try? file.read(sample.byteRange), configuration.isIDR(bytes) else { return false }
        }
        return starts.isEmpty
    }

    private func audio(_ segments: SegmentPlan, origin: MediaTime) -> AudioPlan? {
        guard let main = facts.mainAudio else { return nil }
        return copiedAudio(main, segments, origin: origin) ?? .encoded(main, segments: segments)
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

/// Plans any other file from ffprobe's list of packets.
struct PacketPlanner {
    let facts: MediaFacts
    let packets: PacketTimes

    func plan() throws -> EncodingPlan {
        guard !packets.times.isEmpty else { throw PlanVideo.Unplannable(description: "no frames") }
        let base = facts.video.timeBase
        // Coarse clocks get finer ones: no player expects a timescale of 10.
        var factor = 1
        while base.denominator * factor < 10_000 { factor *= 2 }
        guard let timescale = UInt32(exactly: base.denominator * factor), timescale > 0 else {
            throw PlanVideo.Unplannable(description: "time base \(base)")
        }
        let frames = packets.frames(timescale: timescale, factor: Int64(base.numerator * factor))
        // A container announces more than it holds where its inside is destroyed.
        guard facts.duration < 4 || frames.duration.seconds > facts.duration / 4 else {
            throw PlanVideo.Unplannable(
                description: "only \(frames.duration.seconds) s of \(facts.duration) s can be read")
        }
        guard frames.areDistinct else { return try steadyPlan(frames) }
        let segments = SegmentPlan(frames)
        let rate = Planning.frameRate(frames, facts.video)
        let isCopied = Planning.isStandard(facts.video) && segments.followsKeyframes
        return EncodingPlan(
            segments: segments,
            source: EncodingPlan.SourceClock(
                timeBase: base, start: frames.start / Int64(base.numerator * factor),
                factor: Int64(base.numerator * factor)),
            steps: Planning.steps(facts.video, frameRate: rate, isCopied: isCopied),
            copying: isCopied ? .viaMovie : nil, audio: facts.mainAudio.map { .encoded($0, segments: segments) },
            chunkStarts: EncodingPlan.chunkStarts(segments, target: Planning.chunkSeconds))
    }

    /// Frame times that repeat cannot be kept: frames are taken at the rate that the file states.
    private func steadyPlan(_ frames: FrameTimes) throws -> EncodingPlan {
        let rate = facts.video.averageFrameRate ?? Ratio(25, 1)
        let count = max(1, Int((frames.duration.seconds * rate.value).rounded()))
        guard count < 20_000_000, let timescale = UInt32(exactly: rate.numerator) else {
            throw PlanVideo.Unplannable(description: "frame rate \(rate)")
        }
        let steady = FrameTimes(
            timescale: timescale, times: (0..<count).map { Int64($0 * rate.denominator) }, keyframes: [])
        let segments = SegmentPlan(steady)
        let base = facts.video.timeBase
        let sourceStart = MediaTime.rescale(
            frames.start, from: frames.timescale, to: UInt32(clamping: base.denominator))
        return EncodingPlan(
            segments: segments,
            source: EncodingPlan.SourceClock(
                timeBase: base, start: sourceStart / Int64(max(1, base.numerator)), factor: 1, steadyRate: rate),
            steps: Planning.steps(facts.video, frameRate: rate.value, isCopied: false), copying: nil,
            audio: facts.mainAudio.map { .encoded($0, segments: segments) },
            chunkStarts: EncodingPlan.chunkStarts(segments, target: Planning.chunkSeconds))
    }
}
