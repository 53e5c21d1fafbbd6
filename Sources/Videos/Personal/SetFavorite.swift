import Accounts
import FoundationEssentials
import SQL

/// Makes a video one of somebody's favourites, or ends that. Doing it again changes nothing.
struct SetFavorite: Sendable {
    let database: Database
    let now: @Sendable () -> Date
    private let videos = VideoStore()
    private let favorites = FavoriteStore()

    init(database: Database, now: @escaping @Sendable () -> Date) {
        self.database = database
        self.now = now
    }

    /// - Throws: `VideoError`; `PersonalError.tooManyFavorites`.
    func callAsFunction(_ id: VideoID, _ isFavorite: Bool, of viewer: Viewer) async throws {
        let time = now()
        try await database.write { transaction in
            try videos.requireVisible(id, to: viewer, in: transaction)
            guard isFavorite else { return try favorites.remove(id, of: viewer.id, in: transaction) }
            guard try !favorites.isFavorite(id, of: viewer.id, in: transaction) else { return }
            guard try favorites.count(of: viewer.id, in: transaction) < FavoriteStore.most else {
                throw PersonalError.tooManyFavorites
            }
            try favorites.add(id, of: viewer.id, at: time, in: transaction)
        }
    }
}

/// Shows a person's favourites.
struct ListFavorites: Sendable {
    let database: Database
    private let favorites = FavoriteStore()

    init(database: Database) {
        self.database = database
    }

    func callAsFunction(
        _ query: PersonalQuery<Video>, of viewer: Viewer
    ) async throws -> PersonalPage<Video, Video> {
        try await database.read { try favorites.page(query, of: viewer, in: $0) }
    }
}

extension VideoStore {
    /// The facts by which the policy decides, and what a watcher's position is measured by.
    ///
    /// One statement, with a row for each group that the video is for.
    func outline(of id: VideoID, in access: ReadAccess) throws -> VideoOutline? {
        let rows = try access.query(
            """
            SELECT owner_id, is_premium, is_hidden, duration,
                CASE WHEN password_hash IS NULL THEN 0 ELSE 1 END AS has_password,
                CASE WHEN trashed_at IS NULL THEN 0 ELSE 1 END AS is_trashed, video_groups.group_id AS group_id
            FROM videos LEFT JOIN video_groups ON video_groups.video_id = videos.id WHERE videos.id = $1
            """, id)
        guard let first = rows.first else { return nil }
        return try VideoOutline(row: first, groups: rows.compactMap { try $0.value("group_id", as: GroupID?.self) })
    }

    /// - Throws: `VideoError` where this viewer may not see the facts about the video.
    @discardableResult
    func requireVisible(_ id: VideoID, to viewer: Viewer, in access: ReadAccess) throws -> VideoOutline {
        guard let outline = try outline(of: id, in: access) else { throw VideoError.notFound }
        try VideoError.check(VideoAccess.decide(viewer, outline.subject, .details))
        return outline
    }
}

/// Little of a video, for what happens often.
struct VideoOutline: Sendable, Equatable {
    var subject: VideoAccess.Subject
    /// In seconds; nil while it is not known.
    var duration: Double?
}

extension VideoOutline {
    init(row: Row, groups: [GroupID]) throws {
        self.init(
            subject: VideoAccess.Subject(
                owner: try row.value("owner_id"), isPremium: try row.value("is_premium"),
                isHidden: try row.value("is_hidden"), hasPassword: try row.value("has_password"),
                groups: groups, isTrashed: try row.value("is_trashed")),
            duration: try row.value("duration"))
    }
}
