import Media
import Reactor

/// Makes segments of a standard source straight from its samples, one at a time and in any order: what a segment
/// needs is known before a byte of media is read, and no more than one segment is in memory.
struct CopySource: Sendable {
    /// The picture, as its track has it.
    private struct Picture: Sendable {
        var track: Track
        var shown: TrackFrames
        /// The first sample of each segment; one more at the end.
        var starts: [Int] = []
        /// Of each segment, in the clear and without its head: enough to tell the bandwidth before anything is made.
        var payloads: [Int] = []
    }

    private struct Sound: Sendable {
        var track: Track
        var parts: [AudioCut.Segment]
    }

    let plan: EncodingPlan
    private let file: OpenFile
    private let picture: Picture?
    /// By rendition.
    private let sounds: [String: Sound]
    let initSegments: [String: [UInt8]]

    /// Blocks.
    /// - Parameter videoIndex: nil for sound alone.
    init(path: String, plan: EncodingPlan, videoIndex: Int?, byteCount: Int? = nil) throws {
        self.plan = plan
        file = try OpenFile(path: path)
        let movie = try MovieReader.movie(byteCount: min(file.byteCount, byteCount ?? .max), read: file.read)
        picture = try videoIndex.map { try Self.picture(movie, plan, at: $0) }
        sounds = try Self.sounds(movie, plan, origin: picture?.shown.origin)
        var initSegments: [String: [UInt8]] = [:]
        if plan.copying != nil, let track = picture?.track, let format = track.video {
            let output = OutputTrack(
                format: .video(format), timescale: plan.segments.timescale, duration: plan.segments.duration)
            initSegments[plan.steps[0].name] = try output.initSegment()
        }
        for (name, sound) in sounds {
            guard let format = sound.track.audio else { continue }
            initSegments[name] = try OutputTrack(
                format: .audio(format), timescale: sound.track.timescale, language: sound.track.language,
                duration: plan.segments.duration
            ).initSegment()
        }
        self.initSegments = initSegments
    }

    private static func picture(_ movie: Movie, _ plan: EncodingPlan, at index: Int) throws -> Picture {
        let isOriginal = plan.copying != .viaMovie
        let track =
            isOriginal ? (movie.tracks.indices.contains(index) ? movie.tracks[index] : nil) : movie.videoTracks.first
        guard let track, track.video != nil, let shown = track.frames(movieTimescale: movie.timescale)
        else { throw VerificationFailure(description: "the source has no video samples") }
        var picture = Picture(track: track, shown: shown)
        guard plan.copying != nil else { return picture }
        guard shown.frames.count == plan.segments.frameCount else {
            throw PlanFailure(
                description: "the source has \(shown.frames.count) frames, not \(plan.segments.frameCount)")
        }
        (picture.starts, picture.payloads) = try starts(track, shown, plan)
        return picture
    }

    /// - Parameter origin: of the picture; sound alone begins with itself.
    private static func sounds(_ movie: Movie, _ plan: EncodingPlan, origin: MediaTime?) throws -> [String: Sound] {
        var sounds: [String: Sound] = [:]
        for audio in plan.audio where audio.making == .copy {
            let origin =
                origin
                ?? MediaTime(ticks: plan.source.start, timescale: UInt32(clamping: plan.source.timeBase.denominator))
            guard movie.tracks.indices.contains(audio.streamIndex),
                let cut = AudioCut(movie.tracks[audio.streamIndex], movieTimescale: movie.timescale, origin: origin)
            else { throw VerificationFailure(description: "the source's sound cannot be cut") }
            let track = movie.tracks[audio.streamIndex]
            sounds[audio.name] = Sound(track: track, parts: cut.segments(of: plan.segments, in: track))
        }
        return sounds
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
    var videoCodecs: String? { plan.copying == nil ? nil : picture?.track.video?.codecString }

    var videoFormat: VideoFormat? { picture?.track.video }

    /// When a segment of copied sound begins and how long it is, in samples.
    func soundPlace(_ name: String, _ number: Int) -> (start: Int64, length: Int64)? {
        guard let sound = sounds[name], sound.parts.indices.contains(number) else { return nil }
        return (sound.parts[number].decodeTime, sound.parts[number].duration)
    }

    /// Before anything is stored: a head takes some bytes for each sample.
    var plannedBandwidth: HLS.Bandwidth {
        HLS.Bandwidth(
            measuring: zip(picture?.payloads ?? [], plan.segments.segments).map { payload, segment in
                (payload + 160 + 16 * segment.frameCount, segment.duration)
            })
    }

    /// Blocks.
    func videoSegment(_ number: Int, cipher: SegmentCipher) throws -> (made: MadeSegment, bytes: [UInt8]) {
        guard let picture else { throw VerificationFailure(description: "there is no picture") }
        let planned = plan.segments.segments[number]
        let samples = Array(picture.track.samples.samples(picture.starts[number]..<picture.starts[number + 1]))
        let times = shownTimes(samples, planned, picture)
        let fragment = try Fragment.video(
            samples, displayTimes: times, end: planned.end.ticks, sequenceNumber: UInt32(number + 1))
        var (made, bytes) = try seal(
            fragment, rendition: plan.steps[0].name, number: number, duration: planned.duration, cipher: cipher)
        made.keyframeByteCount = fragment.keyframeByteCount(after: fragment.header())
        return (made, bytes)
    }

    /// A copy through another container may count in other ticks.
    private func shownTimes(
        _ samples: [Sample], _ planned: SegmentPlan.Segment, _ picture: Picture
    ) -> [Int64] {
        var times = samples.map {
            MediaTime.rescale(
                $0.presentationTime.addingSaturated(picture.shown.offset), from: picture.track.timescale,
                to: plan.segments.timescale)
        }.sorted()
        if !times.isEmpty { times[0] = planned.start.ticks }
        return times
    }

    /// Blocks.
    func audioSegment(
        _ name: String, _ number: Int, cipher: SegmentCipher
    ) throws -> (made: MadeSegment, bytes: [UInt8]) {
        guard let sound = sounds[name] else { throw VerificationFailure(description: "the sound is not copied") }
        let part = sound.parts[number]
        let fragment = try Fragment.audio(
            sound.track.samples.samples(part.samples), decodeTime: part.decodeTime, sequenceNumber: UInt32(number + 1))
        let duration = MediaTime(ticks: part.duration, timescale: sound.track.timescale)
        return try seal(fragment, rendition: name, number: number, duration: duration, cipher: cipher)
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
