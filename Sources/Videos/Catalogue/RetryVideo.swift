import SQL

/// Runs the failed work on a video again.
struct RetryVideo: Sendable {
    let database: Database
    let find: FindVideo
    let encoding: VideoEncoding
    private let store = VideoStore()

    func callAsFunction(_ id: VideoID, by viewer: Viewer) async throws -> Video {
        _ = try await find(id, for: viewer, through: .change)
        return try await database.write { transaction in
            guard let video = try store.find(id, in: transaction) else { throw VideoError.notFound }
            // It may have come into the trash meanwhile, where nothing is made of it.
            try VideoError.check(VideoAccess.decide(viewer, video.subject, .change))
            try encoding.retry(transaction, id)
            return try store.find(id, in: transaction) ?? video
        }
    }
}
