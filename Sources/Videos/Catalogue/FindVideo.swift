import SQL

/// Looks videos up.
struct FindVideo: Sendable {
    let database: Database
    private let store = VideoStore()

    /// One video, if this viewer may see it.
    ///
    /// - Throws: `VideoError`.
    func callAsFunction(_ id: VideoID, for viewer: Viewer, through door: VideoAccess.Door) async throws -> Video {
        guard let found = try await stored(id) else { throw VideoError.notFound }
        try VideoError.check(VideoAccess.decide(viewer, found.subject, door))
        return found
    }

    /// The row, whoever asks.
    func stored(_ id: VideoID) async throws -> Video? {
        try await database.read { try store.find(id, in: $0) }
    }
}
