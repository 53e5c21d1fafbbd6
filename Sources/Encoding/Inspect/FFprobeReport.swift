import Media

/// The JSON of `ffprobe -show_format -show_streams`, as far as it is used. Everything may be missing.
struct FFprobeReport: Decodable {
    struct Format: Decodable {
        var format_name: String?
        var duration: String?
        var nb_streams: Int?
        var start_time: String?
    }

    struct Stream: Decodable {
        struct SideData: Decodable {
            var rotation: Double?
        }

        var index: Int
        var codec_type: String?
        var codec_name: String?
        var profile: String?
        var level: Int?
        var pix_fmt: String?
        var bits_per_raw_sample: String?
        var width: Int?
        var height: Int?
        var sample_aspect_ratio: String?
        var avg_frame_rate: String?
        var r_frame_rate: String?
        var time_base: String?
        var start_pts: Int64?
        var start_time: String?
        var duration: String?
        var nb_frames: String?
        var color_primaries: String?
        var color_transfer: String?
        var color_space: String?
        var color_range: String?
        var field_order: String?
        var has_b_frames: Int?
        var sample_rate: String?
        var channels: Int?
        var disposition: [String: Int]?
        var tags: [String: String]?
        var side_data_list: [SideData]?

        /// A cover picture inside a sound file is no video, and pictures of chapters are none.
        var isVideo: Bool {
            announcesPicture && codec_name != nil && codec_name != "unknown" && (width ?? 0) > 0 && (height ?? 0) > 0
        }
        var announcesPicture: Bool { codec_type == "video" && !has("attached_pic") && !has("timed_thumbnails") }
        var isCover: Bool { codec_type == "video" && codec_name != nil && has("attached_pic") }
        var isAudio: Bool { codec_type == "audio" && codec_name != nil && codec_name != "unknown" }
        var isSubtitle: Bool { codec_type == "subtitle" }
        /// Of subtitles: what ffmpeg makes WebVTT of.
        var isText: Bool {
            ["subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text", "microdvd", "sami", "realtext", "subviewer"]
                .contains(codec_name)
        }

        /// Encrypted, as Matroska has it.
        var isProtected: Bool { tags?["enc_key_id"] != nil }

        func has(_ trait: String) -> Bool { disposition?[trait] == 1 }

        /// Matroska has it as a tag: `00:00:10.000000000`.
        var statedDuration: Double? {
            if let duration { return Double(duration) }
            let parts = (tags?["DURATION"] ?? "").split(separator: ":").map { Double($0) }
            guard parts.count == 3, let hours = parts[0], let minutes = parts[1], let seconds = parts[2] else {
                return nil
            }
            return hours * 3600 + minutes * 60 + seconds
        }
    }

    var format: Format?
    var streams: [Stream]?
}

extension FFprobeReport {
    var mainVideo: Stream? {
        let videos = (streams ?? []).filter(\.isVideo)
        return videos.first { $0.disposition?["default"] == 1 } ?? videos.first
    }

    var duration: Double {
        let heard = (streams ?? []).filter { $0.isVideo || $0.isAudio }.map(\.statedDuration)
        // Subtitles and data may outlive what there is to see and hear.
        let own = (streams ?? []).count > heard.count && !heard.contains(nil) ? heard.compactMap(\.self).max() : nil
        let stated = own ?? format?.duration.flatMap(Double.init) ?? mainVideo?.duration.flatMap(Double.init)
        return stated.map { $0.isFinite ? $0 : 0 } ?? 0
    }

    func facts(byteCount: Int) -> MediaFacts {
        // Where a stream does not tell its own end, the container's is that of whatever is longest.
        // bound: floating point
        let end = duration > 0 ? duration + (format?.start_time.flatMap { Double($0) } ?? 0) : nil
        let audio = (streams ?? []).filter(\.isAudio).compactMap(AudioFacts.init).map { audio in
            var audio = audio
            audio.end = audio.end ?? end
            return audio
        }
        var facts = MediaFacts(
            container: format?.format_name ?? "", byteCount: byteCount, duration: duration,
            video: mainVideo.map(VideoFacts.init), audio: audio,
            subtitles: (streams ?? []).filter { $0.isSubtitle && $0.isText }.map(SubtitleFacts.init),
            pictureSubtitleCount: (streams ?? []).count { $0.isSubtitle && !$0.isText },
            cover: mainVideo == nil ? (streams ?? []).first(where: \.isCover).flatMap(CoverFacts.init) : nil)
        facts.isSoundMissing = (streams ?? []).count { $0.codec_type == "audio" } > facts.audio.count
        facts.isPictureMissing = mainVideo == nil && (streams ?? []).contains(where: \.announcesPicture)
        return facts
    }
}

extension VideoFacts {
    init(_ stream: FFprobeReport.Stream) {
        let pixelFormat = stream.pix_fmt ?? ""
        index = stream.index
        codec = stream.codec_name ?? ""
        profile = stream.profile
        level = stream.level.flatMap { $0 > 0 ? $0 : nil }
        self.pixelFormat = pixelFormat
        bitDepth = Self.bitDepth(pixelFormat, stated: stream.bits_per_raw_sample)
        width = stream.width ?? 0
        height = stream.height ?? 0
        rotation = Self.rotation(stream)
        pixelAspectRatio = stream.sample_aspect_ratio.flatMap { Ratio($0) }
        averageFrameRate = Self.frameRate(stream)
        timeBase = stream.time_base.flatMap { Ratio($0) } ?? Ratio(1, 90_000)
        start = stream.start_pts
        frameCount = stream.nb_frames.flatMap { Int($0) }
        colorPrimaries = stream.color_primaries
        colorTransfer = stream.color_transfer
        colorSpace = stream.color_space
        colorRange = stream.color_range
        fieldOrder = stream.field_order
        isReordered = (stream.has_b_frames ?? 0) > 0
    }

    /// Where a container knows no rate, ffprobe makes one up from its clock: a thousand a second.
    private static func frameRate(_ stream: FFprobeReport.Stream) -> Ratio? {
        let stated = [stream.avg_frame_rate, stream.r_frame_rate].compactMap { $0.flatMap { Ratio($0) } }
        return stated.first { $0.value < 1000 } ?? (stream.nb_frames == nil ? nil : stated.first)
    }

    private static func bitDepth(_ pixelFormat: String, stated: String?) -> Int {
        for depth in [9, 10, 12, 14, 16] where pixelFormat.contains("p\(depth)") || pixelFormat.contains("p0\(depth)") {
            return depth
        }
        return stated.flatMap { Int($0) }.map { max(8, $0) } ?? 8
    }

    /// ffprobe tells the display matrix's angle counter-clockwise, the old tag clockwise.
    private static func rotation(_ stream: FFprobeReport.Stream) -> Int {
        let angle =
            stream.side_data_list?.compactMap(\.rotation).first.map { -$0 }
            ?? stream.tags?["rotate"].flatMap { Double($0) } ?? 0
        let quarter = Int(clamping: (angle / 90).rounded()) % 4
        return (quarter + 4) % 4 * 90
    }
}

extension AudioFacts {
    init?(_ stream: FFprobeReport.Stream) {
        guard let rate = stream.sample_rate.flatMap({ Int($0) }), rate > 0, let channels = stream.channels, channels > 0
        else { return nil }
        index = stream.index
        codec = stream.codec_name ?? ""
        profile = stream.profile
        sampleRate = rate
        channelCount = channels
        label = TrackLabel(stream)
        isDefault = stream.has("default")
        timeBase = stream.time_base.flatMap { Ratio($0) } ?? Ratio(1, rate)
        // A tag of Matroska tells the end, a stated duration the length.
        let start = stream.duration == nil ? 0 : stream.start_time.flatMap { Double($0) } ?? 0
        // bound: floating point
        end = stream.statedDuration.map { $0 + start }.flatMap { $0.isFinite ? $0 : nil }
    }
}

extension SubtitleFacts {
    init(_ stream: FFprobeReport.Stream) {
        index = stream.index
        codec = stream.codec_name ?? ""
        label = TrackLabel(stream)
        isForced = stream.has("forced")
        isForDeaf = stream.has("hearing_impaired") || stream.has("captions")
    }
}

extension TrackLabel {
    private static let longestTitle = 100

    init(_ stream: FFprobeReport.Stream) {
        let words = stream.tags?["title"]?.unicodeScalars.filter { $0.properties.generalCategory != .control } ?? []
        let text = String(String.UnicodeScalarView(words)).prefix(Self.longestTitle)
        self.init(
            title: text.contains { !$0.isWhitespace } ? String(text) : nil,
            language: stream.tags?["language"].flatMap(LanguageTag.init(_:))?.text,
            isDescription: stream.has("visual_impaired") || stream.has("descriptions"))
    }
}

extension CoverFacts {
    init?(_ stream: FFprobeReport.Stream) {
        guard let width = stream.width, let height = stream.height, width > 0, height > 0 else { return nil }
        self.init(index: stream.index, size: PixelSize(width: width, height: height))
    }
}
