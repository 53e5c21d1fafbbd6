import FoundationEssentials
import SQL

/// Shows what somebody watched.
struct ShowHistory: Sendable {
    let database: Database
    let write: WriteWatches
    private let store = HistoryStore()

    init(database: Database, write: WriteWatches) {
        self.database = database
        self.write = write
    }

    func callAsFunction(
        _ query: HistoryQuery, of viewer: Viewer
    ) async throws -> PersonalPage<HistoryEntry, Video> {
        // What this server was told and has not written yet belongs to it.
        try await write.settle(viewer.id)
        return try await database.read { try store.page(query, of: viewer, in: $0) }
    }
}

/// Changes what is known of what somebody watched: by hand, against what players told.
struct ChangeHistory: Sendable {
    let write: WriteWatches
    let now: @Sendable () -> Date
    private let store = HistoryStore()
    private let videos = VideoStore()

    init(write: WriteWatches, now: @escaping @Sendable () -> Date) {
        self.write = write
        self.now = now
    }

    /// - Throws: `VideoError` where the viewer may not see the video.
    func mark(_ id: VideoID, asWatched isWatched: Bool, by viewer: Viewer) async throws {
        let time = now()
        // Positions that came before do not count any more; seconds do.
        try await write.settle(viewer.id)
        try await write.replacing(viewer.id, id) { transaction in
            let outline = try videos.requireVisible(id, to: viewer, in: transaction)
            if isWatched {
                try store.mark(id, of: viewer.id, at: time, in: transaction)
            } else {
                try store.unmark(id, duration: outline.duration, of: viewer.id, in: transaction)
            }
        }
    }

    /// Forgets a video, or all, with the seconds of the statistics. What was counted as a view stays counted.
    func forget(_ id: VideoID?, of viewer: Viewer) async throws {
        try await write.replacing(viewer.id, id) { try store.remove(id, of: viewer.id, in: $0) }
    }
}
