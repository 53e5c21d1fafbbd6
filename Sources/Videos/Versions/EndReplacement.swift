import Accounts
import FoundationEssentials
import SQL
import Storage

/// Ends what is under way to replace the file of a video. The present version stays as it is.
struct EndReplacement: Sendable {
    let database: Database
    let storage: StorageServices
    let find: FindVideo
    let encoding: VideoEncoding
    let events: VideoEvents
    let now: @Sendable () -> Date
    private let store = VideoStore()
    private let versions = VersionStore()
    private let uploads = UploadStore()

    init(
        database: Database, storage: StorageServices, find: FindVideo, encoding: VideoEncoding, events: VideoEvents,
        now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.storage = storage
        self.find = find
        self.encoding = encoding
        self.events = events
        self.now = now
    }

    /// For whoever may change the video; where nothing is under way, the word of what failed before is taken away.
    func callAsFunction(_ id: VideoID, by viewer: Viewer) async throws {
        _ = try await find(id, for: viewer, through: .change)
        let now = now()
        let left = try await database.write { transaction in
            guard let video = try store.find(id, in: transaction) else { throw VideoError.notFound }
            try VideoError.check(VideoAccess.decide(viewer, video.subject, .change))
            let left = try self(of: id, at: now, in: transaction)
            guard let changed = try store.find(id, in: transaction) else { return left }
            try transaction.publish(VideoEvent(about: changed, named: .updated), on: events)
            return left
        }
        try await removeBytes(of: left)
    }

    /// As part of a transaction.
    ///
    /// - Parameter andFormer: versions that were replaced and that somebody may still be watching go as well.
    /// - Returns: for `removeBytes`, once the transaction is kept. What a crash leaves of them is swept.
    func callAsFunction(
        of id: VideoID, andFormer: Bool = false, at time: Date, in transaction: Transaction
    ) throws -> [UploadID] {
        for version in try versions.all(of: id, in: transaction) where andFormer || version.removedAt == nil {
            try encoding.remove(transaction, version.id)
            try versions.leave(version.id, at: time, in: transaction)
        }
        try store.setReplacement(nil, of: id, in: transaction)
        return try uploads.endReplacing(id, in: transaction)
    }

    /// Of uploads whose rows are gone. Who is still sending to one sees that at the end of what they send.
    func removeBytes(of uploads: [UploadID]) async throws {
        for blob in uploads.compactMap(\.blob) { try await storage.uploads.remove(blob) }
    }
}
