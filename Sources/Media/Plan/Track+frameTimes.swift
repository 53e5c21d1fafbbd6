/// The frame times of a track and how its samples relate to them.
public struct TrackFrames: Sendable {
    /// `frames.start` tells where the first frame was on the movie's timeline, edit list applied.
    public let frames: FrameTimes
    /// The samples that are shown, in decoding order: all of them unless an edit list cuts some off.
    public let samples: Range<Int>
    /// Add to a sample's composition time to get its time in `frames`.
    public let offset: Int64
    /// Shown samples depend on others that are not shown, or such lie in between: the shown part cannot be had by
    /// copying samples.
    public let isCutInside: Bool

    /// Where the first frame was on the movie's timeline: the origin of the output, for sound too.
    public var origin: MediaTime { MediaTime(ticks: frames.start, timescale: frames.timescale) }
}

extension Track {
    /// Nil if the edit list is no simple one or there are no samples.
    public func frames(movieTimescale: UInt32) -> TrackFrames? {
        guard !samples.isEmpty,
            let presentation = edits.presentation(timescale: timescale, movieTimescale: movieTimescale)
        else { return nil }
        var scan = FrameScan(presentation, capacity: samples.count)
        for sample in samples { scan.append(sample) }
        guard !scan.times.isEmpty else { return nil }
        let frames = FrameTimes(
            timescale: timescale, times: scan.times, keyframes: scan.keyframes, lastDuration: scan.lastDuration)
        return TrackFrames(
            frames: frames, samples: scan.firstShown..<scan.lastShown + 1,
            offset: presentation.offset.subtractingSaturated(frames.start),
            isCutInside: scan.lastShown + 1 - scan.firstShown != scan.times.count || scan.hidesDependency)
    }
}

/// One pass in decoding order: the times that are shown and the keyframes that are closed.
private struct FrameScan {
    private let presentation: EditList.Presentation
    private(set) var times: [Int64] = []
    /// Presentation times of closed keyframes, ascending.
    private(set) var keyframes: [Int64] = []
    private(set) var firstShown = -1
    private(set) var lastShown = -1
    private(set) var lastDuration: Int64 = 0
    private(set) var hidesDependency = false
    private var latest = Int64.min

    init(_ presentation: EditList.Presentation, capacity: Int) {
        self.presentation = presentation
        times.reserveCapacity(capacity)
    }

    mutating func append(_ sample: Sample) {
        let time = sample.presentationTime.addingSaturated(presentation.offset)
        // A keyframe after which an earlier frame is decoded is not closed: that frame may lean on what came before.
        while let last = keyframes.last, time < last { keyframes.removeLast() }
        guard presentation.shown.contains(sample.presentationTime) else {
            if firstShown < 0 { hidesDependency = true }
            return
        }
        if firstShown < 0 {
            firstShown = sample.index
            if sample.isSync { hidesDependency = false }
        }
        lastShown = sample.index
        times.append(time)
        if time > latest {
            if sample.isSync { keyframes.append(time) }
            latest = time
            lastDuration = Int64(sample.duration)
        }
    }
}
