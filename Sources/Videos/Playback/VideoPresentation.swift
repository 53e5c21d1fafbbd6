import Media

/// What can be played of a video: all that its playlists say.
public struct VideoPresentation: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case video(width: Int, height: Int, frameRate: Double)
        case audio(label: Label, channelCount: Int)
    }

    /// What tells tracks of a kind apart.
    public struct Label: Sendable, Hashable {
        public var title: String?
        /// RFC 5646.
        public var language: String?
        /// Tells those who do not see what there is to see.
        public var isDescription: Bool

        public init(title: String? = nil, language: String? = nil, isDescription: Bool = false) {
            self.title = title
            self.language = language
            self.isDescription = isDescription
        }
    }

    /// Text that is shown at its time: one file of WebVTT.
    public struct Captions: Sendable, Hashable {
        /// `captions0`: its part of the URL.
        public var name: String
        public var label: Label
        /// Meant for all viewers.
        public var isForced: Bool
        /// Tells of sounds too.
        public var isForDeaf: Bool

        public init(name: String, label: Label, isForced: Bool = false, isForDeaf: Bool = false) {
            self.name = name
            self.label = label
            self.isForced = isForced
            self.isForDeaf = isForDeaf
        }
    }

    /// One list of segments.
    public struct Track: Sendable, Hashable {
        /// `720p`, `audio`: its part of the URL.
        public var name: String
        public var kind: Kind
        /// RFC 6381.
        public var codecs: String
        /// Of this track alone.
        public var bandwidth: HLS.Bandwidth
        public var segmentDurations: [MediaTime]
        public var isEncrypted: Bool
        /// All its segments are made.
        public var isComplete: Bool
        /// How many bytes of each segment, before it is encrypted, show its first picture; nil before all are known.
        public var keyframeByteCounts: [Int]?
        /// Numbers of segments that others stand in for, and the part of the URL of those: they have an init segment of their
        /// own, and the key of this track.
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

    public subscript(name: String) -> Track? {
        video.first { $0.name == name } ?? audio.first { $0.name == name }
    }
}
