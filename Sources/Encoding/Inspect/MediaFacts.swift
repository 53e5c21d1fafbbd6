import Media

/// What is known about an uploaded file before anything is decided: the answer of ffprobe as values.
public struct MediaFacts: Sendable, Hashable, Codable {
    /// ffmpeg's names of the container, e.g. `mov,mp4,m4a,3gp,3g2,mj2`.
    public var container: String
    public var byteCount: Int
    /// In seconds.
    public var duration: Double
    /// Nil: sound alone.
    public var video: VideoFacts?
    public var audio: [AudioFacts]
    /// Of text, which viewers can be shown.
    public var subtitles: [SubtitleFacts]
    /// Subtitles that are pictures.
    public var pictureSubtitleCount: Int
    /// The picture on a record's sleeve.
    public var cover: CoverFacts?
    /// By its own head or tables the file should be longer.
    public var isTruncated: Bool
    /// Where MPEG audio begins, in bytes, that lies behind something else, so that ffmpeg does not find it by itself.
    public var soundStart: Int?
    /// The file announces a picture that cannot be had.
    public var isPictureMissing = false
    /// The same for one of the sounds.
    public var isSoundMissing = false

    public init(
        container: String, byteCount: Int, duration: Double, video: VideoFacts?, audio: [AudioFacts],
        subtitles: [SubtitleFacts] = [], pictureSubtitleCount: Int = 0, cover: CoverFacts? = nil,
        isTruncated: Bool = false
    ) {
        self.container = container
        self.byteCount = byteCount
        self.duration = duration
        self.video = video
        self.audio = audio
        self.subtitles = subtitles
        self.pictureSubtitleCount = pictureSubtitleCount
        self.cover = cover
        self.isTruncated = isTruncated
    }

    /// MP4, QuickTime and relatives: their sample tables are read directly.
    public var isISOMedia: Bool { container.split(separator: ",").contains("mp4") }

    /// The sound that viewers hear: the one marked as default, else the first.
    public var mainAudio: AudioFacts? { audio.first(where: \.isDefault) ?? audio.first }

    /// All sound, beginning with what viewers hear.
    public var sounds: [AudioFacts] {
        guard let main = mainAudio else { return [] }
        return [main] + audio.filter { $0.index != main.index }
    }
}

/// A fraction as ffprobe writes it, e.g. `30000/1001`.
public struct Ratio: Sendable, Hashable, Codable {
    public var numerator: Int
    public var denominator: Int

    public init(_ numerator: Int, _ denominator: Int) {
        self.numerator = numerator
        self.denominator = denominator
    }

    /// Reads `a/b` or `a:b`; nil for anything else, for a zero on either side and for what takes more than 31 bits, which
    /// ffmpeg never writes.
    public init?(_ text: String) {
        let parts = text.split(whereSeparator: { $0 == "/" || $0 == ":" }).compactMap { Int32($0) }.map(Int.init)
        guard parts.count == 2, parts[0] > 0, parts[1] > 0 else { return nil }
        self.init(parts[0], parts[1])
    }

    public var value: Double { Double(numerator) / Double(denominator) }
}

public struct VideoFacts: Sendable, Hashable, Codable {
    /// Position among all streams of the file.
    public var index: Int
    public var codec: String
    public var profile: String?
    /// As ffprobe counts: ten times the level for H.264.
    public var level: Int?
    public var pixelFormat: String
    public var bitDepth: Int
    /// As coded, before rotation and with pixels that need not be square.
    public var width: Int
    public var height: Int
    /// Clockwise quarter turns that make the picture upright, in degrees: 0, 90, 180 or 270.
    public var rotation: Int
    public var pixelAspectRatio: Ratio?
    public var averageFrameRate: Ratio?
    public var timeBase: Ratio
    /// In ticks of `timeBase`, where the file says.
    public var start: Int64?
    public var frameCount: Int?
    public var colorPrimaries: String?
    public var colorTransfer: String?
    public var colorSpace: String?
    public var colorRange: String?
    public var fieldOrder: String?
    /// Frames are not decoded in the order in which they are shown.
    public var isReordered: Bool

    /// Upright, with square pixels.
    public var displaySize: PixelSize {
        var size = PixelSize(width: width, height: height)
        if let ratio = pixelAspectRatio, ratio.numerator != ratio.denominator {
            size.width = max(1, Int(clamping: (Double(width) * ratio.value).rounded()))
        }
        return rotation % 180 == 0 ? size : PixelSize(width: size.height, height: size.width)
    }

    /// As coded, upright.
    var uprightSize: PixelSize {
        rotation % 180 == 0 ? PixelSize(width: width, height: height) : PixelSize(width: height, height: width)
    }

    public var isHighDynamicRange: Bool { ["smpte2084", "arib-std-b67"].contains(colorTransfer) }
    public var isFullRange: Bool { colorRange == "pc" || pixelFormat.hasPrefix("yuvj") }
    public var isInterlaced: Bool { ["tt", "bb", "tb", "bt"].contains(fieldOrder) }
}

public struct AudioFacts: Sendable, Hashable, Codable {
    /// Position among all streams of the file.
    public var index: Int
    public var codec: String
    public var profile: String?
    public var sampleRate: Int
    public var channelCount: Int
    public var label = TrackLabel()
    public var isDefault: Bool
    public var timeBase: Ratio
    /// In seconds on the file's clock, where the file says.
    public var end: Double?
}

/// Text that is shown at its time.
public struct SubtitleFacts: Sendable, Hashable, Codable {
    /// Position among all streams of the file.
    public var index: Int
    public var codec: String
    public var label: TrackLabel
    /// Meant for all viewers: what is said in another language.
    public var isForced: Bool
    /// Tells of sounds too, for those who do not hear them.
    public var isForDeaf: Bool
}

/// A picture that goes with sound.
public struct CoverFacts: Sendable, Hashable, Codable {
    /// Position among all streams of the file.
    public var index: Int
    public var size: PixelSize
}

extension MediaFacts {
    /// What can be said before anything is made.
    var warnings: [MediaWarning] {
        var warnings: [MediaWarning] = []
        if isTruncated { warnings.append(MediaWarning(.truncated)) }
        if isPictureMissing { warnings.append(MediaWarning(.pictureMissing)) }
        if isSoundMissing { warnings.append(MediaWarning(.soundMissing)) }
        if pictureSubtitleCount > 0 {
            warnings.append(MediaWarning(.subtitlesIgnored, detail: "\(pictureSubtitleCount)"))
        }
        return warnings
    }
}
