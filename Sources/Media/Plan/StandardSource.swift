/// Whether a source can be played by every browser as it is, so that its top rendition is made by copying samples:
/// H.264 8-bit 4:2:0 progressive up to level 5.2 with closed keyframes at most 10 s apart, AAC-LC or no sound.
public enum StandardSource {
    /// Why samples cannot be copied.
    public enum Obstacle: Sendable, Hashable, CaseIterable {
        /// No H.264, no AAC-LC, or its configuration is unreadable.
        case codec
        /// A profile or level that browsers need not decode.
        case profileOrLevel
        /// Other than 8 bit 4:2:0.
        case pixelFormat
        case interlaced
        case highDynamicRange
        /// The format changes inside the track, or parameter sets are not in the sample description.
        case changesFormat
        /// Decoders would have to turn the picture, or stretch its pixels.
        case rotation
        /// An edit list that copying samples cannot honour.
        case edits
        /// Frames without distinct times.
        case times
        /// Closed keyframes are missing at the start or more than 10 s apart.
        case keyframes
        /// Samples lie behind the end of the file.
        case truncated
        /// Samples share their bytes with others.
        case overlap
        /// A sample, or all of a segment, is larger than any that players are given.
        case size
    }

    /// Of one picture: several times what H.264 allows at level 5.2 without any compression.
    public static let maxVideoSampleBytes = 64 << 20
    /// Of one AAC frame: several times what eight channels may take.
    public static let maxAudioSampleBytes = 64 << 10
    /// Of all samples of a segment.
    public static let maxSegmentBytes = 256 << 20

    /// Empty: the track can be remuxed. `frames`: of this track, `nil` if `frames(movieTimescale:)` gave none.
    public static func obstacles(
        video track: Track, frames: TrackFrames?, settings: SegmentPlan.Settings = SegmentPlan.Settings()
    ) -> Set<Obstacle> {
        var obstacles: Set<Obstacle> = []
        guard let format = track.video, case .avc(let configuration) = format.codec,
            let parameters = try? configuration.sequenceParameters()
        else { return [.codec] }
        if !profiles.contains(parameters.profile) || max(parameters.level, configuration.level) > 52 {
            obstacles.insert(.profileOrLevel)
        }
        if parameters.chromaFormat != 1 || parameters.lumaBitDepth != 8 || parameters.chromaBitDepth != 8 {
            obstacles.insert(.pixelFormat)
        }
        if !parameters.isProgressive { obstacles.insert(.interlaced) }
        if (format.color ?? parameters.color)?.isHighDynamicRange == true { obstacles.insert(.highDynamicRange) }
        // avc3 carries parameter sets in the stream, where Safari's HLS does not look.
        if track.changesFormat || format.sampleEntry != "avc1" || configuration.pictureParameterSets.isEmpty {
            obstacles.insert(.changesFormat)
        }
        if track.rotation != .none || !hasSquarePixels(format, parameters) { obstacles.insert(.rotation) }
        if track.sharesBytes { obstacles.insert(.overlap) }
        guard let frames, !frames.isCutInside else { return obstacles.union([.edits]) }
        if !frames.frames.areDistinct { obstacles.insert(.times) }
        if hasLargeSegments(track.samples, frames, settings) { obstacles.insert(.size) }
        if let distance = frames.frames.greatestKeyframeDistance, distance <= settings.maximum {
            return obstacles
        }
        return obstacles.union([.keyframes])
    }

    /// Empty: the sound can be remuxed.
    public static func obstacles(audio track: Track, movieTimescale: UInt32) -> Set<Obstacle> {
        guard let format = track.audio, case .aac(let configuration) = format.codec, configuration.isLowComplexity,
            configuration.frameLength == 1024, (1...8).contains(format.channelCount)
        else { return [.codec] }
        var obstacles: Set<Obstacle> = []
        if track.changesFormat { obstacles.insert(.changesFormat) }
        if track.sharesBytes { obstacles.insert(.overlap) }
        if track.samples.largestSize > maxAudioSampleBytes { obstacles.insert(.size) }
        if track.samples.isEmpty
            || track.edits.presentation(timescale: track.timescale, movieTimescale: movieTimescale) == nil
        {
            obstacles.insert(.edits)
        }
        if !track.samples.hasEvenDurations(of: format.sampleRate, timescale: track.timescale) {
            obstacles.insert(.times)
        }
        return obstacles
    }

    /// Constrained baseline and baseline, main, high.
    private static let profiles: Set<UInt8> = [66, 77, 100]

    /// Segments as a plan with these settings cuts them.
    private static func hasLargeSegments(
        _ samples: SampleTable, _ frames: TrackFrames, _ settings: SegmentPlan.Settings
    ) -> Bool {
        if samples.largestSize > maxVideoSampleBytes { return true }
        guard samples.byteCount > maxSegmentBytes else { return false }
        return SegmentPlan(frames.frames, settings: settings).segments.contains { segment in
            let first = frames.samples.lowerBound + segment.firstFrame
            return samples.byteCount(of: first..<first + segment.frameCount) > maxSegmentBytes
        }
    }

    private static func hasSquarePixels(_ format: VideoFormat, _ parameters: AVCSequenceParameters) -> Bool {
        (format.pixelAspectRatio ?? parameters.pixelAspectRatio)?.isSquare ?? true
    }
}

extension SampleTable {
    /// Every AAC frame lasts what its 1024 samples take, within a tick, but for the last one: no gaps in the sound.
    fileprivate func hasEvenDurations(of sampleRate: Int, timescale: UInt32) -> Bool {
        guard let rate = UInt32(exactly: sampleRate), rate > 0 else { return false }
        let expected = MediaTime(ticks: 1024, timescale: rate)
        let allowed = expected.ticks(at: timescale, rounding: .down)...expected.ticks(at: timescale, rounding: .up)
        return durations.allSatisfy { run in
            allowed.contains(Int64(run.delta)) || Int(run.firstSample) == count - 1
        }
    }
}
