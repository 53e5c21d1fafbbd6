/// Arithmetic for numbers from files: every result exists, and no input traps.
///
/// Where a plain operator stands instead, a comment `bound:` beside it names why the result fits.
extension FixedWidthInteger {
    /// The sum, or the nearest end of the type's range.
    public func addingSaturated(_ other: Self) -> Self {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    /// The difference, or the nearest end of the type's range.
    public func subtractingSaturated(_ other: Self) -> Self {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }

    /// The product, or the nearest end of the type's range.
    public func multipliedSaturated(by other: Self) -> Self {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? ((self < 0) == (other < 0) ? .max : .min) : product
    }

    /// The whole part of a floating point number; the nearest end of the type's range for what lies beyond it, and 0 for
    /// what is no number.
    public init(clamping value: Double) {
        if let integer = Self(exactly: value.rounded(.towardZero)) {
            self = integer
        } else {
            self = value.isNaN ? 0 : value < 0 ? .min : .max
        }
    }
}
