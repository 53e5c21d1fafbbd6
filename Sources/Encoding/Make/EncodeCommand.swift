import Media

/// ffmpeg's arguments for one chunk of the picture: one decode, all wanted renditions, one MP4 file each, and beside it the
/// checksums of what the encoder gave (`PacketChecksums`).
struct EncodeCommand {
    var source: String
    /// The source has holes.
    var isInParts = false
    let video: VideoFacts
    let plan: EncodingPlan
    let segments: Range<Int>
    let steps: [LadderStep]
    let folder: String
    /// Of the decoder and of each encoder.
    let threads: Int
    /// How far before the first frame decoding begins, in seconds; nil: at the start of the file.
    var seekMargin: Double? = 0
    /// Stops after this many frames.
    var frameLimit: Int?
    /// Writes down what `ChunkSeam` reads.
    var showsSeam = false
    /// Frames that cannot be decoded do not leave a gap.
    var coversDamage = false

    func file(_ step: LadderStep) -> String { "\(folder)/\(step.name).mp4" }

    /// Both files of a step, as the tee muxer reads them: with a backslash before what it would take for its own.
    private func outputs(_ step: LadderStep) -> String {
        let movie = "[f=mp4:video_track_timescale=\(plan.segments.timescale)]file:\(MediaTool.teeEscaped(file(step)))"
        return movie + "|[f=framecrc]file:\(MediaTool.teeEscaped(PacketChecksums.path(of: file(step))))"
    }

    var arguments: [String] {
        let filters = PictureFilters(
            video: video, plan: plan, segments: segments, steps: steps, showsSeam: showsSeam,
            coversDamage: coversDamage)
        var arguments = ["-nostdin", "-y", "-v", "warning", "-threads", "\(threads)", "-copyts"]
        arguments += ["-max_error_rate", "1"]
        arguments += seek + MediaTool.input(source)
        arguments += ["-filter_complex_threads", "1", "-filter_complex", filters.graph]
        for (step, label) in zip(steps, filters.labels) { arguments += output(step, label) }
        guard showsSeam else { return arguments }
        return arguments + ["-map", "[first]", "-map", "[next]", "-frames", "1", "-fps_mode", "passthrough"]
            + ["-f", "framecrc", "file:\(ChunkSeam.path(in: folder))"]
    }

    private var seek: [String] {
        let start = plan.segments.segments[segments.lowerBound].start
        guard segments.lowerBound > 0, let seekMargin else { return [] }
        // bound: floating point
        let offset = start.seconds - seekMargin
        // A seek to before the first frame finds nothing in some containers.
        guard offset > 0 else { return [] }
        // bound: floating point
        let seconds = plan.source.startSeconds + offset
        return ["-noaccurate_seek", "-seek_timestamp", "1", "-ss", decimal(seconds)]
    }

    private func output(_ step: LadderStep, _ label: String) -> [String] {
        let timescale = plan.segments.timescale
        var arguments = ["-map", label, "-c:v", "libx264", "-preset", "veryfast", "-crf", "21"]
        arguments += ["-profile:v", "high", "-level:v", "\(step.level / 10).\(step.level % 10)"]
        arguments += ["-maxrate", "\(step.cap)", "-bufsize", "\(step.cap * 3 / 2)", "-threads", "\(threads)"]
        // Keyframes only where the plan has a boundary, or at a cut between scenes.
        arguments += ["-g", "1000", "-forced-idr", "1", "-force_key_frames", keyframes]
        arguments += ["-fps_mode", "passthrough", "-enc_time_base", "1:\(timescale)"]
        arguments += colors
        if let frameLimit { arguments += ["-frames:v", "\(frameLimit)"] }
        return arguments + [
            "-map_metadata", "-1", "-map_chapters", "-1", "-flags", "+global_header", "-f", "tee", outputs(step),
        ]
    }

    /// A quarter of a tick before each boundary, so that rounding moves a keyframe to no other frame.
    private var keyframes: String {
        let all = plan.segments.segments[segments]
        let origin = all.first?.start.seconds ?? 0
        // ffmpeg counts these times in microseconds.
        let slack = max(0.25 / Double(plan.segments.timescale), 0.000_001)
        return all.map { segment in
            // bound: floating point
            decimal(max(0, segment.start.seconds - origin - slack))
        }.joined(separator: ",")
    }

    private var colors: [String] { Self.colors(of: video) }

    /// What the encoder writes down of a picture's colours.
    static func colors(of video: VideoFacts) -> [String] {
        func option(_ name: String, _ value: String?) -> [String] {
            guard let value, !["unknown", "unspecified", "reserved", "gbr", ""].contains(value) else { return [] }
            return [name, value]
        }
        if video.isHighDynamicRange {
            return ["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"]
        }
        // ffprobe's names of two curves are no names of the option's.
        let curves = ["bt470m": "gamma22", "bt470bg": "gamma28"]
        let transfer = video.colorTransfer.map { curves[$0] ?? $0 }
        return option("-color_primaries", video.colorPrimaries) + option("-color_trc", transfer)
            + option("-colorspace", video.colorSpace) + ["-color_range", "tv"]
    }

    private func decimal(_ seconds: Double) -> String {
        MediaTime(seconds: seconds, timescale: 1_000_000).decimalSeconds
    }
}
