import FoundationEssentials
import SQL

/// Runs the failed work on a video again.
struct RetryVideo: Sendable {
    let database: Database
    let find: FindVideo
    let encoding: VideoEncoding
    let settings: VideoSettings
    let events: VideoEvents
    let now: @Sendable () -> Date
    private let store = VideoStore()
    private let fetches = FetchStore()

    func callAsFunction(_ id: VideoID, by viewer: Viewer) async throws -> Video {
        _ = try await find(id, for: viewer, through: .change)
        return try await database.write { transaction in
            guard let video = try store.find(id, in: transaction) else { throw VideoError.notFound }
            // It may have come into the trash meanwhile, where nothing is made of it.
            try VideoError.check(VideoAccess.decide(viewer, video.subject, .change))
            if let fetch = try fetches.find(id, in: transaction) {
                try refetch(fetch, in: transaction)
            } else {
                try encoding.retry(transaction, video.version)
            }
            return try store.find(id, in: transaction) ?? video
        }
    }

    /// One that has failed begins anew; one that pauses is tried at once; one that is going on goes on.
    private func refetch(_ fetch: Fetch, in transaction: Transaction) throws {
        switch fetch.state {
        case .receiving, .checking: return
        case .waiting: try fetches.hasten(fetch.video, to: now(), in: transaction)
        case .failed where fetch.isReduced: throw VideoError.addressForgotten
        case .failed:
            try settings.requireFetchSlot(of: fetch.owner, in: transaction)
            try fetches.restart(fetch.video, at: now(), in: transaction)
            try store.setStatus(.pending, nil, of: fetch.video, at: now(), in: transaction)
        }
        guard let video = try store.find(fetch.video, in: transaction) else { return }
        try transaction.publish(VideoEvent(about: video), on: events)
    }
}
