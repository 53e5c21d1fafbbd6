import BaseEncoding
import Glibc

/// Wall-clock time as the log writes it: RFC 3339, UTC, milliseconds.
struct Timestamp: Sendable, Equatable {
    var seconds: Int64
    var milliseconds: Int

    static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), milliseconds: time.tv_nsec / 1_000_000)
    }

    /// Of either form, at most.
    static let mostBytes = 24

    /// `2026-01-31T23:59:59.123Z`
    func write(to line: inout ByteWriter) {
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let (year, month, day) = Self.civil(daysSinceEpoch: days)
        line.write(decimal: year, digits: 4)
        line.write(UInt8(ascii: "-"))
        line.write(decimal: month, digits: 2)
        line.write(UInt8(ascii: "-"))
        line.write(decimal: day, digits: 2)
        line.write(UInt8(ascii: "T"))
        writeTimeOfDay(to: &line)
        line.write(UInt8(ascii: "Z"))
    }

    /// `23:59:59.123`
    func writeTimeOfDay(to line: inout ByteWriter) {
        let second = Int(((seconds % 86_400) + 86_400) % 86_400)
        line.write(decimal: second / 3_600, digits: 2)
        line.write(UInt8(ascii: ":"))
        line.write(decimal: second / 60 % 60, digits: 2)
        line.write(UInt8(ascii: ":"))
        line.write(decimal: second % 60, digits: 2)
        line.write(UInt8(ascii: "."))
        line.write(decimal: milliseconds, digits: 3)
    }

    /// The proleptic Gregorian date of a day, counted in 400-year eras that begin on 1 March.
    static func civil(daysSinceEpoch: Int64) -> (year: Int, month: Int, day: Int) {
        let shifted = Int(daysSinceEpoch) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}
