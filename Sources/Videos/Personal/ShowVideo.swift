import SQL

/// One video, and what it is to the viewer.
struct ShowVideo: Sendable {
    let database: Database
    private let videos = VideoStore()
    private let favorites = FavoriteStore()

    init(database: Database) {
        self.database = database
    }

    /// - Throws: `VideoError`.
    func callAsFunction(_ id: VideoID, for viewer: Viewer) async throws -> (video: Video, isFavorite: Bool) {
        try await database.read { access in
            guard let video = try videos.find(id, in: access) else { throw VideoError.notFound }
            try VideoError.check(VideoAccess.decide(viewer, video.subject, .details))
            return (video, try favorites.isFavorite(id, of: viewer.id, in: access))
        }
    }
}
