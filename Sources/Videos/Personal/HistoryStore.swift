import Accounts
import FoundationEssentials
import SQL

/// What somebody watched, and how far they came.
struct HistoryEntry: Sendable {
    var video: Video
    var position: Double
    /// When it was watched to its end, or marked so.
    var watchedAt: Date?
    var lastWatchedAt: Date

    var point: WatchPoint { WatchPoint(position: position, duration: video.duration) }
}

/// Which page of the history is asked for.
struct HistoryQuery: Sendable {
    var page: PersonalQuery<Video>
    /// Only what one can go on with.
    var isUnfinished: Bool
}

/// The rows of what people watched, as they look at it and change it.
struct HistoryStore: Sendable {
    private let videos = VideoStore()

    /// What this viewer may still see of it, the latest first.
    func page(
        _ query: HistoryQuery, of viewer: Viewer, in access: ReadAccess
    ) throws -> PersonalPage<HistoryEntry, Video> {
        var conditions = SQLConditions()
        conditions.require("watch_positions.user_id = \(conditions.bind(viewer.id))")
        VideoAccess.condition(for: viewer, in: &conditions)
        if query.isUnfinished { conditions.require(WatchPoint.unfinished) }
        query.page.goOn(after: ("watch_positions.updated_at", "watch_positions.video_id"), in: &conditions)
        let limit = conditions.bind(query.page.limit + 1)
        let rows = try access.query(
            """
            SELECT \(VideoStore.columns), watch_positions.position AS watch_position,
                watch_positions.watched_at AS watched_at, watch_positions.updated_at AS last_watched_at
            FROM watch_positions JOIN videos ON videos.id = watch_positions.video_id \(conditions.whereClause)
            ORDER BY watch_positions.updated_at DESC, watch_positions.video_id DESC LIMIT \(limit)
            """, arguments: conditions.arguments)
        let shown = Array(rows.prefix(query.page.limit))
        var next: PersonalPlace<Video>?
        if rows.count > query.page.limit, let last = shown.last {
            next = PersonalPlace(try last.value("last_watched_at"), try last.value("id"))
        }
        let entries = try zip(shown, try videos.videos(shown, in: access)).map { row, video in
            HistoryEntry(
                video: video, position: try row.value("watch_position"), watchedAt: try row.value("watched_at"),
                lastWatchedAt: try row.value("last_watched_at"))
        }
        return PersonalPage(items: entries, next: next)
    }

    /// Nothing is left to go on with. What was marked before keeps its time.
    func mark(_ video: VideoID, of person: UserID, at time: Date, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO watch_positions (user_id, video_id, position, updated_at, watched_at, watched_month)
            VALUES ($1, $2, 0, $3, $3, $4)
            ON CONFLICT (user_id, video_id) DO UPDATE SET position = 0,
                watched_at = COALESCE(watch_positions.watched_at, excluded.watched_at),
                watched_month = COALESCE(watch_positions.watched_month, excluded.watched_month)
            """, person, video, time, Month(of: time).text)
    }

    /// Who was at the end is at the start.
    func unmark(_ video: VideoID, duration: Double?, of person: UserID, in transaction: Transaction) throws {
        let end = duration.map { $0 * WatchPoint.watchedShare } ?? .greatestFiniteMagnitude
        try transaction.execute(
            """
            UPDATE watch_positions SET watched_at = NULL, watched_month = NULL,
                position = CASE WHEN position >= $3 THEN 0 ELSE position END
            WHERE user_id = $1 AND video_id = $2
            """, person, video, end)
    }

    /// - Parameter video: nil for all.
    func remove(_ video: VideoID?, of person: UserID, in transaction: Transaction) throws {
        for table in ["watch_positions", "watch_seconds"] {
            if let video {
                try transaction.execute("DELETE FROM \(table) WHERE user_id = $1 AND video_id = $2", person, video)
            } else {
                try transaction.execute("DELETE FROM \(table) WHERE user_id = $1", person)
            }
        }
    }
}
