import Bus
import FoundationEssentials
import Media
import SQL

/// What the end of a fetch writes, as part of a transaction.
struct EndFetch: Sendable {
    let events: VideoEvents
    let facts: Outbox?
    let now: @Sendable () -> Date
    private let store = VideoStore()
    private let fetches = FetchStore()
    private let uploads = UploadStore()

    init(events: VideoEvents, facts: Outbox?, now: @escaping @Sendable () -> Date) {
        self.events = events
        self.facts = facts
        self.now = now
    }

    /// - Returns: false where the video was not to be fetched, and nothing was done.
    @discardableResult
    func failed(
        _ id: VideoID, _ failure: FetchFailure, refusal: RefusedContent? = nil, in transaction: Transaction
    ) throws -> Bool {
        guard try fetches.fail(id, failure, in: transaction) else { return false }
        // It can be tried again, under the same id.
        try uploads.remove(id.upload, in: transaction)
        let told = EncodingProgress.Failure(
            code: refusal?.code.rawValue ?? failure.rawValue, detail: refusal?.detail ?? failure.detail)
        let time = now()
        try store.setStatus(.failed, told, of: id, at: time, in: transaction)
        try publish(id, in: transaction)
        if let facts, let video = try store.find(id, in: transaction), let fact = try Fact.made(video, at: time) {
            try facts.record(fact, in: transaction)
        }
        return true
    }

    /// The file is here, and the work on it can begin.
    ///
    /// - Returns: nil where the video was not to be fetched.
    func finished(
        _ video: Video, _ inspected: InspectedVideo, in transaction: Transaction
    ) throws -> Video? {
        guard try fetches.remove(video.id, in: transaction) else { return nil }
        try store.fill(video, in: transaction)
        try inspected.enqueue(transaction, video.id.firstVersion)
        try uploads.finish(video.id.upload, as: video.id, in: transaction)
        let stored = try store.find(video.id, in: transaction) ?? video
        try facts?.record(.uploaded(stored, at: now()), in: transaction)
        try transaction.publish(VideoEvent(about: stored), on: events)
        return stored
    }

    /// Tells how far it is.
    func publish(_ id: VideoID, in transaction: Transaction) throws {
        guard let video = try store.find(id, in: transaction) else { return }
        try transaction.publish(VideoEvent(about: video), on: events)
    }
}

extension VideoStore {
    func setStatus(
        _ status: Video.Status, _ failure: EncodingProgress.Failure?, of id: VideoID, at time: Date,
        in transaction: Transaction
    ) throws {
        try transaction.execute(
            "UPDATE videos SET status = $2, failure_code = $3, failure_detail = $4, updated_at = $5 WHERE id = $1", id,
            status.rawValue, failure?.code, failure?.detail, time)
    }

    /// What is known of a file as soon as another server begins to send it.
    func setFile(_ id: VideoID, named name: String, byteCount: Int64, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE videos SET file_name = $2, byte_count = $3 WHERE id = $1", id, name, byteCount)
    }

    /// Writes what a file says of itself into the row that awaited it. What its owner may have changed meanwhile stays.
    func fill(_ video: Video, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE videos SET checksum = $2, byte_count = $3, duration = $4, width = $5, height = $6, kind = $7,
                updated_at = $8, handed_over_from = '', failure_code = NULL, failure_detail = NULL
            WHERE id = $1
            """, video.id, video.checksum, video.byteCount, video.duration, video.width, video.height,
            video.kind.rawValue, video.updatedAt)
    }
}
