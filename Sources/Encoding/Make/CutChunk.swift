import Media
import Reactor

/// Cuts an encoded chunk of the picture into the plan's segments, and checks it while doing so.
struct CutChunk {
    let plan: EncodingPlan
    let step: LadderStep
    let segments: Range<Int>
    let cipher: SegmentCipher
    /// Of H.264: high, as `LadderStep.plannedCodecs` says.
    var profile = Self.high
    /// Frames that the plan has may be missing: what could not be decoded does not come.
    var isDamaged = false

    static let high: UInt8 = 100

    /// What all chunks of the rendition have in common. Blocks.
    func initSegment(_ path: String) throws -> [UInt8] { try open(path).initSegment }

    /// Where the segments go, one after the other.
    typealias Store = (_ made: MadeSegment, _ bytes: [UInt8]) throws -> Void

    private struct Opened {
        var file: OpenFile
        var track: Track
        var shown: TrackFrames
        var configuration: AVCConfiguration
        var initSegment: [UInt8]
    }

    private func open(_ path: String) throws -> Opened {
        let file = try OpenFile(path: path)
        let movie = try MovieReader.movie(byteCount: file.byteCount, read: file.read)
        guard !movie.isTruncated, let track = movie.videoTracks.first, let format = track.video,
            case .avc(let configuration) = format.codec, track.timescale == plan.segments.timescale,
            let shown = track.frames(movieTimescale: movie.timescale)
        else { throw failure("is no whole movie") }
        // What the playlist announces before anything is encoded, and what all chunks must have in common.
        guard configuration.profile == profile, configuration.level == step.level else {
            throw failure(
                "has profile \(configuration.profile) and level \(configuration.level), "
                    + "not \(profile) and \(step.level)")
        }
        guard format.width == step.size.width, format.height == step.size.height else {
            throw failure("has \(format.width) x \(format.height) pixels, not \(step.size.width) x \(step.size.height)")
        }
        let output = OutputTrack(
            format: .video(format), timescale: track.timescale, duration: plan.segments.duration)
        return Opened(
            file: file, track: track, shown: shown, configuration: configuration,
            initSegment: try output.initSegment())
    }

    /// Answers the init segment. Blocks.
    func callAsFunction(_ path: String, _ store: Store) throws -> [UInt8] {
        let opened = try open(path)
        let (file, track, shown, configuration) = (opened.file, opened.track, opened.shown, opened.configuration)
        let samples = Array(track.samples.samples(shown.samples))
        let checksums = try PacketChecksums(movie: path)
        guard checksums.count == samples.count else {
            throw failure("has \(samples.count) samples, and the encoder gave \(checksums.count)")
        }
        let origin = plan.segments.segments[segments.lowerBound].start.ticks
        // Times within the chunk.
        let times = samples.map {
            $0.presentationTime.addingSaturated(shown.offset).addingSaturated(shown.frames.start)
        }
        var position = 0
        for number in segments {
            let planned = plan.segments.segments[number]
            let end = number + 1 < segments.upperBound ? planned.end.ticks.subtractingSaturated(origin) : Int64.max
            let first = position
            while position < samples.count, times[position] < end { position += 1 }
            let part = samples[first..<position]
            try check(part, planned, file, configuration)
            var shownTimes = times[first..<position].map { $0.addingSaturated(origin) }.sorted()
            shownTimes[0] = planned.start.ticks
            for (offset, sample) in part.enumerated() {
                // bound: places in an array
                guard try checksums.matches(file.read(sample.byteRange), at: first + offset) else {
                    throw failure("was changed after it was encoded, at \(planned.start.seconds) s")
                }
            }
            let fragment = try Fragment.video(
                part, displayTimes: shownTimes, end: planned.end.ticks,
                sequenceNumber: UInt32(number + 1))
            var bytes = fragment.header()
            let keyframe = fragment.keyframeByteCount(after: bytes)
            for range in fragment.sources { bytes += try file.read(range) }
            let sealed = try cipher.seal(bytes, number: number)
            let made = MadeSegment(
                rendition: step.name, number: number, byteCount: sealed.count, duration: planned.duration,
                keyframeByteCount: keyframe)
            try store(made, sealed)
        }
        return opened.initSegment
    }

    private func check(
        _ samples: ArraySlice<Sample>, _ planned: SegmentPlan.Segment, _ file: OpenFile,
        _ configuration: AVCConfiguration
    ) throws {
        let expected = (planned.frameCount + step.frameDivisor - 1) / step.frameDivisor
        guard let first = samples.first else { throw contradiction("has no frame at \(planned.start.seconds) s") }
        guard samples.count == expected || isDamaged else {
            throw contradiction("has \(samples.count) frames at \(planned.start.seconds) s, not \(expected)")
        }
        guard first.isSync, configuration.isIDR(try file.read(first.byteRange)) else {
            throw contradiction("has no keyframe at \(planned.start.seconds) s")
        }
    }

    private func contradiction(_ text: String) -> PlanFailure {
        PlanFailure(description: "the encoded \(step.name) \(text)")
    }

    private func failure(_ text: String) -> VerificationFailure {
        VerificationFailure(description: "the encoded \(step.name) \(text)")
    }
}
