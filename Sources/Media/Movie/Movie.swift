/// What the movie box of an MP4 or QuickTime file says, with the sample tables of its video and AAC tracks.
public struct Movie: Sendable {
    /// Major brand first, then the compatible ones; empty for old QuickTime files.
    public internal(set) var brands: [FourCC] = []
    /// Ticks a second of the movie header and of edit durations.
    public internal(set) var timescale: UInt32 = 1
    public internal(set) var tracks: [Track] = []
    /// Samples come in movie fragments (`moof`).
    public internal(set) var isFragmented = false
    /// The file ends before the last byte that its tables or top-level boxes name.
    public internal(set) var isTruncated = false

    public var videoTracks: [Track] { tracks.filter { $0.video != nil } }
    public var audioTracks: [Track] { tracks.filter { $0.audio != nil } }
}

/// One track of a movie.
public struct Track: Sendable {
    public enum Format: Sendable, Hashable {
        case video(VideoFormat)
        case audio(AudioFormat)
        /// Subtitles, time codes, metadata; samples are not read.
        case other(handler: FourCC)
    }

    public let id: UInt32
    public let isEnabled: Bool
    /// Ticks a second of this track's sample times.
    public let timescale: UInt32
    /// ISO 639-2/T, `und` when the file does not say.
    public let language: String
    /// How the decoded picture must be turned to be upright.
    public let rotation: Rotation
    public let format: Format
    /// There are different sample descriptions: the format above is the first one's and does not speak for all samples.
    public let changesFormat: Bool
    public let edits: EditList
    /// Empty for audio that is no AAC and for other tracks.
    public let samples: SampleTable
    /// The samples of all tracks together are larger than the file: some share their bytes, so that copying them
    /// would make more of the file than there is.
    public internal(set) var sharesBytes = false

    public var video: VideoFormat? {
        if case .video(let format) = format { format } else { nil }
    }

    public var audio: AudioFormat? {
        if case .audio(let format) = format { format } else { nil }
    }
}

/// The turn that a track header's matrix asks for (ISO/IEC 14496-12 8.3.2).
public enum Rotation: Sendable, Hashable {
    case none
    case clockwise90
    case clockwise180
    case clockwise270
    /// Mirrored, scaled, skewed: nothing that a quarter turn expresses.
    case other

    /// `a b c d` of the matrix, 16.16 fixed point.
    init(a: Int32, b: Int32, c: Int32, d: Int32) {
        switch (a.signum(), b.signum(), c.signum(), d.signum()) {
        case (1, 0, 0, 1): self = .none
        case (0, 1, -1, 0): self = .clockwise90
        case (-1, 0, 0, -1): self = .clockwise180
        case (0, -1, 1, 0): self = .clockwise270
        case (0, 0, 0, 0): self = .none
        default: self = .other
        }
    }
}

public struct VideoFormat: Sendable, Hashable {
    public enum Codec: Sendable, Hashable {
        case avc(AVCConfiguration)
        case hevc(HEVCConfiguration)
        /// A codec that is not remuxed, or whose configuration cannot be read.
        case other
    }

    /// The sample entry's type: `avc1`, `avc3`, `hvc1`, …
    public var sampleEntry: FourCC
    public var codec: Codec
    /// In pixels, as the sample entry says.
    public var width: Int
    public var height: Int
    /// Horizontal to vertical size of a pixel, where the file says (`pasp`).
    public var pixelAspectRatio: PixelAspectRatio?
    /// The `colr` box of type `nclx` or `nclc`, where there is one.
    public var color: ColorDescription?

    public init(
        sampleEntry: FourCC, codec: Codec, width: Int, height: Int, pixelAspectRatio: PixelAspectRatio? = nil,
        color: ColorDescription? = nil
    ) {
        self.sampleEntry = sampleEntry
        self.codec = codec
        self.width = width
        self.height = height
        self.pixelAspectRatio = pixelAspectRatio
        self.color = color
    }
}

public struct PixelAspectRatio: Sendable, Hashable {
    public var horizontal: UInt32
    public var vertical: UInt32

    public init(horizontal: UInt32, vertical: UInt32) {
        self.horizontal = horizontal
        self.vertical = vertical
    }

    public var isSquare: Bool { horizontal == vertical }
}

/// Code points of ITU-T H.273; 2 means unspecified.
public struct ColorDescription: Sendable, Hashable {
    public var primaries: UInt16
    public var transfer: UInt16
    public var matrix: UInt16
    public var isFullRange: Bool

    public init(primaries: UInt16, transfer: UInt16, matrix: UInt16, isFullRange: Bool) {
        self.primaries = primaries
        self.transfer = transfer
        self.matrix = matrix
        self.isFullRange = isFullRange
    }

    /// PQ (SMPTE ST 2084) or HLG (ARIB STD-B67).
    public var isHighDynamicRange: Bool { transfer == 16 || transfer == 18 }
}

public struct AudioFormat: Sendable, Hashable {
    public enum Codec: Sendable, Hashable {
        case aac(AudioSpecificConfiguration)
        /// A codec that is not remuxed, or whose configuration cannot be read.
        case other
    }

    /// The sample entry's type: `mp4a`, `ac-3`, `Opus`, …
    public var sampleEntry: FourCC
    public var codec: Codec
    public var channelCount: Int
    /// Hertz, of the decoded sound.
    public var sampleRate: Int

    public init(sampleEntry: FourCC, codec: Codec, channelCount: Int, sampleRate: Int) {
        self.sampleEntry = sampleEntry
        self.codec = codec
        self.channelCount = channelCount
        self.sampleRate = sampleRate
    }
}
