/// How many durations lie below each of a few bounds, in the way of Prometheus. A value that is changed in place and needs
/// no memory of its own, so that it may stand where each request passes.
public struct Histogram: Sendable {
    /// In nanoseconds, rising: from half a millisecond to half a minute. What is longer counts in the last place.
    static let bounds: InlineArray<15, Int64> = [
        500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000, 250_000_000,
        500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000, 30_000_000_000,
    ]

    /// For each bound the durations up to it and above the one before; last those above all.
    private var counts = InlineArray<16, Int>(repeating: 0)
    private(set) var nanoseconds: Int64 = 0

    public init() {}

    public var count: Int {
        var sum = 0
        for place in counts.indices { sum &+= counts[place] }
        return sum
    }

    @inline(__always)
    public mutating func record(nanoseconds duration: Int64) {
        var place = 0
        while place < Self.bounds.count, duration > Self.bounds[place] { place += 1 }
        counts[place] &+= 1
        nanoseconds &+= max(0, duration)
    }

    public static func += (left: inout Histogram, right: Histogram) {
        for place in left.counts.indices { left.counts[place] &+= right.counts[place] }
        left.nanoseconds &+= right.nanoseconds
    }

    /// How many are not longer than each bound, the last for all of them.
    var cumulative: [(bound: String, count: Int)] {
        var (sum, found) = (0, [(bound: String, count: Int)]())
        for place in counts.indices {
            sum &+= counts[place]
            let bound = place < Self.bounds.count ? "\(Double(Self.bounds[place]) / 1e9)" : "+Inf"
            found.append((bound, sum))
        }
        return found
    }
}
