/// What a field of a log line holds. Strings are bounded and escaped when the line is rendered.
public enum LogValue: Sendable, Equatable {
    case string(String)
    case integer(Int64)
    case real(Double)
    case bool(Bool)

    public init(_ value: some BinaryInteger) { self = .integer(Int64(clamping: value)) }
    public init(_ value: some CustomStringConvertible) { self = .string(value.description) }

    /// Seconds, to the microsecond.
    public static func seconds(_ duration: Duration) -> LogValue {
        let (seconds, attoseconds) = duration.components
        return .real(Double(seconds) + Double(attoseconds / 1_000_000_000_000) / 1_000_000)
    }

    public static func error(_ error: any Error) -> LogValue { .string(String(describing: error)) }
}

extension LogValue: ExpressibleByStringInterpolation {
    public init(stringLiteral value: String) { self = .string(value) }
}

extension LogValue: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int64) { self = .integer(value) }
}

extension LogValue: ExpressibleByFloatLiteral {
    public init(floatLiteral value: Double) { self = .real(value) }
}

extension LogValue: ExpressibleByBooleanLiteral {
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}
