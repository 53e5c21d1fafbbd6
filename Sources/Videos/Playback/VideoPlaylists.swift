import Media

/// The playlists of a presentation: the same text for everybody. Child URIs are relative and inherit the grant from the
/// address of their playlist, because players send neither cookies nor header fields along with them.
struct VideoPlaylists {
    static let type = "application/vnd.apple.mpegurl"
    private static let audioGroup = "audio"
    private static let subtitlesGroup = "subtitles"

    let presentation: Presentation
    /// Where the other playlists are, seen from the master playlist: ends with a slash, or is empty.
    var folder = ""

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
                uri: "\(folder)\(track.name)/index.m3u8", bandwidth: bandwidth.peak,
                averageBandwidth: bandwidth.average, codecs: own + soundCodecs, resolution: track.resolution,
                frameRate: track.frameRate, audioGroup: main == nil ? nil : Self.audioGroup,
                subtitlesGroup: presentation.captions.isEmpty ? nil : Self.subtitlesGroup)
        }
        return HLS.MasterPlaylist(
            variants: variants, keyframes: presentation.video.compactMap(keyframes), audio: audioRenditions,
            subtitles: subtitles
        ).render()
    }

    private func keyframes(of track: Presentation.Track) -> HLS.MasterPlaylist.KeyframeVariant? {
        guard let sizes = track.keyframeByteCounts, let resolution = track.resolution else { return nil }
        let bandwidth = HLS.Bandwidth(measuring: zip(sizes, track.segmentDurations).map { ($0, $1) })
        return HLS.MasterPlaylist.KeyframeVariant(
            uri: "\(folder)\(track.name)/keyframes.m3u8", bandwidth: bandwidth, codec: track.codecs,
            resolution: resolution)
    }

    private var audioRenditions: [HLS.MasterPlaylist.AudioRendition] {
        let labels = presentation.audio.map { track in
            if case .audio(let label, _) = track.kind { label } else { TrackLabel() }
        }
        let names = Self.names(labels)
        return presentation.audio.enumerated().map { position, track in
            var channels: Int?
            if case .audio(_, let count) = track.kind { channels = count }
            return HLS.MasterPlaylist.AudioRendition(
                groupID: Self.audioGroup, name: names[position], language: labels[position].language,
                uri: "\(folder)\(track.name)/index.m3u8", isDefault: position == 0, channelCount: channels,
                isDescription: labels[position].isDescription)
        }
    }

    private var subtitles: [HLS.MasterPlaylist.SubtitlesRendition] {
        zip(presentation.captions, Self.names(presentation.captions.map(\.label))).map { captions, name in
            HLS.MasterPlaylist.SubtitlesRendition(
                groupID: Self.subtitlesGroup, name: name, language: captions.label.language,
                uri: "\(folder)\(captions.name)/index.m3u8", isForced: captions.isForced, isForDeaf: captions.isForDeaf)
        }
    }

    /// Its title, else its language, else its place among the others; each once, as RFC 8216 4.3.4.1.1 asks for.
    private static func names(_ labels: [TrackLabel]) -> [String] {
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
    func captions() -> String {
        HLS.MediaPlaylist(
            initSegmentURI: nil,
            segments: [HLS.MediaPlaylist.Segment(uri: "captions.vtt", duration: presentation.duration)]
        ).render()
    }
}

/// All that the playlist of one track depends on.
struct SegmentList: Sendable, Hashable {
    var durations: [MediaTime]
    var isEncrypted: Bool
    /// More segments follow.
    var isGrowing: Bool
    /// Below this are the segments that have one address for all viewers; nil: all are below the grant.
    var sharedFolder: String?
    var name: String
    var mended: Set<Int>
    var mendedName: String
    /// Of each segment only what shows its first picture; nil: all of it.
    var keyframeByteCounts: [Int]?

    init(_ track: Presentation.Track, of video: VersionID, isGrowing: Bool) {
        durations = track.segmentDurations
        isEncrypted = track.isEncrypted
        self.isGrowing = isGrowing
        name = track.name
        mended = track.mended
        mendedName = track.mendedName
        if track.isEncrypted, track.isComplete, !isGrowing { sharedFolder = "/media/\(video)/" }
    }

    /// One key for all segments, whose numbers are their media sequence numbers and so their initialization vectors: for
    /// keyframes too, as there is one in each segment, at its beginning. Of an encrypted one players fetch whole blocks and
    /// decrypt these (RFC 8216 6.3.6).
    func render() -> String {
        let key = isEncrypted ? HLS.MediaPlaylist.Key(uri: "key") : nil
        let segments = durations.enumerated().map { number, duration in
            let isMended = mended.contains(number)
            let folder =
                if let sharedFolder { "\(sharedFolder)\(isMended ? mendedName : name)/" } else {
                    isMended ? "../\(mendedName)/" : ""
                }
            return HLS.MediaPlaylist.Segment(
                uri: "\(folder)\(number).m4s", duration: duration, key: key,
                initSegmentURI: isMended ? "../\(mendedName)/init.mp4" : nil,
                prefixByteCount: keyframeByteCounts?[number])
        }
        var list = HLS.MediaPlaylist(initSegmentURI: "init.mp4", segments: segments, isComplete: !isGrowing)
        list.hasKeyframesOnly = keyframeByteCounts != nil
        return list.render()
    }
}

extension Presentation.Track {
    fileprivate var resolution: HLS.MasterPlaylist.Resolution? {
        guard case .video(let size, _) = kind else { return nil }
        return HLS.MasterPlaylist.Resolution(width: size.width, height: size.height)
    }

    fileprivate var frameRate: Double? {
        guard case .video(_, let rate) = kind else { return nil }
        return rate
    }
}
