import Media

/// One rendition of the picture.
struct LadderStep: Sendable, Hashable, Codable {
    /// `720p`: the shorter side.
    var name: String
    var size: PixelSize
    /// Each n-th frame of the source is kept, counted from the start of each segment.
    var frameDivisor: Int
    /// Frames a second, after that.
    var frameRate: Double
    /// Bits a second that no stretch of a second or two exceeds.
    var cap: Int
    /// Ten times the level of H.264.
    var level: Int
    /// Copied from the source instead of encoded.
    var isCopy = false

    /// High profile without constraints, as the encoder is told.
    var plannedCodecs: String { "avc1.6400" + (level < 16 ? "0" : "") + String(level, radix: 16, uppercase: true) }
}

/// Which renditions a source gets: the best first, each smaller than the one before, none larger than the source.
enum Ladder {
    /// The shorter sides below the top; the top keeps the source's own size up to the first of these.
    static let lines = [2160, 1440, 1080, 720, 480, 360, 240]
    /// Frame rates beyond these are divided: 60 at the top, 30 below, and a little for clocks of
    /// milliseconds, on which 60 a second seem to be 62.5.
    private static let topRate = 63.0
    private static let lowerRate = 31.0
    /// A step this near below the top would be the top once more.
    private static let nearness = 1.15

    static func steps(for video: VideoFacts, frameRate: Double) -> [LadderStep] {
        let source = evenSize(video.displaySize)
        let topLines = min(source.lines, lines[0])
        let topDivisor = max(1, Int(clamping: (frameRate / topRate).rounded(.up)))
        let lowerDivisor = topDivisor.multipliedSaturated(
            by: max(1, Int(clamping: (frameRate / Double(topDivisor) / lowerRate).rounded(.up))))
        var steps = [
            step(scaled(source, toLines: topLines), divisor: topDivisor, frameRate: frameRate)
        ]
        for lines in lines where Double(lines) * nearness <= Double(topLines) {
            steps.append(step(scaled(source, toLines: lines), divisor: lowerDivisor, frameRate: frameRate))
        }
        return steps
    }

    /// The copied top of a standard source: its own size, all of its frames.
    static func copy(of video: VideoFacts, frameRate: Double) -> LadderStep {
        let size = video.displaySize
        return LadderStep(
            name: "\(size.lines)p", size: size, frameDivisor: 1, frameRate: frameRate, cap: 0,
            level: video.level ?? 0, isCopy: true)
    }

    /// The step whose first chunk is made first: cheap, and still good to look at.
    static func first(of steps: [LadderStep]) -> LadderStep? {
        steps.last { $0.size.lines >= 360 && !$0.isCopy } ?? steps.last { !$0.isCopy }
    }

    private static func step(_ size: PixelSize, divisor: Int, frameRate: Double) -> LadderStep {
        let rate = frameRate / Double(divisor)
        let cap = self.cap(size, frameRate: rate)
        return LadderStep(
            name: "\(size.lines)p", size: size, frameDivisor: divisor, frameRate: rate, cap: cap,
            level: H264Level.lowest(size, frameRate: rate, cap: cap))
    }

    /// 3.8 Mbit/s for 720p; detail grows a little slower than the number of pixels.
    static func cap(_ size: PixelSize, frameRate: Double) -> Int {
        let pixels = Double(size.width * size.height) / (1280 * 720)
        let motion = frameRate > 35 ? 1.4 : 1
        return Int(clamping: 3_800_000 * power85(pixels) * motion) / 1000 * 1000
    }

    /// `x` to the power of 0.85, near enough, without a mathematics library: x^0.5 * x^0.25 * x^0.125, which is 0.875.
    private static func power85(_ x: Double) -> Double {
        let half = x.squareRoot()
        let quarter = half.squareRoot()
        return half * quarter * quarter.squareRoot()
    }

    private static func scaled(_ source: PixelSize, toLines lines: Int) -> PixelSize {
        guard lines < source.lines else { return source }
        func other(_ side: Int) -> Int { even(Double(side) * Double(lines) / Double(source.lines)) }
        return source.width <= source.height
            ? PixelSize(width: lines, height: other(source.height))
            : PixelSize(width: other(source.width), height: lines)
    }

    /// The encoder takes nothing smaller.
    private static let smallestSide = 16

    /// 4:2:0 wants even sides; rounded down, so that nothing exceeds the source, unless that is too small to be encoded.
    private static func evenSize(_ size: PixelSize) -> PixelSize {
        let factor = (smallestSide + size.lines - 1) / max(1, size.lines)
        func side(_ side: Int) -> Int { max(2, side.multipliedSaturated(by: max(1, factor)) & ~1) }
        return PixelSize(width: side(size.width), height: side(size.height))
    }

    private static func even(_ side: Double) -> Int {
        max(2, Int(clamping: (side / 2).rounded()).multipliedSaturated(by: 2))
    }
}

/// The limits of ITU-T H.264 table A-1.
enum H264Level {
    private struct Limits {
        var level: Int
        var macroblocksPerSecond: Int
        var frameMacroblocks: Int
        var bufferMacroblocks: Int
        /// In kbit/s for High profile.
        var rate: Int
    }

    private static let table = [
        Limits(level: 13, macroblocksPerSecond: 11_880, frameMacroblocks: 396, bufferMacroblocks: 2376, rate: 960),
        Limits(level: 21, macroblocksPerSecond: 19_800, frameMacroblocks: 792, bufferMacroblocks: 4752, rate: 5000),
        Limits(level: 22, macroblocksPerSecond: 20_250, frameMacroblocks: 1620, bufferMacroblocks: 8100, rate: 5000),
        Limits(level: 30, macroblocksPerSecond: 40_500, frameMacroblocks: 1620, bufferMacroblocks: 8100, rate: 12_500),
        Limits(
            level: 31, macroblocksPerSecond: 108_000, frameMacroblocks: 3600, bufferMacroblocks: 18_000, rate: 17_500),
        Limits(
            level: 32, macroblocksPerSecond: 216_000, frameMacroblocks: 5120, bufferMacroblocks: 20_480, rate: 25_000),
        Limits(
            level: 40, macroblocksPerSecond: 245_760, frameMacroblocks: 8192, bufferMacroblocks: 32_768, rate: 25_000),
        Limits(
            level: 42, macroblocksPerSecond: 522_240, frameMacroblocks: 8704, bufferMacroblocks: 34_816, rate: 62_500),
        Limits(
            level: 50, macroblocksPerSecond: 589_824, frameMacroblocks: 22_080, bufferMacroblocks: 110_400,
            rate: 168_750),
        Limits(
            level: 51, macroblocksPerSecond: 983_040, frameMacroblocks: 36_864, bufferMacroblocks: 184_320,
            rate: 300_000),
        Limits(
            level: 52, macroblocksPerSecond: 2_073_600, frameMacroblocks: 36_864, bufferMacroblocks: 184_320,
            rate: 300_000),
    ]

    /// Pictures that the encoder may refer to at once.
    static let references = 4

    static func lowest(_ size: PixelSize, frameRate: Double, cap: Int) -> Int {
        let frame = (size.width + 15) / 16 * ((size.height + 15) / 16)
        let second = Int(clamping: (Double(frame) * frameRate).rounded(.up))
        let fitting = table.first {
            frame <= $0.frameMacroblocks && second <= $0.macroblocksPerSecond
                && frame * references <= $0.bufferMacroblocks
                && cap / 1000 <= $0.rate
        }
        return fitting?.level ?? 52
    }
}
