import Accounts
import FoundationEssentials
import SQL

/// Shows what is in the trash and can be taken out again: one's own, and to administrators everybody's. What came last is first.
struct ListTrash: Sendable {
    let database: Database
    let lifetime: Duration
    let now: @Sendable () -> Date
    private let store = VideoStore()

    func callAsFunction(_ query: PersonalQuery<Video>, for viewer: Viewer) async throws -> PersonalPage<Video, Video> {
        let oldest = now() - lifetime
        return try await database.scan { try store.trash(query, after: oldest, for: viewer, in: $0) }
    }
}

extension VideoStore {
    /// - Parameter time: of the move to the trash; nil takes it out.
    func setTrashed(_ id: VideoID, at time: Date?, in transaction: Transaction) throws {
        try transaction.execute("UPDATE videos SET trashed_at = $2 WHERE id = $1", id, time)
    }

    /// Whether there is another video of the same bytes beside which this one cannot be.
    func hasTwin(_ video: Video, in access: ReadAccess) throws -> Bool {
        try access.first(
            """
            SELECT 1 AS found FROM videos AS twin JOIN videos AS own ON own.owner_id = twin.owner_id
                AND own.checksum = twin.checksum AND own.handed_over_from = twin.handed_over_from
            WHERE own.id = $1 AND twin.id <> own.id AND twin.trashed_at IS NULL
            """, video.id) != nil
    }

    /// What came into the trash by then, by id.
    func trashed(until time: Date, after id: String, limit: Int, in access: ReadAccess) throws -> [VideoID] {
        try access.query(
            "SELECT id FROM videos WHERE trashed_at <= $1 AND id > $2 ORDER BY id LIMIT $3", time, id, limit
        ).map { try $0.value("id") }
    }

    func trash(
        _ query: PersonalQuery<Video>, after time: Date, for viewer: Viewer, in access: ReadAccess
    ) throws -> PersonalPage<Video, Video> {
        var conditions = SQLConditions()
        VideoAccess.trashCondition(for: viewer, in: &conditions)
        conditions.require("videos.trashed_at > \(conditions.bind(time))")
        query.goOn(after: ("videos.trashed_at", "videos.id"), in: &conditions)
        let limit = conditions.bind(query.limit + 1)
        let rows = try access.query(
            """
            SELECT \(Self.columns) FROM videos \(conditions.whereClause)
            ORDER BY videos.trashed_at DESC, videos.id DESC LIMIT \(limit)
            """, arguments: conditions.arguments)
        let shown = Array(rows.prefix(query.limit))
        var next: PersonalPlace<Video>?
        if rows.count > query.limit, let last = shown.last {
            next = PersonalPlace(try last.value("trashed_at"), try last.value("id"))
        }
        return PersonalPage(items: try videos(shown, in: access), next: next)
    }
}
