import FoundationEssentials

/// RFC 3339: written in UTC with milliseconds, read with any offset and any precision.
public struct InternetTime: CustomStringConvertible {
    public let date: Date

    public init(_ date: Date) { self.date = date }

    public init?(parsing text: String) {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: text.contains("."))
        guard let date = try? style.parse(text) else { return nil }
        self.date = date
    }

    public var description: String { date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }
}
