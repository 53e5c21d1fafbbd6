import Media

/// What can be played of a video: all that its playlists say.
public struct VideoPresentation: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case video(width: Int, height: Int, frameRate: Double)
        case audio(language: String?, channelCount: Int)
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
    /// The sound that all share.
    public var audio: Track?
    /// More segments follow.
    public var isGrowing: Bool

    public init(video: [Track], audio: Track?, isGrowing: Bool = false) {
        self.video = video
        self.audio = audio
        self.isGrowing = isGrowing
    }

    public subscript(name: String) -> Track? {
        audio?.name == name ? audio : video.first { $0.name == name }
    }
}

/// The playlists of a presentation. Child URIs are relative and carry the grant, because players send neither cookies nor
/// header fields along with them.
struct VideoPlaylists {
    static let type = "application/vnd.apple.mpegurl"
    private static let audioGroup = "audio"

    let presentation: VideoPresentation
    let token: String

    private var query: String { "?token=\(token)" }

    func master() -> String {
        let sound = presentation.audio
        let variants = presentation.video.map { track in
            let bandwidth = sound.map { track.bandwidth + $0.bandwidth } ?? track.bandwidth
            return HLS.MasterPlaylist.Variant(
                uri: "\(track.name)/index.m3u8\(query)", bandwidth: bandwidth.peak,
                averageBandwidth: bandwidth.average, codecs: [track.codecs] + (sound.map { [$0.codecs] } ?? []),
                resolution: track.resolution, frameRate: track.frameRate,
                audioGroup: sound == nil ? nil : Self.audioGroup)
        }
        return HLS.MasterPlaylist(variants: variants, audio: sound.map { [audioRendition($0)] } ?? []).render()
    }

    private func audioRendition(_ track: VideoPresentation.Track) -> HLS.MasterPlaylist.AudioRendition {
        var language: String?
        var channels: Int?
        if case .audio(let known, let count) = track.kind { (language, channels) = (known, count) }
        return HLS.MasterPlaylist.AudioRendition(
            groupID: Self.audioGroup, name: "Audio", language: language, uri: "\(track.name)/index.m3u8\(query)",
            channelCount: channels)
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
