import Media

/// ffmpeg's arguments for one chunk of the sound.
///
/// **Gapless.** Every chunk is cut from the same samples on one grid of AAC frames, and encoded with a few frames of
/// sound before and after it that are thrown away: what is kept is what one long encoding would have had at this
/// place, so the overlapping windows of neighbouring chunks fit together.
struct AudioCommand {
    /// Frames encoded before and after the chunk.
    static let margin = 3
    /// The encoder's own delay, in frames.
    static let priming = 1

    let source: String
    let facts: AudioFacts
    let audio: AudioPlan
    let plan: EncodingPlan
    let segments: Range<Int>
    let file: String

    /// AAC frames of the output file that are the chunk's.
    var keptFrames: Range<Int> {
        let first = Self.margin + Self.priming
        return first..<first + audio.frames(of: segments).count
    }

    var arguments: [String] {
        ["-nostdin", "-y", "-v", "warning", "-threads", "1", "-copyts"] + seek + MediaTool.input(source)
            + ["-filter_complex_threads", "1", "-filter_complex", graph, "-map", "[a]", "-c:a", "aac"]
            + ["-b:a", bitRate, "-map_metadata", "-1", "-map_chapters", "-1"]
            + ["-f", "mp4", "file:\(file)"]
    }

    private var bitRate: String {
        audio.channelCount > 2 ? "384k" : audio.channelCount > 1 ? "160k" : "96k"
    }

    /// Of the first sample that is encoded, on the output's grid; negative at the very start.
    private var firstSample: Int { (audio.frames(of: segments).lowerBound - Self.margin) * AudioPlan.frameLength }
    private var sampleCount: Int {
        (audio.frames(of: segments).count + 2 * Self.margin) * AudioPlan.frameLength
    }

    private var seek: [String] {
        let start = plan.source.startSeconds + Double(firstSample) / Double(audio.sampleRate) - 2
        guard start > 0, segments.lowerBound > 0 else { return [] }
        let time = MediaTime(seconds: start, timescale: 1_000_000)
        return ["-noaccurate_seek", "-seek_timestamp", "1", "-ss", time.decimalSeconds]
    }

    private var graph: String {
        // In samples of the source, which is what audio filters count in.
        let origin =
            plan.source.startSeconds * Double(facts.sampleRate)
            + Double(firstSample) * Double(facts.sampleRate) / Double(audio.sampleRate)
        // More channels than two come from an AAC decoder, in the order that the encoder knows.
        let layout = audio.channelCount > 2 ? "" : audio.channelCount > 1 ? ":ochl=stereo" : ":ochl=mono"
        return "[0:\(facts.index)]asetpts=PTS-(\(Int64(clamping: origin.rounded()))),"
            + "aresample=\(audio.sampleRate):async=1:min_hard_comp=0.01:first_pts=0\(layout):osf=fltp,"
            + "apad=whole_len=\(sampleCount),atrim=end_sample=\(sampleCount)[a]"
    }
}
