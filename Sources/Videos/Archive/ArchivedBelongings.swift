import Accounts
import SQL

/// What belongs to one person, as `palco export` writes it. Times are microseconds since 1970; videos stand by their ids.
public struct ArchivedBelongings: Codable, Sendable, Equatable {
    public struct Favorite: Codable, Sendable, Equatable {
        public var video: String
        public var addedAt: Int64
        public var month: String
    }

    public struct List: Codable, Sendable, Equatable {
        public var id: String
        public var name: String
        public var createdAt: Int64
        public var updatedAt: Int64
        public var videos: [String]
    }

    public struct Position: Codable, Sendable, Equatable {
        public var video: String
        /// In seconds.
        public var position: Double
        public var updatedAt: Int64
        public var watchedAt: Int64?
        public var watchedMonth: String?
    }

    private static let longestName = 200

    /// The id of a person.
    public var person: String
    public var favorites: [Favorite]
    public var lists: [List]
    public var positions: [Position]

    public var isEmpty: Bool { favorites.isEmpty && lists.isEmpty && positions.isEmpty }

    public init(of person: String, in access: ReadAccess) throws {
        self.person = person
        favorites = try access.query(
            "SELECT video_id, added_at, added_month FROM favorites WHERE user_id = $1 ORDER BY video_id", person
        ).map { row in
            Favorite(
                video: try row.value("video_id"), addedAt: try row.value("added_at"),
                month: try row.value("added_month"))
        }
        lists = try access.query(
            "SELECT id, name, created_at, updated_at FROM watch_lists WHERE user_id = $1 ORDER BY id", person
        ).map { row in
            let id = try row.value("id", as: String.self)
            return List(
                id: id, name: try row.value("name"), createdAt: try row.value("created_at"),
                updatedAt: try row.value("updated_at"),
                videos: try access.query(
                    "SELECT video_id FROM watch_list_videos WHERE list_id = $1 ORDER BY position", id
                ).map { try $0.value("video_id") })
        }
        positions = try access.query(
            """
            SELECT video_id, position, updated_at, watched_at, watched_month FROM watch_positions WHERE user_id = $1
            ORDER BY video_id
            """, person
        ).map { row in
            Position(
                video: try row.value("video_id"), position: try row.value("position"),
                updatedAt: try row.value("updated_at"), watchedAt: try row.value("watched_at"),
                watchedMonth: try row.value("watched_month"))
        }
    }

    /// What is there stays as it is; videos that are not here are left out.
    ///
    /// - Parameters:
    ///   - owner: who the person is here.
    ///   - videos: what the videos of the archive are here.
    public func take(for owner: UserID, videos: [String: VideoID], in transaction: Transaction) throws {
        for favorite in favorites {
            guard let video = videos[favorite.video] else { continue }
            try transaction.execute(
                """
                INSERT INTO favorites (user_id, video_id, added_at, added_month) VALUES ($1, $2, $3, $4)
                ON CONFLICT (user_id, video_id) DO NOTHING
                """, owner, video, favorite.addedAt, favorite.month)
        }
        for position in positions where position.position.isFinite {
            guard let video = videos[position.video] else { continue }
            try transaction.execute(
                """
                INSERT INTO watch_positions (user_id, video_id, position, updated_at, watched_at, watched_month)
                VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id, video_id) DO NOTHING
                """, owner, video, position.position, position.updatedAt, position.watchedAt, position.watchedMonth)
        }
        for list in lists { try take(list, for: owner, videos, in: transaction) }
    }

    private func take(
        _ list: List, for owner: UserID, _ videos: [String: VideoID], in transaction: Transaction
    ) throws {
        guard let known = WatchListID(list.id), list.name.unicodeScalars.count <= Self.longestName else { return }
        // It is known by its person, its name and its moment: another one may have its id.
        let there = try transaction.first(
            "SELECT id FROM watch_lists WHERE user_id = $1 AND name = $2 AND created_at = $3", owner, list.name,
            list.createdAt)
        guard there == nil else { return }
        let isTaken = try transaction.first("SELECT id FROM watch_lists WHERE id = $1", known) != nil
        let id = isTaken ? WatchListID() : known
        try transaction.execute(
            "INSERT INTO watch_lists (id, user_id, name, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)", id,
            owner,
            list.name, list.createdAt, list.updatedAt)
        for (position, video) in list.videos.enumerated() {
            guard let video = videos[video] else { continue }
            try transaction.execute(
                """
                INSERT INTO watch_list_videos (list_id, video_id, position) VALUES ($1, $2, $3)
                ON CONFLICT (list_id, video_id) DO NOTHING
                """, id, video, position)
        }
    }
}
