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

    public var description: String {
        Self.text(date) ?? date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// The same as Foundation's for times from 1970 to 9999, without a calendar, which took as long as all else of a list's row.
    private static func text(_ date: Date) -> String? {
        let seconds = date.timeIntervalSince1970
        guard seconds >= 0, seconds < 253_402_300_799 else { return nil }
        let whole = seconds.rounded(.down)
        let milliseconds = Int((seconds - whole) * 1000)
        let (days, second) = Int(whole).quotientAndRemainder(dividingBy: 86_400)
        // From days to a date of the Gregorian calendar, whose years are counted from March here, so that leap days come last.
        let shifted = days + 719_468
        let (era, dayOfEra) = shifted.quotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        var text: [UInt8] = []
        text.reserveCapacity(24)
        func add(_ number: Int, digits: Int, then mark: Unicode.Scalar) {
            var divisor = digits == 4 ? 1000 : digits == 3 ? 100 : 10
            while divisor > 0 {
                text.append(UInt8(48 + number / divisor % 10))  // bound: digits of a time
                divisor /= 10
            }
            text.append(UInt8(ascii: mark))
        }
        add(year, digits: 4, then: "-")
        add(month, digits: 2, then: "-")
        add(day, digits: 2, then: "T")
        add(second / 3600, digits: 2, then: ":")
        add(second / 60 % 60, digits: 2, then: ":")
        add(second % 60, digits: 2, then: ".")
        add(milliseconds, digits: 3, then: "Z")
        return String(decoding: text, as: UTF8.self)
    }
}
