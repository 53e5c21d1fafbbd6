import Accounts
import FoundationEssentials
import SQL

/// The rows of playlists and of what is in them.
struct WatchListStore: Sendable {
    private static let columns =
        "watch_lists.id AS id, watch_lists.user_id AS user_id, watch_lists.name AS name, "
        + "watch_lists.created_at AS created_at, watch_lists.updated_at AS updated_at"

    private let videos = VideoStore()

    // MARK: Playlists

    func find(_ id: WatchListID, of person: UserID, in access: ReadAccess) throws -> WatchList? {
        try access.first("SELECT \(Self.columns) FROM watch_lists WHERE id = $1 AND user_id = $2", id, person)
            .map(WatchList.init(row:))
    }

    func count(of person: UserID, in access: ReadAccess) throws -> Int {
        try access.first("SELECT COUNT(*) AS count FROM watch_lists WHERE user_id = $1", person)?.value("count") ?? 0
    }

    func insert(_ list: WatchList, in transaction: Transaction) throws {
        try transaction.execute(
            "INSERT INTO watch_lists (id, user_id, name, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)",
            list.id, list.owner, list.name, list.createdAt, list.updatedAt)
    }

    func rename(_ id: WatchListID, _ name: String, in transaction: Transaction) throws {
        try transaction.execute("UPDATE watch_lists SET name = $2 WHERE id = $1", id, name)
    }

    func touch(_ id: WatchListID, at time: Date, in transaction: Transaction) throws {
        try transaction.execute("UPDATE watch_lists SET updated_at = $2 WHERE id = $1", id, time)
    }

    func remove(_ id: WatchListID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM watch_lists WHERE id = $1", id)
    }

    /// The newest first.
    func page(
        _ query: PersonalQuery<WatchList>, of viewer: Viewer, in access: ReadAccess
    ) throws -> PersonalPage<ShownWatchList, WatchList> {
        var conditions = SQLConditions()
        conditions.require("watch_lists.user_id = \(conditions.bind(viewer.id))")
        query.goOn(after: ("watch_lists.created_at", "watch_lists.id"), in: &conditions)
        let limit = conditions.bind(query.limit + 1)
        let rows = try access.query(
            """
            SELECT \(Self.columns) FROM watch_lists \(conditions.whereClause)
            ORDER BY watch_lists.created_at DESC, watch_lists.id DESC LIMIT \(limit)
            """, arguments: conditions.arguments)
        let shown = rows.prefix(query.limit)
        var next: PersonalPlace<WatchList>?
        if rows.count > query.limit, let last = shown.last {
            next = PersonalPlace(try last.value("created_at"), try last.value("id"))
        }
        let lists = try shown.map(WatchList.init(row:))
        let counts = try videoCounts(of: lists.map(\.id), for: viewer, in: access)
        return PersonalPage(
            items: lists.map { ShownWatchList(list: $0, videoCount: counts[$0.id] ?? 0) }, next: next)
    }

    /// Of what the viewer may see; playlists without any are missing.
    func videoCounts(
        of lists: [WatchListID], for viewer: Viewer, in access: ReadAccess
    ) throws -> [WatchListID: Int] {
        guard !lists.isEmpty else { return [:] }
        var conditions = SQLConditions()
        conditions.require("watch_list_videos.list_id", isOneOf: lists)
        VideoAccess.condition(for: viewer, in: &conditions)
        let rows = try access.query(
            """
            SELECT watch_list_videos.list_id AS list_id, COUNT(*) AS count
            FROM watch_list_videos JOIN videos ON videos.id = watch_list_videos.video_id \(conditions.whereClause)
            GROUP BY watch_list_videos.list_id
            """, arguments: conditions.arguments)
        return try rows.reduce(into: [:]) { $0[try $1.value("list_id")] = try $1.value("count", as: Int.self) }
    }

    // MARK: What is in them

    /// In the order of the playlist.
    func videos(
        _ query: PersonalQuery<Video>, of list: WatchListID, for viewer: Viewer, in access: ReadAccess
    ) throws -> PersonalPage<Video, Video> {
        var conditions = SQLConditions()
        conditions.require("watch_list_videos.list_id = \(conditions.bind(list))")
        VideoAccess.condition(for: viewer, in: &conditions)
        if let place = query.place {
            conditions.require("watch_list_videos.position > \(conditions.bind(place.number))")
        }
        let limit = conditions.bind(query.limit + 1)
        let rows = try access.query(
            """
            SELECT \(VideoStore.columns), watch_list_videos.position AS position
            FROM watch_list_videos JOIN videos ON videos.id = watch_list_videos.video_id \(conditions.whereClause)
            ORDER BY watch_list_videos.position LIMIT \(limit)
            """, arguments: conditions.arguments)
        let shown = Array(rows.prefix(query.limit))
        var next: PersonalPlace<Video>?
        if rows.count > query.limit, let last = shown.last {
            next = PersonalPlace(try last.value("position"), try last.value("id"))
        }
        return PersonalPage(items: try videos.videos(shown, in: access), next: next)
    }

    /// Where the videos of a playlist are, in order: numbers that grow, with gaps where videos went.
    struct Entry: Sendable, Equatable {
        var video: VideoID
        var position: Int64
        /// Whether the viewer may see it.
        var isVisible: Bool
    }

    func entries(of list: WatchListID, for viewer: Viewer, in access: ReadAccess) throws -> [Entry] {
        var conditions = SQLConditions()
        conditions.require("watch_list_videos.list_id = \(conditions.bind(list))")
        VideoAccess.condition(for: viewer, in: &conditions)
        let visible = try access.query(
            """
            SELECT watch_list_videos.video_id AS video_id
            FROM watch_list_videos JOIN videos ON videos.id = watch_list_videos.video_id \(conditions.whereClause)
            """, arguments: conditions.arguments
        ).map { try $0.value("video_id", as: VideoID.self) }
        let seen = Set(visible)
        return try access.query(
            "SELECT video_id, position FROM watch_list_videos WHERE list_id = $1 ORDER BY position", list
        ).map { row in
            let video: VideoID = try row.value("video_id")
            return Entry(video: video, position: try row.value("position"), isVisible: seen.contains(video))
        }
    }

    /// Puts a video at a number, and what stands there and behind it one further.
    func put(
        _ video: VideoID, into list: WatchListID, at position: Int64, movingOthers: Bool, in transaction: Transaction
    ) throws {
        if movingOthers {
            try transaction.execute(
                "UPDATE watch_list_videos SET position = position + 1 WHERE list_id = $1 AND position >= $2", list,
                position)
        }
        try transaction.execute(
            """
            INSERT INTO watch_list_videos (list_id, video_id, position) VALUES ($1, $2, $3)
            ON CONFLICT (list_id, video_id) DO UPDATE SET position = $3
            """, list, video, position)
    }

    /// Whether it was there.
    func remove(_ video: VideoID, from list: WatchListID, in transaction: Transaction) throws -> Bool {
        try transaction.execute(
            "DELETE FROM watch_list_videos WHERE list_id = $1 AND video_id = $2", list, video) > 0
    }
}

extension WatchList {
    init(row: Row) throws {
        self.init(
            id: try row.value("id"), owner: try row.value("user_id"), name: try row.value("name"),
            createdAt: try row.value("created_at"), updatedAt: try row.value("updated_at"))
    }
}
