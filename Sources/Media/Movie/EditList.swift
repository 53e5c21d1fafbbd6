/// Which part of a track is shown, and when (`elst`, ISO/IEC 14496-12 8.6.6).
public struct EditList: Sendable, Hashable {
    public struct Entry: Sendable, Hashable {
        /// In the movie's timescale; 0 in fragmented files means: to the end.
        public var duration: UInt64
        /// In the track's timescale; nil for an empty edit (nothing is shown).
        public var mediaTime: Int64?
        /// 1 unless the file asks for another speed or a dwell.
        public var isNormalSpeed: Bool
    }

    public internal(set) var entries: [Entry]

    public static let none = EditList(entries: [])

    /// How sample times become times of the presentation, in ticks of the track.
    public struct Presentation: Sendable, Hashable {
        /// Added to a sample's composition time.
        public var offset: Int64
        /// Samples that are shown have a composition time in this range.
        public var shown: Range<Int64>
    }

    /// The mapping for edit lists of the usual form (empty edits, then one part of the media at normal speed);
    /// nil for any other, which only a transcoder can honour.
    public func presentation(timescale: UInt32, movieTimescale: UInt32) -> Presentation? {
        guard !entries.isEmpty else { return Presentation(offset: 0, shown: .min..<Int64.max) }
        var delay: Int64 = 0
        var found: Presentation?
        for entry in entries {
            guard entry.isNormalSpeed, entry.duration <= Limits.duration else { return nil }
            let duration = Int64(entry.duration)
            guard let start = entry.mediaTime else {
                // An empty edit after the media shows nothing more.
                if found == nil {
                    delay = delay.addingSaturated(
                        MediaTime.rescale(duration, from: movieTimescale, to: timescale))
                    guard delay <= Limits.duration else { return nil }
                }
                continue
            }
            guard found == nil, start >= 0, start <= Limits.duration else { return nil }
            // To the nearest tick, as ffmpeg has it: a frame that would start at the very end is not shown.
            let length = MediaTime.rescale(duration, from: movieTimescale, to: timescale)
            guard length <= Limits.duration else { return nil }
            let end = duration == 0 ? .max : start.addingSaturated(length)
            found = Presentation(offset: delay.subtractingSaturated(start), shown: start..<end)
        }
        return found
    }

    private enum Limits {
        /// Keeps sums of a few such values far from the ends of `Int64`.
        static let duration = 1 << 56
    }
}
