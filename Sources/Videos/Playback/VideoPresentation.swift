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

        public init(
            name: String, kind: Kind, codecs: String, bandwidth: HLS.Bandwidth, segmentDurations: [MediaTime],
            isEncrypted: Bool
        ) {
            self.name = name
            self.kind = kind
            self.codecs = codecs
            self.bandwidth = bandwidth
            self.segmentDurations = segmentDurations
            self.isEncrypted = isEncrypted
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

/// The playlists of a presentation. Child URIs are relative and carry the grant, because players send neither cookies nor
/// header fields along with them.
struct VideoPlaylists {
    static let type = "application/vnd.apple.mpegurl"
    private static let audioGroup = "audio"
    private static let subtitlesGroup = "subtitles"

    let presentation: VideoPresentation
    let token: String

    private var query: String { "?token=\(token)" }

    func master() -> String {
        let main = presentation.audio.first
        // A variant must say what the most costly of its sounds takes (RFC 8216 4.3.4.2).
        let sound = presentation.audio.map(\.bandwidth).max { $0.peak < $1.peak }
        let soundCodecs = presentation.audio.map(\.codecs).reduce(into: [String]()) { codecs, next in
            if !codecs.contains(next) { codecs.append(next) }
        }
        // Sound alone is its own variant.
        let shown = presentation.video.isEmpty ? main.map { [$0] } ?? [] : presentation.video
        let variants = shown.map { track in
            let own = track.resolution == nil ? [] : [track.codecs]
            let bandwidth =
                track.resolution == nil ? track.bandwidth : sound.map { track.bandwidth + $0 } ?? track.bandwidth
            return HLS.MasterPlaylist.Variant(
                uri: "\(track.name)/index.m3u8\(query)", bandwidth: bandwidth.peak,
                averageBandwidth: bandwidth.average, codecs: own + soundCodecs, resolution: track.resolution,
                frameRate: track.frameRate, audioGroup: main == nil ? nil : Self.audioGroup,
                subtitlesGroup: presentation.captions.isEmpty ? nil : Self.subtitlesGroup)
        }
        return HLS.MasterPlaylist(variants: variants, audio: audioRenditions, subtitles: subtitles).render()
    }

    private var audioRenditions: [HLS.MasterPlaylist.AudioRendition] {
        let labels = presentation.audio.map { track in
            if case .audio(let label, _) = track.kind { label } else { VideoPresentation.Label() }
        }
        let names = Self.names(labels)
        return presentation.audio.enumerated().map { position, track in
            var channels: Int?
            if case .audio(_, let count) = track.kind { channels = count }
            return HLS.MasterPlaylist.AudioRendition(
                groupID: Self.audioGroup, name: names[position], language: labels[position].language,
                uri: "\(track.name)/index.m3u8\(query)", isDefault: position == 0, channelCount: channels,
                isDescription: labels[position].isDescription)
        }
    }

    private var subtitles: [HLS.MasterPlaylist.SubtitlesRendition] {
        zip(presentation.captions, Self.names(presentation.captions.map(\.label))).map { captions, name in
            HLS.MasterPlaylist.SubtitlesRendition(
                groupID: Self.subtitlesGroup, name: name, language: captions.label.language,
                uri: "\(captions.name)/index.m3u8\(query)", isForced: captions.isForced, isForDeaf: captions.isForDeaf)
        }
    }

    /// Its title, else its language, else its place among the others; each once, as RFC 8216 4.3.4.1.1 asks for.
    private static func names(_ labels: [VideoPresentation.Label]) -> [String] {
        var names: [String] = []
        for (position, label) in labels.enumerated() {
            let name = label.title ?? label.language ?? "\(position + 1)"
            var unique = name
            var count = 1
            while names.contains(unique) {
                count += 1
                unique = "\(name) (\(count))"
            }
            names.append(unique)
        }
        return names
    }

    /// One segment, as long as the film: players read text of an hour in one go.
    func media(of captions: VideoPresentation.Captions) -> String {
        let tracks = presentation.video + presentation.audio
        let duration = tracks.first?.segmentDurations.reduce(MediaTime.zero, +) ?? .zero
        return HLS.MediaPlaylist(
            initSegmentURI: nil,
            segments: [HLS.MediaPlaylist.Segment(uri: "captions.vtt\(query)", duration: duration)]
        ).render()
    }

    func media(of track: VideoPresentation.Track) -> String {
        let segments = track.segmentDurations.enumerated().map { number, duration in
            HLS.MediaPlaylist.Segment(
                uri: "\(number).m4s\(query)", duration: duration,
                key: track.isEncrypted
                    ? HLS.MediaPlaylist.Key(
                        uri: "key\(query)", initializationVector: HLS.initializationVector(segment: number)) : nil)
        }
        return HLS.MediaPlaylist(
            initSegmentURI: "init.mp4\(query)", segments: segments, isComplete: !presentation.isGrowing
        )
        .render()
    }
}

extension VideoPresentation.Track {
    fileprivate var resolution: HLS.MasterPlaylist.Resolution? {
        guard case .video(let width, let height, _) = kind else { return nil }
        return HLS.MasterPlaylist.Resolution(width: width, height: height)
    }

    fileprivate var frameRate: Double? {
        guard case .video(_, _, let rate) = kind else { return nil }
        return rate
    }
}
