extension HLS {
    /// A media playlist: the segments of one rendition (RFC 8216 4.3.3).
    public struct MediaPlaylist: Sendable, Hashable {
        public struct Key: Sendable, Hashable {
            public var uri: String
            /// 16 bytes; nil: for each segment its media sequence number (RFC 8216 5.2), so that one tag stands for all.
            public var initializationVector: [UInt8]?

            public init(uri: String, initializationVector: [UInt8]? = nil) {
                self.uri = uri
                self.initializationVector = initializationVector
            }
        }

        public struct Segment: Sendable, Hashable {
            public var uri: String
            public var duration: MediaTime
            /// AES-128 over the whole segment; nil: in the clear.
            public var key: Key?
            /// Its own; nil: the playlist's.
            public var initSegmentURI: String?
            /// The first bytes of the resource, as they are before it is encrypted; nil: all of it.
            public var prefixByteCount: Int?

            public init(
                uri: String, duration: MediaTime, key: Key? = nil, initSegmentURI: String? = nil,
                prefixByteCount: Int? = nil
            ) {
                self.uri = uri
                self.duration = duration
                self.key = key
                self.initSegmentURI = initSegmentURI
                self.prefixByteCount = prefixByteCount
            }
        }

        /// The init segment, always in the clear: no `EXT-X-KEY` holds where `EXT-X-MAP` stands (RFC 8216 4.3.2.5).
        public var initSegmentURI: String?
        /// Of the first segment.
        public var mediaSequence: Int
        public var segments: [Segment]
        /// All segments are listed (`EXT-X-PLAYLIST-TYPE:VOD`, `EXT-X-ENDLIST`); otherwise more follow, and players begin at
        /// the first one (`EVENT`, `EXT-X-START`).
        public var isComplete: Bool
        /// Each segment is one keyframe, shown until the next (RFC 8216 4.3.3.6).
        public var hasKeyframesOnly = false
        /// As a parsed playlist says; rendering takes it from the segments.
        public internal(set) var statedTargetDuration: Int?

        public init(initSegmentURI: String?, segments: [Segment], mediaSequence: Int = 0, isComplete: Bool = true) {
            self.initSegmentURI = initSegmentURI
            self.segments = segments
            self.mediaSequence = mediaSequence
            self.isComplete = isComplete
        }

        public var duration: MediaTime { segments.reduce(.zero) { $0 + $1.duration } }

        /// The longest duration, rounded to the nearest second (RFC 8216 4.3.3.1), at least 1.
        public var targetDuration: Int {
            max(1, segments.map { Int($0.duration.ticks(at: 1)) }.max() ?? 1)
        }

        /// The text of the playlist. Each `EXTINF` is the distance of two boundaries that were rounded to
        /// microseconds from the start, so a sum of them is never off by more than one.
        public func render() -> String {
            var text = "#EXTM3U\n#EXT-X-VERSION:\(HLS.version)\n#EXT-X-TARGETDURATION:\(targetDuration)\n"
            text.reserveCapacity(256 + segments.count * 96)
            text += "#EXT-X-MEDIA-SEQUENCE:\(mediaSequence)\n"
            text += "#EXT-X-PLAYLIST-TYPE:\(isComplete ? "VOD" : "EVENT")\n"
            if !isComplete { text += "#EXT-X-START:TIME-OFFSET=0\n" }
            text += "#EXT-X-INDEPENDENT-SEGMENTS\n"
            if hasKeyframesOnly { text += "#EXT-X-I-FRAMES-ONLY\n" }
            var end = MediaTime.zero
            var written: Int64 = 0
            var key: Key?
            var map: String?
            for segment in segments {
                if let uri = segment.initSegmentURI ?? initSegmentURI, uri != map {
                    if key != nil { text += "#EXT-X-KEY:METHOD=NONE\n" }
                    var attributes = AttributeList()
                    attributes.set("URI", quoted: uri)
                    text += "#EXT-X-MAP:\(attributes.text)\n"
                    (map, key) = (uri, nil)
                }
                if segment.key != key {
                    text += "#EXT-X-KEY:\(Self.attributes(of: segment.key).text)\n"
                    key = segment.key
                }
                end += segment.duration  // bound: times add without overflow
                let rounded = end.ticks(at: 1_000_000)
                let duration = MediaTime.decimal(microseconds: rounded.subtractingSaturated(written))
                written = rounded
                text += "#EXTINF:\(duration),\n"
                if let count = segment.prefixByteCount { text += "#EXT-X-BYTERANGE:\(count)@0\n" }
                text += "\(segment.uri)\n"
            }
            if isComplete { text += "#EXT-X-ENDLIST\n" }
            return text
        }

        private static func attributes(of key: Key?) -> AttributeList {
            var attributes = AttributeList()
            guard let key else {
                attributes.set("METHOD", "NONE")
                return attributes
            }
            attributes.set("METHOD", "AES-128")
            attributes.set("URI", quoted: key.uri)
            if let vector = key.initializationVector {
                let digits = vector.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }
                attributes.set("IV", "0x" + digits.joined())
            }
            return attributes
        }
    }
}
