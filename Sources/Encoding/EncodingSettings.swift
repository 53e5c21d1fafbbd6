import Reactor

/// What an operator may choose about encoding.
public struct EncodingSettings: Sendable {
    public enum Encryption: String, Sendable, Codable {
        case none
        /// AES-128-CBC of whole segments (RFC 8216 4.3.2.4).
        case aes128 = "aes-128"
    }

    public var ffmpegPath = "/usr/bin/ffmpeg"
    public var ffprobePath = "/usr/bin/ffprobe"
    /// Tasks that run at the same time, beside the one that viewers wait for; with 0 others do all.
    public var workerCount = EventLoopGroup.coreCount
    public var encryption = Encryption.aes128
    /// How long a request waits for a segment that is not made yet.
    public var segmentPatience = Duration.seconds(15)
    public var limits = InspectionLimits()
    /// What the workers take from the queue.
    public var tasks = TaskLimits()
    /// How long a task stays with a worker that gives no sign of life; it gives three in this time.
    public var lease = Duration.seconds(30)
    /// Runs of a task before it counts as impossible.
    public var maxAttempts = 4
    /// The wait before the second attempt; doubled for each further one.
    public var retryDelay = Duration.seconds(2)

    /// Of the running program, as workers tell it.
    public var version = ""

    public init() {}
}

/// What a source may be at most, as it says itself and as it is measured. Beyond it no task is started.
public struct InspectionLimits: Sendable, Equatable, Codable {
    public var duration = Duration.seconds(24 * 3600)
    /// Of the picture: a day at 60 frames a second.
    public var frames = 6_000_000
    /// Of the longer side.
    public var maxSide = 8192
    public var minSide = 1
    public var pixels = 8192 * 4608
    public var framesPerSecond = 1000.0
    public var samplesPerSecond = 768_000
    public var streams = 64

    public init() {}
}
