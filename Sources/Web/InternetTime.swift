import FoundationEssentials

/// RFC 3339: written in UTC with milliseconds, read with any offset and any precision.
struct InternetTime: CustomStringConvertible {
    let date: Date

    init(_ date: Date) { self.date = date }

    init?(parsing text: String) {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: text.contains("."))
        guard let date = try? style.parse(text) else { return nil }
        self.date = date
    }

    var description: String { date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }
}
