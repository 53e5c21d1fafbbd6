/// What can be played of a video: all that its playlists say. Immutable; a new one is made when a measurement changes.
public struct Presentation: Sendable, Hashable {
    /// One list of segments.
    public struct Track: Sendable, Hashable {
        public enum Kind: Sendable, Hashable {
            case video(size: PixelSize, frameRate: Double)
            case audio(label: TrackLabel, channelCount: Int)
        }

        /// `720p`, `audio`: the folder and the part of the URL.
        public var name: String
        public var kind: Kind
        /// RFC 6381.
        public var codecs: String
        /// Of this track alone: add the sound's to a variant. Measured as soon as a segment is made.
        public var bandwidth: HLS.Bandwidth
        /// Exact; one for each segment.
        public var segmentDurations: [MediaTime]
        public var isEncrypted: Bool
        /// All its segments are made.
        public var isComplete: Bool
        /// How many bytes of each segment, before it is encrypted, show its first picture; nil before all are known.
        public var keyframeByteCounts: [Int]?
        /// Numbers of segments that others stand in for: below `mendedName`, with an init segment of their own and the key of
        /// this track.
        public var mended: Set<Int>
        public var mendedName: String

        public init(
            name: String, kind: Kind, codecs: String, bandwidth: HLS.Bandwidth, segmentDurations: [MediaTime],
            isEncrypted: Bool, isComplete: Bool = true, keyframeByteCounts: [Int]? = nil, mended: Set<Int> = [],
            mendedName: String = ""
        ) {
            self.name = name
            self.kind = kind
            self.codecs = codecs
            self.bandwidth = bandwidth
            self.segmentDurations = segmentDurations
            self.isEncrypted = isEncrypted
            self.isComplete = isComplete
            self.keyframeByteCounts = keyframeByteCounts
            self.mended = mended
            self.mendedName = mendedName
        }

        public var isVideo: Bool {
            if case .video = kind { true } else { false }
        }
    }

    /// Text that is shown at its time: one file of WebVTT.
    public struct Captions: Sendable, Hashable {
        /// `captions0`: the folder and the part of the URL.
        public var name: String
        public var label: TrackLabel
        /// Meant for all viewers.
        public var isForced: Bool
        /// Tells of sounds too.
        public var isForDeaf: Bool

        public init(name: String, label: TrackLabel, isForced: Bool = false, isForDeaf: Bool = false) {
            self.name = name
            self.label = label
            self.isForced = isForced
            self.isForDeaf = isForDeaf
        }
    }

    /// The best first; segments begin at the same times in all of them.
    public var video: [Track]
    /// What viewers hear comes first.
    public var audio: [Track]
    public var captions: [Captions]
    /// More segments follow.
    public var isGrowing: Bool

    public init(video: [Track], audio: [Track], captions: [Captions] = [], isGrowing: Bool = false) {
        self.video = video
        self.audio = audio
        self.captions = captions
        self.isGrowing = isGrowing
    }

    public var duration: MediaTime {
        (video.first ?? audio.first)?.segmentDurations.reduce(.zero, +) ?? .zero
    }

    public subscript(name: String) -> Track? {
        video.first { $0.name == name } ?? audio.first { $0.name == name }
    }

    /// The track for whose segments those of this name stand in.
    public func mended(_ name: String) -> Track? {
        (video + audio).first { !$0.mended.isEmpty && $0.mendedName == name }
    }

    /// The track of this name if all can have it from any cache.
    public func shared(_ name: String) -> Track? {
        guard !isGrowing, let track = self[name] ?? mended(name), track.isEncrypted, track.isComplete else {
            return nil
        }
        return track
    }
}
