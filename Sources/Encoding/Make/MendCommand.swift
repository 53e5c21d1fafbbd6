import Media

/// ffmpeg's arguments for the picture of one segment that stands in for a copied one: what a decoder shows of that, the
/// damage covered as players do.
///
/// The segments around it are there too: a lost keyframe is covered with what was seen last, and so is a segment of which
/// nothing can be decoded.
struct MendCommand {
    /// The segments in the clear, whose times are the plan's.
    let source: String
    let segment: SegmentPlan.Segment
    /// Ticks a second of the plan.
    let timescale: UInt32
    let frameRate: Double
    let picture: UncoveredPicture
    let file: String

    private static let profiles: [UInt8: String] = [66: "baseline", 77: "main", 100: "high"]

    var arguments: [String] {
        let (start, end) = (segment.start.ticks, segment.end.ticks)
        let covering = PictureFilters.covering(
            from: segment.start.seconds, for: segment.duration, rate: frameRate, timeBase: Ratio(1, Int(timescale)))
        let filters = "\(covering),trim=start_pts=\(start):end_pts=\(end),setpts=PTS-\(start)"
        let outputs =
            "[f=mp4:video_track_timescale=\(timescale)]file:\(MediaTool.teeEscaped(file))"
            + "|[f=framecrc]file:\(MediaTool.teeEscaped(PacketChecksums.path(of: file)))"
        return ["-nostdin", "-y", "-v", "warning", "-threads", "1", "-copyts", "-max_error_rate", "1"]
            + MediaTool.input(source) + ["-map", "0:0", "-vf", filters]
            + ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-threads", "1"]
            + ["-profile:v", Self.profiles[picture.profile] ?? "high"]
            + ["-level:v", "\(picture.level / 10).\(picture.level % 10)", "-g", "1000"]
            + ["-fps_mode", "passthrough", "-enc_time_base", "1:\(timescale)", "-map_metadata", "-1"]
            + ["-flags", "+global_header", "-f", "tee", outputs]
    }
}
