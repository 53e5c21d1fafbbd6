/// The segments of a video, fixed from its frame times before anything is encoded; the same for all renditions.
///
/// From a closed keyframe of the source, the segment ends at that one of the next within `maximum` which is nearest to
/// `target`, so that a source with sane keyframes can be cut without encoding. Where there is none, segments end at the
/// exact time of the frame nearest to the target.
public struct SegmentPlan: Sendable, Hashable, Codable {
    public struct Segment: Sendable, Hashable, Codable {
        /// Position in display order of the first frame.
        public var firstFrame: Int
        public var frameCount: Int
        /// Exact, in the plan's timescale; the end is the next segment's start.
        public var start: MediaTime
        public var end: MediaTime
        /// The source has a closed keyframe here.
        public var startsAtKeyframe: Bool

        public var frames: Range<Int> { firstFrame..<firstFrame.addingSaturated(max(0, frameCount)) }
        public var duration: MediaTime { end - start }  // bound: times subtract without overflow
    }

    public let timescale: UInt32
    public let segments: [Segment]

    public var duration: MediaTime { segments.last?.end ?? .zero }
    public var frameCount: Int { segments.last?.frames.upperBound ?? 0 }

    /// Every segment can be cut from the source without encoding.
    public var followsKeyframes: Bool { segments.allSatisfy(\.startsAtKeyframe) }

    public struct Settings: Sendable, Hashable {
        /// What a segment should last.
        public var target = MediaTime.seconds(4)
        /// How far the next keyframe may be. 300 frames at 29.97 a second are a little more than 10 s.
        public var maximum = MediaTime.milliseconds(10_050)

        public init() {}
    }

    public init(_ frames: FrameTimes, settings: Settings = Settings()) {
        timescale = frames.timescale
        var cutter = SegmentCutter(frames, settings: settings)
        var segments: [Segment] = []
        var first = 0
        while first < frames.count {
            let next = cutter.boundary(after: first)
            segments.append(
                Segment(
                    firstFrame: first, frameCount: next - first, start: frames.time(of: first),
                    end: next < frames.count ? frames.time(of: next) : frames.duration,
                    startsAtKeyframe: cutter.isKeyframe(first)))
            first = next
        }
        self.segments = segments
    }

    /// The first so many segments.
    public func prefix(_ count: Int) -> SegmentPlan { SegmentPlan(timescale: timescale, Array(segments.prefix(count))) }

    private init(timescale: UInt32, _ segments: [Segment]) {
        self.timescale = timescale
        self.segments = segments
    }

    /// The position of the segment that is shown at `time`, clamped to the plan; nil without segments.
    public func segment(at time: MediaTime) -> Int? {
        segments.isEmpty ? nil : lastPosition(in: segments) { $0.start <= time }
    }
}

/// Chooses one boundary after the other, walking keyframes and frames forward only.
private struct SegmentCutter {
    private let frames: FrameTimes
    private let target: Int64
    private let maximum: Int64
    private var keyframe = 0

    init(_ frames: FrameTimes, settings: SegmentPlan.Settings) {
        self.frames = frames
        target = max(1, settings.target.ticks(at: frames.timescale))
        maximum = max(target, settings.maximum.ticks(at: frames.timescale))
    }

    func isKeyframe(_ frame: Int) -> Bool {
        let position = firstPosition(in: frames.keyframes) { $0 >= frame }
        return position < frames.keyframes.count && frames.keyframes[position] == frame
    }

    /// The first frame of the next segment; the frame count where there is none.
    mutating func boundary(after first: Int) -> Int {
        let start = frames.times[first]
        // A rest of up to a quarter more than the target stays whole: no tiny last segment.
        // bound: no time is below 0 or behind the end, and targets are seconds in ticks of 32 bits
        guard frames.end - start > target + target / 4 else { return frames.count }
        let ideal = start.addingSaturated(target)
        while keyframe < frames.keyframes.count, frames.keyframes[keyframe] <= first { keyframe += 1 }
        // Where this segment cannot be cut from the source anyway, a keyframe far from the target is no gain.
        let farthest = isKeyframe(first) ? maximum : min(maximum, target + target / 2)
        var best: Int?
        var candidate = keyframe
        while candidate < frames.keyframes.count {
            let frame = frames.keyframes[candidate]
            let time = frames.times[frame]
            guard time - start <= farthest else { break }  // bound: both are 0 or more
            // Leave no sliver at the end if the segment may as well go on to it. bound: no time is behind the end
            let leavesSliver = frames.end - time < target / 8 && frames.end - start <= maximum
            if time > start, !leavesSliver {
                if let known = best, distance(frames.times[known], ideal) <= distance(time, ideal) { break }
                best = frame
            }
            candidate += 1
        }
        if let best { return best }
        // The last GOP stays whole if it is short enough. bound: no time is behind the end
        if frames.end - start <= maximum, isKeyframe(first) { return frames.count }
        // The next keyframe is too far away, or there is none.
        return nearestFrame(to: ideal, after: first)
    }

    private func distance(_ a: Int64, _ b: Int64) -> UInt64 { a.subtractingSaturated(b).magnitude }

    private func nearestFrame(to ideal: Int64, after first: Int) -> Int {
        let later = firstPosition(in: frames.times) { $0 >= ideal }
        guard later < frames.count else { return frames.count }
        let earlier = later - 1
        if earlier > first, frames.times[earlier] > frames.times[first],
            distance(frames.times[earlier], ideal) < distance(frames.times[later], ideal)
        {
            return earlier
        }
        return later
    }
}
