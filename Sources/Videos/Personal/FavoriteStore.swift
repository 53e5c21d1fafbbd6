import Accounts
import FoundationEssentials
import SQL

/// The rows of favourites.
struct FavoriteStore: Sendable {
    /// That one person may have.
    static let most = 10_000

    private let videos = VideoStore()

    func isFavorite(_ video: VideoID, of person: UserID, in access: ReadAccess) throws -> Bool {
        try access.first("SELECT 1 AS found FROM favorites WHERE user_id = $1 AND video_id = $2", person, video) != nil
    }

    func count(of person: UserID, in access: ReadAccess) throws -> Int {
        try access.first("SELECT COUNT(*) AS count FROM favorites WHERE user_id = $1", person)?.value("count") ?? 0
    }

    func add(_ video: VideoID, of person: UserID, at time: Date, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO favorites (user_id, video_id, added_at, added_month) VALUES ($1, $2, $3, $4)
            ON CONFLICT (user_id, video_id) DO NOTHING
            """, person, video, time, Month(of: time).text)
    }

    func remove(_ video: VideoID, of person: UserID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM favorites WHERE user_id = $1 AND video_id = $2", person, video)
    }

    /// What this viewer may still see of their favourites, the newest first.
    func page(
        _ query: PersonalQuery<Video>, of viewer: Viewer, in access: ReadAccess
    ) throws -> PersonalPage<Video, Video> {
        var conditions = SQLConditions()
        conditions.require("favorites.user_id = \(conditions.bind(viewer.id))")
        VideoAccess.condition(for: viewer, in: &conditions)
        query.goOn(after: ("favorites.added_at", "favorites.video_id"), in: &conditions)
        let limit = conditions.bind(query.limit + 1)
        let rows = try access.query(
            """
            SELECT \(VideoStore.columns), favorites.added_at AS added_at
            FROM favorites JOIN videos ON videos.id = favorites.video_id \(conditions.whereClause)
            ORDER BY favorites.added_at DESC, favorites.video_id DESC LIMIT \(limit)
            """, arguments: conditions.arguments)
        let shown = Array(rows.prefix(query.limit))
        var next: PersonalPlace<Video>?
        if rows.count > query.limit, let last = shown.last {
            next = PersonalPlace(try last.value("added_at"), try last.value("id"))
        }
        return PersonalPage(items: try videos.videos(shown, in: access), next: next)
    }
}
