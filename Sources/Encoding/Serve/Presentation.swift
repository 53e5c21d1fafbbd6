import Media

/// All that playlists say about a video. Immutable; a new one is made when a measurement changes.
public struct Presentation: Sendable, Hashable {
    public struct Rendition: Sendable, Hashable {
        public enum Kind: Sendable, Hashable {
            case video(size: PixelSize, frameRate: Double)
            case audio(label: TrackLabel, channelCount: Int)
        }

        /// `720p`, `audio`: the folder and the part of the URL.
        public var name: String
        public var kind: Kind
        /// RFC 6381.
        public var codecs: String
        /// Of this rendition alone: add the sound's to a variant. Measured as soon as a segment is made.
        public var bandwidth: HLS.Bandwidth
        /// Exact; one for each segment.
        public var segmentDurations: [MediaTime]
        public var isEncrypted: Bool
        public var isComplete: Bool
        /// How many bytes of each segment, before it is encrypted, show its first picture; nil before all are known.
        public var keyframeByteCounts: [Int]?
        /// Numbers of segments that others stand in for: below `mendedName`, with an init segment of their own.
        public var mended: Set<Int> = []

        public var mendedName: String { Workshop.mended(name) }

        public var isVideo: Bool {
            if case .video = kind { true } else { false }
        }
    }

    /// Text that is shown at its time.
    public struct Captions: Sendable, Hashable {
        /// `captions0`: the folder and the part of the URL.
        public var name: String
        public var label: TrackLabel
        /// Meant for all viewers.
        public var isForced: Bool
        /// Tells of sounds too.
        public var isForDeaf: Bool
    }

    /// Of the whole video.
    public var duration: MediaTime
    /// The best first; segments begin at the same times in all of them.
    public var video: [Rendition]
    /// Where the small pictures of the seek bar lie, once `picture(id, .storyboard)` is there.
    public var storyboard: Storyboard
    /// What viewers hear comes first.
    public var audio: [Rendition]
    public var captions: [Captions]
    /// More segments follow.
    public var isGrowing: Bool

    public subscript(name: String) -> Rendition? {
        video.first { $0.name == name } ?? audio.first { $0.name == name }
    }

    /// The rendition for whose segments those of this name stand in.
    func mended(_ name: String) -> Rendition? {
        (video + audio).first { !$0.mended.isEmpty && $0.mendedName == name }
    }

    /// The rendition of this name if all can have it from any cache.
    func shared(_ name: String) -> Rendition? {
        guard !isGrowing, let rendition = self[name] ?? mended(name), rendition.isEncrypted, rendition.isComplete else {
            return nil
        }
        return rendition
    }
}
