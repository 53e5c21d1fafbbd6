import Media
import Reactor

/// Makes segments of a standard source straight from its samples, one at a time and in any order: what a segment
/// needs is known before a byte of media is read, and no more than one segment is in memory.
struct CopySource: Sendable {
    let plan: EncodingPlan
    private let file: OpenFile
    private let video: Track
    private let shown: TrackFrames
    /// The first sample of each segment; one more at the end.
    private let videoStarts: [Int]
    private let audio: (track: Track, parts: [AudioCut.Segment])?
    let initSegments: [String: [UInt8]]
    /// Of each segment, in the clear and without its head: enough to tell the bandwidth before anything is made.
    private let payloads: [Int]

    /// Blocks.
    init(path: String, plan: EncodingPlan, videoIndex: Int, byteCount: Int? = nil) throws {
        self.plan = plan
        file = try OpenFile(path: path)
        let movie = try MovieReader.movie(byteCount: min(file.byteCount, byteCount ?? .max), read: file.read)
        let isOriginal = plan.copying != .viaMovie
        let videoTrack =
            isOriginal
            ? (movie.tracks.indices.contains(videoIndex) ? movie.tracks[videoIndex] : nil)
            : movie.videoTracks.first
        guard let videoTrack, let format = videoTrack.video,
            let shown = videoTrack.frames(movieTimescale: movie.timescale)
        else { throw VerificationFailure(description: "the source has no video samples") }
        video = videoTrack
        self.shown = shown
        var initSegments: [String: [UInt8]] = [:]
        if plan.copying != nil {
            let output = OutputTrack(
                format: .video(format), timescale: plan.segments.timescale, duration: plan.segments.duration)
            initSegments[plan.steps[0].name] = try output.initSegment()
            guard shown.frames.count == plan.segments.frameCount else {
                throw PlanFailure(
                    description: "the source has \(shown.frames.count) frames, not \(plan.segments.frameCount)")
            }
            (videoStarts, payloads) = try Self.starts(videoTrack, shown, plan)
        } else {
            (videoStarts, payloads) = ([], [])
        }
        audio = try Self.audioParts(movie, plan, origin: shown.origin)
        if let track = audio?.track, let format = track.audio {
            initSegments[plan.audio?.name ?? ""] = try OutputTrack(
                format: .audio(format), timescale: track.timescale, language: track.language,
                duration: plan.segments.duration
            ).initSegment()
        }
        self.initSegments = initSegments
    }

    private static func audioParts(
        _ movie: Movie, _ plan: EncodingPlan, origin: MediaTime
    ) throws -> (track: Track, parts: [AudioCut.Segment])? {
        guard let audio = plan.audio, audio.making == .copy else { return nil }
        guard movie.tracks.indices.contains(audio.streamIndex),
            let cut = AudioCut(movie.tracks[audio.streamIndex], movieTimescale: movie.timescale, origin: origin)
        else { throw VerificationFailure(description: "the source's sound cannot be cut") }
        let track = movie.tracks[audio.streamIndex]
        return (track, cut.segments(of: plan.segments, in: track))
    }

    /// Each segment starts with the sample that is shown at its boundary; in decoding order all of its frames follow.
    private static func starts(
        _ track: Track, _ shown: TrackFrames, _ plan: EncodingPlan
    ) throws -> (starts: [Int], payloads: [Int]) {
        var starts: [Int] = []
        var payloads: [Int] = []
        var frames = 0
        var next = plan.segments.segments[...]
        for sample in track.samples.samples(shown.samples) {
            if let segment = next.first, frames == segment.firstFrame {
                guard sample.isSync else {
                    throw PlanFailure(description: "no keyframe at \(segment.start.seconds) s")
                }
                starts.append(sample.index)
                payloads.append(0)
                next.removeFirst()
            }
            frames += 1
            if !payloads.isEmpty {
                payloads[payloads.count - 1] = payloads[payloads.count - 1].addingSaturated(sample.byteCount)
            }
        }
        guard next.isEmpty else { throw PlanFailure(description: "the source ends too early") }
        guard payloads.allSatisfy({ $0 <= StandardSource.maxSegmentBytes }) else {
            throw VerificationFailure(description: "a segment of the source is larger than any should be")
        }
        return (starts + [shown.samples.upperBound], payloads)
    }

    /// What the copied picture really is; nil where only the sound is copied.
    var videoCodecs: String? { copiesVideo ? video.video?.codecString : nil }
    var copiesVideo: Bool { plan.copying != nil }
    var copiesAudio: Bool { audio != nil }

    /// Before anything is stored: a head takes some bytes for each sample.
    var plannedBandwidth: HLS.Bandwidth {
        HLS.Bandwidth(
            measuring: zip(payloads, plan.segments.segments).map { payload, segment in
                (payload + 160 + 16 * segment.frameCount, segment.duration)
            })
    }

    /// Blocks.
    func videoSegment(_ number: Int, cipher: SegmentCipher) throws -> (made: MadeSegment, bytes: [UInt8]) {
        let planned = plan.segments.segments[number]
        let samples = Array(video.samples.samples(videoStarts[number]..<videoStarts[number + 1]))
        let times = shownTimes(samples, planned)
        let fragment = try Fragment.video(
            samples, displayTimes: times, end: planned.end.ticks, sequenceNumber: UInt32(number + 1))
        return try seal(
            fragment, rendition: plan.steps[0].name, number: number, duration: planned.duration, cipher: cipher)
    }

    /// A copy through another container may count in other ticks.
    private func shownTimes(_ samples: [Sample], _ planned: SegmentPlan.Segment) -> [Int64] {
        var times = samples.map {
            MediaTime.rescale(
                $0.presentationTime.addingSaturated(shown.offset), from: video.timescale, to: plan.segments.timescale)
        }.sorted()
        if !times.isEmpty { times[0] = planned.start.ticks }
        return times
    }

    /// Blocks.
    func audioSegment(_ number: Int, cipher: SegmentCipher) throws -> (made: MadeSegment, bytes: [UInt8]) {
        guard let audio else { throw VerificationFailure(description: "the sound is not copied") }
        let part = audio.parts[number]
        let fragment = try Fragment.audio(
            audio.track.samples.samples(part.samples), decodeTime: part.decodeTime, sequenceNumber: UInt32(number + 1))
        let duration = MediaTime(ticks: part.duration, timescale: audio.track.timescale)
        return try seal(
            fragment, rendition: plan.audio?.name ?? "", number: number, duration: duration, cipher: cipher)
    }

    private func seal(
        _ fragment: Fragment, rendition: String, number: Int, duration: MediaTime, cipher: SegmentCipher
    ) throws -> (made: MadeSegment, bytes: [UInt8]) {
        // The sound's last segment takes what is left, whatever that is.
        guard fragment.payloadByteCount <= StandardSource.maxSegmentBytes else {
            throw VerificationFailure(description: "a segment of the source is larger than any should be")
        }
        var bytes = fragment.header()
        // bound: checked above
        bytes.reserveCapacity(bytes.count + fragment.payloadByteCount + 16)
        for range in fragment.sources { bytes += try file.read(range) }
        let sealed = try cipher.seal(bytes, number: number)
        let made = MadeSegment(rendition: rendition, number: number, byteCount: sealed.count, duration: duration)
        return (made, sealed)
    }
}
