extension Int64 {
    /// The whole part of a number that a file may have had a hand in: the nearest end of the range for what lies beyond it,
    /// 0 for what is no number.
    public init(clamping value: Double) {
        if value.isNaN {
            self = 0
        } else if value >= 0x1p63 {
            self = .max
        } else if value < -0x1p63 {
            self = .min
        } else {
            self.init(value)
        }
    }
}

extension Int {
    public init(clamping value: Double) { self.init(Int64(clamping: value)) }
}

extension MediaTime {
    /// To the nearest tick.
    public init(seconds: Double, timescale: UInt32) {
        self.init(ticks: Int64(clamping: (seconds * Double(timescale)).rounded()), timescale: timescale)
    }
}
