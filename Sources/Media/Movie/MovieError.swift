/// Why a file could not be read as ISO base media.
public enum MovieError: Error, Sendable, Hashable {
    /// The first bytes are no ISO base media or QuickTime file.
    case notISOMedia
    /// The file ends before its movie box, or the bytes handed over are fewer than asked for.
    case truncated
    /// The whole file was walked and holds no movie box.
    case noMovie
    /// This box contradicts itself or its neighbours.
    case malformed(FourCC)
    /// Legal, but nothing that is read here (`cmov`: a compressed movie box).
    case unsupported(FourCC)
    /// More samples, boxes or bytes than the limits allow.
    case limitExceeded(MovieLimits.Kind)
}

/// What a stranger's file may ask of us.
public struct MovieLimits: Sendable, Hashable {
    public enum Kind: Sendable, Hashable { case movieBytes, fragmentBytes, topLevelBoxes, tracks, samples }

    /// Two hours at 60 frames a second with sound take about 12 MB.
    public var movieBytes = 128 << 20
    public var fragmentBytes = 32 << 20
    public var topLevelBoxes = 500_000
    public var tracks = 64
    /// For each track, and for all fragments together: a day at 60 frames a second.
    public var samples = 6_000_000

    public init() {}
}
