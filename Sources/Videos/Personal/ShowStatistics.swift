import FoundationEssentials
import SQL

/// How much somebody watched.
struct PersonalStatistics: Sendable, Equatable {
    struct Numbers: Sendable, Equatable {
        /// That were marked as watched, by themselves or by hand.
        var videosWatched = 0
        var secondsWatched = 0.0
        /// That were added.
        var favorites = 0
    }

    var total = Numbers()
    /// `2026-12`, the latest first; those without anything are missing.
    var months: [(name: String, numbers: Numbers)] = []

    static func == (left: Self, right: Self) -> Bool {
        left.total == right.total && left.months.elementsEqual(right.months) { $0 == $1 }
    }
}

/// Counts what somebody watched and likes, of what they may still see.
struct ShowStatistics: Sendable {
    /// That are shown: ten years.
    static let mostMonths = 120

    let database: Database
    let write: WriteWatches

    func callAsFunction(of viewer: Viewer) async throws -> PersonalStatistics {
        try await write.settle(viewer.id)
        return try await database.read { access in
            var months: [String: PersonalStatistics.Numbers] = [:]
            for row in try count("watch_positions", "watched_month", "COUNT(*)", of: viewer, in: access) {
                months[try row.value("month"), default: .init()].videosWatched = try row.value("total")
            }
            for row in try count("watch_seconds", "month", "SUM(seconds)", of: viewer, in: access) {
                months[try row.value("month"), default: .init()].secondsWatched = try row.value("total")
            }
            for row in try count("favorites", "added_month", "COUNT(*)", of: viewer, in: access) {
                months[try row.value("month"), default: .init()].favorites = try row.value("total")
            }
            var statistics = PersonalStatistics()
            for numbers in months.values {
                statistics.total.videosWatched += numbers.videosWatched
                statistics.total.secondsWatched += numbers.secondsWatched
                statistics.total.favorites += numbers.favorites
            }
            statistics.months = months.sorted { $0.key > $1.key }.prefix(Self.mostMonths).map { ($0.key, $0.value) }
            return statistics
        }
    }

    private func count(
        _ table: String, _ month: String, _ total: String, of viewer: Viewer, in access: ReadAccess
    ) throws -> [Row] {
        var conditions = SQLConditions()
        conditions.require("\(table).user_id = \(conditions.bind(viewer.id))")
        conditions.require("\(table).\(month) IS NOT NULL")
        VideoAccess.condition(for: viewer, in: &conditions)
        return try access.query(
            """
            SELECT \(table).\(month) AS month, \(total) AS total
            FROM \(table) JOIN videos ON videos.id = \(table).video_id \(conditions.whereClause)
            GROUP BY \(table).\(month)
            """, arguments: conditions.arguments)
    }
}
