import Media

/// The filter graph that turns a decoded source into all wanted renditions with one decode: each is scaled from the
/// one above it.
struct PictureFilters {
    let video: VideoFacts
    let plan: EncodingPlan
    let segments: Range<Int>
    /// The best first.
    let steps: [LadderStep]
    /// The pictures of `ChunkSeam` come out as `[first]` and `[next]`.
    var showsSeam = false
    /// Where nothing could be decoded the picture before stays.
    var coversDamage = false

    /// Labels of the graph's outputs, in the order of `steps`.
    var labels: [String] { steps.indices.map { "[v\($0)]" } }

    var graph: String {
        let source = "[0:\(video.index)]"
        let input = showsSeam ? "\(source)\(limit)split=3[all][a][b];[all]" : source
        var parts = [([input + cut] + preparation).joined(separator: ",")]
        var divisor = 1
        for (position, step) in steps.enumerated() {
            var filters: [String] = []
            if step.frameDivisor > divisor {
                filters.append(selection(keeping: step.frameDivisor / divisor, of: divisor))
                divisor = step.frameDivisor
            }
            if position > 0 || !arrives(at: step) {
                filters.append(Self.scaling(video, to: step.size, isFirst: position == 0))
            }
            filters.append("setsar=1")
            let next = position + 1 < steps.count ? "split=2[v\(position)][s\(position)]" : "null[v\(position)]"
            let input = position == 0 ? "," : "[s\(position - 1)]"
            let part = input + filters.joined(separator: ",") + "," + next
            if position == 0 { parts[0] += part } else { parts.append(part) }
        }
        return (parts + seam).joined(separator: ";")
    }

    /// In seconds behind the last segment: enough to see the next picture.
    private static let seamLength = 0.5

    /// One of several outputs that ends does not end the run: ffmpeg would decode all that follows.
    private var limit: String {
        let all = plan.segments.segments
        guard segments.upperBound < all.count else { return "" }
        // bound: times add without overflow
        let end = all[segments.upperBound - 1].end + MediaTime(seconds: Self.seamLength, timescale: 1000)
        return "trim=end_pts=\(plan.source.ticks(end.ticks(at: plan.segments.timescale))),"
    }

    private var seam: [String] {
        guard showsSeam else { return [] }
        let all = plan.segments.segments
        let (start, end) = (all[segments.lowerBound].start, all[segments.upperBound - 1].end)
        return zip([("a", "first"), ("b", "next")], [start, end]).map { labels, time in
            "[\(labels.0)]trim=start_pts=\(plan.source.ticks(time.ticks)),setpts=PTS-STARTPTS[\(labels.1)]"
        }
    }

    /// Exactly the frames of the segments, the first at 0.
    private var cut: String {
        let all = plan.segments.segments
        let (first, end) = (all[segments.lowerBound], all[segments.upperBound - 1].end)
        let start = plan.source.ticks(first.start.ticks)
        // The last segment takes what is there: ffmpeg may know of a frame that the container did not announce.
        let bound = segments.upperBound == all.count ? "" : ":end_pts=\(plan.source.ticks(end.ticks))"
        let cut = "trim=start_pts=\(start)\(bound),setpts=PTS-\(start)"
        guard coversDamage else { return cut }
        // bound: times add without overflow
        let whole = all[segments].reduce(MediaTime.zero) { $0 + $1.duration }
        let covering = Self.covering(
            from: plan.source.seconds(start), for: whole, rate: plan.steps.first?.frameRate ?? 25,
            timeBase: plan.source.timeBase)
        let last = plan.source.ticks(end.ticks)
        return "\(covering),trim=start_pts=\(start):end_pts=\(last),setpts=PTS-\(start)"
    }

    /// A picture at each moment of a steady rate: the last one that was seen until then, or the first of all.
    /// - Parameters:
    ///   - start: in seconds, on the clock of the input.
    ///   - timeBase: of the result, in seconds.
    static func covering(from start: Double, for time: MediaTime, rate: Double, timeBase: Ratio) -> String {
        // bound: times add without overflow
        let held = (time + .seconds(1)).decimalSeconds
        let first = MediaTime(seconds: start, timescale: 1_000_000).decimalSeconds
        let rate = MediaTime(seconds: rate, timescale: 1_000_000).decimalSeconds
        return "tpad=stop_mode=clone:stop_duration=\(held),fps=\(rate):start_time=\(first),"
            + "settb=\(timeBase.numerator)/\(timeBase.denominator)"
    }

    private var preparation: [String] { steps.first.map { Self.preparation(video, size: $0.size) } ?? [] }

    /// Whole frames in standard colours.
    /// - Parameter size: what they are scaled to after that.
    static func preparation(_ video: VideoFacts, size: PixelSize) -> [String] {
        var filters: [String] = []
        if video.isInterlaced { filters.append("bwdif=mode=send_frame") }
        if video.isHighDynamicRange, size != video.uprightSize {
            // First made small: mapping tones takes by far the most time.
            filters.append("scale=\(size.width):\(size.height):flags=bicubic")
        }
        return filters + toneMapping(video)
    }

    /// HDR (PQ, HLG) to BT.709 in linear light; nothing for all else.
    static func toneMapping(_ video: VideoFacts) -> [String] {
        guard video.isHighDynamicRange else { return [] }
        func isUnsaid(_ value: String?) -> Bool {
            value == nil || ["unknown", "unspecified", "reserved"].contains(value)
        }
        // What the file does not say is as HDR has it (BT.2100).
        var said: [String] = []
        if isUnsaid(video.colorSpace) { said.append("colorspace=bt2020nc") }
        if isUnsaid(video.colorPrimaries) { said.append("color_primaries=bt2020") }
        return (said.isEmpty ? [] : ["setparams=" + said.joined(separator: ":")]) + [
            "zscale=t=linear:npl=100", "format=gbrpf32le", "zscale=p=bt709",
            "tonemap=hable:desat=0", "zscale=t=bt709:m=bt709:r=tv", "format=yuv420p",
        ]
    }

    /// Nothing is left to convert or scale.
    private func arrives(at step: LadderStep) -> Bool {
        video.isHighDynamicRange
            || (video.uprightSize == step.size && video.pixelFormat == "yuv420p" && !video.isFullRange)
    }

    static func scaling(_ video: VideoFacts, to size: PixelSize, isFirst: Bool = true) -> String {
        let range = isFirst && video.isFullRange ? ":in_range=pc:out_range=tv" : ""
        return "scale=\(size.width):\(size.height):flags=bicubic\(range),format=yuv420p"
    }

    /// Each n-th frame, counted anew at each segment, so that all renditions have a frame at each boundary.
    private func selection(keeping divisor: Int, of reduced: Int) -> String {
        var start = 0
        var expression = "0"
        for segment in plan.segments.segments[segments] {
            if start > 0 { expression = "if(gte(n,\(start)),\(start),\(expression))" }
            // bound: frames of the plan, which was checked
            start += (segment.frameCount + reduced - 1) / reduced
        }
        return "select='not(mod(n-\(expression),\(divisor)))'"
    }
}
