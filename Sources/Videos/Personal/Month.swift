import FoundationEssentials

/// A month of the calendar, in UTC, as statistics count: `2026-12`.
struct Month: Sendable, Hashable {
    let text: String

    init(of date: Date) {
        text = date.formatted(Date.ISO8601FormatStyle().year().month().dateSeparator(.dash))
    }
}
