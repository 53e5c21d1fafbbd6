/// When the frames of a video are shown, in display order, and at which of them decoding can start.
public struct FrameTimes: Sendable, Hashable {
    public let timescale: UInt32
    /// Ascending ticks; the first frame is at 0.
    public let times: [Int64]
    /// When the last frame ends.
    public let end: Int64
    /// Positions in `times` of frames from which all later frames can be decoded and which no earlier frame needs:
    /// closed keyframes. Ascending.
    public let keyframes: [Int]
    /// Where the first frame was before all were moved to 0, in ticks of the presentation; what is in sync with the
    /// video is moved by the same.
    public let start: Int64

    /// From times in any order. `keyframes`: the presentation times of closed keyframes; those that are no frame's
    /// time are ignored. `lastDuration`: of the frame shown last, 0 if not known.
    public init(timescale: UInt32, times unordered: [Int64], keyframes keyTimes: [Int64], lastDuration: Int64 = 0) {
        precondition(timescale > 0, "a timescale of 0 gives no time; check values from files first")
        var times = unordered
        FrameTimes.sort(&times)
        var keyTimes = keyTimes
        FrameTimes.sort(&keyTimes)
        self.timescale = timescale
        start = times.first ?? 0
        var keyframes: [Int] = []
        var next = 0
        for (position, time) in times.enumerated() {
            while next < keyTimes.count, keyTimes[next] < time { next += 1 }
            if next < keyTimes.count, keyTimes[next] == time {
                keyframes.append(position)
                next += 1
            }
        }
        self.keyframes = keyframes
        let start = start
        for position in times.indices { times[position] = times[position].subtractingSaturated(start) }
        self.times = times
        let last = times.last ?? 0
        let gap = times.count > 1 ? last.subtractingSaturated(times[times.count - 2]) : 1
        end = times.isEmpty ? 0 : last.addingSaturated(max(1, lastDuration > 0 ? lastDuration : gap))
    }

    public var count: Int { times.count }

    public var duration: MediaTime { MediaTime(ticks: end, timescale: timescale) }

    public func time(of frame: Int) -> MediaTime { MediaTime(ticks: times[frame], timescale: timescale) }

    /// No two frames are shown at the same time.
    public var areDistinct: Bool {
        for position in times.indices.dropFirst() where times[position] <= times[position - 1] { return false }
        return true
    }

    /// From the start over all closed keyframes to the end; nil without a keyframe at the first frame.
    public var greatestKeyframeDistance: MediaTime? {
        guard keyframes.first == 0 else { return nil }
        var greatest: Int64 = 0
        var last: Int64 = 0
        for position in keyframes.dropFirst() {
            greatest = max(greatest, times[position].subtractingSaturated(last))
            last = times[position]
        }
        return MediaTime(ticks: max(greatest, end.subtractingSaturated(last)), timescale: timescale)
    }

    /// Times in decoding order are nearly sorted, which insertion does in one pass; what is not goes to a real sort.
    private static func sort(_ times: inout [Int64]) {
        var budget = times.count * 16
        for position in times.indices.dropFirst() where times[position] < times[position - 1] {
            let time = times[position]
            var hole = position
            while hole > 0, times[hole - 1] > time {
                times[hole] = times[hole - 1]
                hole -= 1
                budget -= 1
            }
            times[hole] = time
            guard budget > 0 else {
                times.sort()
                return
            }
        }
    }
}
