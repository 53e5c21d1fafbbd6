/// How an audio track's samples are laid onto the output's timeline and cut at a plan's boundaries.
///
/// **Priming.** An AAC encoder puts a frame or more of silence before the sound, which the edit list hides. Init
/// segments here carry no edit list; instead the samples that would start nearest to or after time 0 are kept and
/// those before are dropped. The first kept sample starts at its exact time if that is 0 or later; if it would start
/// up to half a frame before 0 it starts at 0, and all sound with it is late by that much (11 ms at most at 44.1 kHz).
public struct AudioCut: Sendable, Hashable {
    /// The samples of the track that are used.
    public let samples: Range<Int>
    /// Of the first used sample, in ticks of the track; 0 unless the sound begins later than the picture.
    public let decodeTime: Int64
    /// How much later than in the source all sound is heard, in ticks: less than half a frame.
    public let delay: Int64

    /// Nil if the edit list is no simple one or nothing is heard.
    /// - Parameter origin: the time on the movie's timeline that is 0 in the output: the first video frame's.
    public init?(_ track: Track, movieTimescale: UInt32, origin: MediaTime) {
        guard !track.samples.isEmpty,
            let presentation = track.edits.presentation(
                timescale: track.timescale, movieTimescale: movieTimescale)
        else { return nil }
        let shift = presentation.offset.subtractingSaturated(origin.ticks(at: track.timescale))
        var first: (index: Int, time: Int64)?
        var end = 0
        for sample in track.samples {
            guard sample.decodeTime < presentation.shown.upperBound else { break }
            end = sample.index + 1
            guard first == nil else { continue }
            let time = sample.decodeTime.addingSaturated(shift)
            if time >= 0 || time >= -Int64(sample.duration / 2) { first = (sample.index, time) }
        }
        guard let first else { return nil }
        samples = first.index..<max(end, first.index + 1)
        decodeTime = max(0, first.time)
        delay = max(0, -first.time)
    }
}

extension AudioCut {
    /// Sound that goes without a picture, as frames that it is cut at; nil as for `init`.
    public static func frames(of track: Track, movieTimescale: UInt32) -> FrameTimes? {
        var samples = track.samples.makeIterator()
        guard let first = samples.next(),
            let presentation = track.edits.presentation(timescale: track.timescale, movieTimescale: movieTimescale)
        else { return nil }
        let start = max(first.decodeTime, presentation.shown.lowerBound).addingSaturated(presentation.offset)
        guard
            let cut = AudioCut(
                track, movieTimescale: movieTimescale, origin: MediaTime(ticks: start, timescale: track.timescale))
        else { return nil }
        var times: [Int64] = []
        times.reserveCapacity(cut.samples.count)
        var (time, last) = (start, Int64(0))
        for sample in track.samples.samples(cut.samples) {
            times.append(time)
            last = Int64(sample.duration)
            time = time.addingSaturated(last)
        }
        return FrameTimes(timescale: track.timescale, times: times, keyframes: times, lastDuration: last)
    }

    /// The samples of each segment of a plan and the decode time of its first: a sample belongs to the segment in
    /// which its middle is heard, so boundaries are met within half a frame. What sounds on behind the last frame
    /// belongs to the last segment. A segment may be empty where there is no sound.
    public func segments(of plan: SegmentPlan, in track: Track) -> [Segment] {
        var segments: [Segment] = []
        segments.reserveCapacity(plan.segments.count)
        var iterator = track.samples.samples(samples).makeIterator()
        var next = iterator.next()
        var time = decodeTime
        for (number, planned) in plan.segments.enumerated() {
            let isLast = number == plan.segments.count - 1
            let end = planned.end.ticks(at: track.timescale)
            var segment = Segment(
                samples: (next?.index ?? samples.upperBound)..<(next?.index ?? samples.upperBound), decodeTime: time,
                duration: 0)
            while let sample = next, isLast || time.addingSaturated(Int64(sample.duration / 2)) < end {
                segment.samples = segment.samples.lowerBound..<sample.index + 1
                segment.duration = segment.duration.addingSaturated(Int64(sample.duration))
                time = time.addingSaturated(Int64(sample.duration))
                next = iterator.next()
            }
            segments.append(segment)
        }
        return segments
    }

    public struct Segment: Sendable, Hashable {
        public var samples: Range<Int>
        /// In ticks of the track.
        public var decodeTime: Int64
        public var duration: Int64
    }
}
