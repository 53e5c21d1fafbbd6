/// An exact point or length of time: `ticks / timescale` seconds.
///
/// Times of different timescales compare and hash by value (`1/2 == 2/4`). Arithmetic never traps: a result that
/// does not fit into 64 bits stays at the nearest end of the range.
public struct MediaTime: Sendable {
    public let ticks: Int64
    /// Ticks a second, never 0.
    public let timescale: UInt32

    public init(ticks: Int64, timescale: UInt32) {
        precondition(timescale > 0, "a timescale of 0 gives no time; check values from files first")
        self.ticks = ticks
        self.timescale = timescale
    }

    /// To the nearest tick.
    public init(seconds: Double, timescale: UInt32) {
        self.init(ticks: Int64(clamping: (seconds * Double(timescale)).rounded()), timescale: timescale)
    }

    public static let zero = MediaTime(ticks: 0, timescale: 1)

    public static func seconds(_ seconds: Int64) -> MediaTime { MediaTime(ticks: seconds, timescale: 1) }

    public static func milliseconds(_ milliseconds: Int64) -> MediaTime {
        MediaTime(ticks: milliseconds, timescale: 1000)
    }

    public var seconds: Double { Double(ticks) / Double(timescale) }

    public enum Rounding: Sendable { case down, nearest, up }

    /// The same time counted in another timescale; `.nearest` rounds halves away from zero.
    public func ticks(at timescale: UInt32, rounding: Rounding = .nearest) -> Int64 {
        MediaTime.rescale(ticks, from: self.timescale, to: timescale, rounding: rounding)
    }

    /// `value * to / from` through a 128-bit product.
    public static func rescale(
        _ value: Int64, from: UInt32, to: UInt32, rounding: Rounding = .nearest
    ) -> Int64 {
        guard from != to else { return value }
        precondition(from > 0 && to > 0, "a timescale of 0 gives no time; check values from files first")
        let divisor = UInt64(from)
        let product = value.magnitude.multipliedFullWidth(by: UInt64(to))
        guard product.high < divisor else { return value < 0 ? .min : .max }
        let (quotient, remainder) = divisor.dividingFullWidth(product)
        let away =
            switch rounding {
            case .down: value < 0 && remainder > 0
            case .up: value > 0 && remainder > 0
            case .nearest: remainder >= divisor - remainder
            }
        let (magnitude, overflow) = quotient.addingReportingOverflow(away ? 1 : 0)
        guard !overflow, magnitude <= UInt64(Int64.max) else { return value < 0 ? .min : .max }
        return value < 0 ? -Int64(magnitude) : Int64(magnitude)
    }
}

extension MediaTime: Hashable, Comparable {
    public static func == (a: MediaTime, b: MediaTime) -> Bool {
        a.product(with: b.timescale) == b.product(with: a.timescale)
    }

    public static func < (a: MediaTime, b: MediaTime) -> Bool {
        a.product(with: b.timescale) < b.product(with: a.timescale)
    }

    public func hash(into hasher: inout Hasher) {
        let divisor = MediaTime.greatestCommonDivisor(ticks.magnitude, UInt64(timescale))
        hasher.combine(ticks < 0)
        hasher.combine(ticks.magnitude / divisor)
        hasher.combine(UInt64(timescale) / divisor)
    }

    // bound: 96 bits
    private func product(with timescale: UInt32) -> Int128 { Int128(ticks) * Int128(timescale) }

    private static func greatestCommonDivisor(_ a: UInt64, _ b: UInt64) -> UInt64 {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return max(a, 1)
    }
}

extension MediaTime: AdditiveArithmetic {
    /// Exact where a common timescale fits into 32 bits; else rounded to the finer of the two.
    public static func + (a: MediaTime, b: MediaTime) -> MediaTime {
        let timescale = commonTimescale(a.timescale, b.timescale)
        let (sum, overflow) = a.ticks(at: timescale).addingReportingOverflow(b.ticks(at: timescale))
        return MediaTime(ticks: overflow ? (a.ticks < 0 ? .min : .max) : sum, timescale: timescale)
    }

    public static func - (a: MediaTime, b: MediaTime) -> MediaTime { a + -b }

    public static prefix func - (a: MediaTime) -> MediaTime {
        MediaTime(ticks: a.ticks == .min ? .max : -a.ticks, timescale: a.timescale)
    }

    private static func commonTimescale(_ a: UInt32, _ b: UInt32) -> UInt32 {
        guard a != b else { return a }
        let divisor = greatestCommonDivisor(UInt64(a), UInt64(b))
        return UInt32(exactly: UInt64(a) / divisor * UInt64(b)) ?? max(a, b)
    }
}

extension MediaTime: CustomStringConvertible {
    public var description: String { "\(ticks)/\(timescale)" }

    /// Seconds as a decimal with six places, rounded to the nearest microsecond: `4.004000`.
    public var decimalSeconds: String { MediaTime.decimal(microseconds: ticks(at: 1_000_000)) }

    static func decimal(microseconds: Int64) -> String {
        let digits = String(microseconds.magnitude % 1_000_000)
        return (microseconds < 0 ? "-" : "") + String(microseconds.magnitude / 1_000_000) + "."
            + String(repeating: "0", count: 6 - digits.count) + digits
    }
}

extension MediaTime: Codable {
    private enum CodingKeys: CodingKey { case ticks, timescale }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let timescale = try container.decode(UInt32.self, forKey: .timescale)
        guard timescale > 0 else {
            throw DecodingError.dataCorruptedError(
                forKey: .timescale, in: container, debugDescription: "a timescale of 0 gives no time")
        }
        self.init(ticks: try container.decode(Int64.self, forKey: .ticks), timescale: timescale)
    }
}
