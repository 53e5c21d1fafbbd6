extension HLS {
    /// Bit rates measured from segments (RFC 8216 4.3.4.2).
    public struct Bandwidth: Sendable, Hashable, Codable {
        /// Bits a second: the highest rate of any segments in a row that last from 0.5 to 1.5 target durations.
        public var peak: Int
        public var average: Int

        public static let zero = Bandwidth(peak: 0, average: 0)

        public init(peak: Int, average: Int) {
            self.peak = peak
            self.average = average
        }

        /// - Parameter segments: sizes as they are served.
        public init(measuring segments: [(byteCount: Int, duration: MediaTime)]) {
            let seconds = segments.map(\.duration.seconds)
            let bytes = segments.map { Double($0.byteCount) }
            let target = max(1, seconds.max() ?? 1).rounded()
            average = Self.rate(bytes.reduce(0, +), seconds.reduce(0, +))
            var peak = 0
            for first in segments.indices {
                var (size, length) = (0.0, 0.0)
                for last in first..<segments.count {
                    size += bytes[last]
                    length += seconds[last]
                    if length > target * 1.5 { break }
                    if length >= target * 0.5 { peak = max(peak, Self.rate(size, length)) }
                }
            }
            self.peak = max(peak, average)
        }

        private static func rate(_ bytes: Double, _ seconds: Double) -> Int {
            seconds > 0 ? Int(clamping: min(bytes * 8 / seconds, 1e15).rounded(.up)) : 0
        }

        /// What a variant needs together with the sound that it plays.
        public static func + (a: Bandwidth, b: Bandwidth) -> Bandwidth {
            Bandwidth(peak: a.peak.addingSaturated(b.peak), average: a.average.addingSaturated(b.average))
        }
    }
}
