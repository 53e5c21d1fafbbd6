import Accounts
import Bus
import FoundationEssentials
import SQL
import Storage
import Telemetry

/// Removes a video for good: its tasks and keys first, then every byte, its row last. So whatever a crash leaves still has its row, which
/// tells that the removal has to be done to its end.
struct RemoveVideo: Sendable {
    /// Videos that are looked up together.
    private static let pieceSize = 20

    let database: Database
    let storage: StorageServices
    let find: FindVideo
    let encoding: VideoEncoding
    let endReplacement: EndReplacement
    let revoke: RevokeGrants
    let events: VideoEvents
    let facts: Outbox?
    let audit: AuditLog
    let lifetime: Duration
    let log: Log
    let now: @Sendable () -> Date
    private let store = VideoStore()
    private let uploads = UploadStore()
    private let fetches = FetchStore()
    private let versions = VersionStore()

    /// - Parameter door: `trash` for what is in the trash, `remove` for what is not.
    func callAsFunction(
        _ id: VideoID, through door: VideoAccess.Door, by viewer: Viewer, from origin: AuditOrigin
    ) async throws {
        _ = try await find(id, for: viewer, through: door)
        try await begin(id, from: origin) { try VideoError.check(VideoAccess.decide(viewer, $0.subject, door)) }
        try await finish(id)
    }

    /// Removes what has been in the trash for its time, and what a crash kept from being removed.
    ///
    /// - Returns: how many there were.
    @discardableResult
    func removeOverdue() async throws -> Int {
        let oldest = now() - lifetime
        var (count, last) = (0, "")
        while !Task.isCancelled {
            let after = last
            let ids = try await database.read {
                try store.trashed(until: oldest, after: after, limit: Self.pieceSize, in: $0)
            }
            guard let end = ids.last else { break }
            for id in ids where !Task.isCancelled {
                do {
                    try await begin(id, from: .system) { video in
                        guard let since = video.trashedAt, since <= oldest else { throw VideoError.notFound }
                    }
                    try await finish(id)
                    count += 1  // bound: rows of a database
                } catch VideoError.notFound {
                    // Another server was faster, or it was restored.
                } catch let error as CancellationError {
                    throw error
                } catch {
                    // It has its row, so that it is tried again with the next round.
                    log.error("a video could not be removed", ["video": .init(id), "error": .error(error)])
                }
            }
            last = end.description
        }
        if count > 0 { log.info("videos were removed from the trash", ["count": .init(count)]) }
        return count
    }

    /// From here on nobody sees it and nothing is made of it; it cannot be restored.
    private func begin(
        _ id: VideoID, from origin: AuditOrigin, _ check: @escaping @Sendable (Video) throws -> Void
    ) async throws {
        let now = now()
        let left = try await database.write { transaction in
            guard let video = try store.find(id, in: transaction) else { throw VideoError.notFound }
            try check(video)
            try encoding.remove(transaction, video.version)
            let left = try endReplacement(of: id, andFormer: true, at: now, in: transaction)
            _ = try fetches.pause(id, in: transaction)
            try uploads.remove(id.upload, in: transaction)
            try store.setTrashed(id, at: .beingRemoved, in: transaction)
            if video.trashedAt == nil {
                try revoke(.video(id), at: now, in: transaction)
                try uploads.forget(video: id, in: transaction)
                try facts?.record(.removed(video, at: now), in: transaction)
                try transaction.publish(VideoEvent(about: video, named: .removed), on: events)
            }
            if video.trashedAt != .beingRemoved {
                try audit.record(
                    AuditEvent(.videoRemoved, of: AuditTarget(video), by: origin, before: video.auditedVisibility),
                    in: transaction)
            }
            return left
        }
        try await endReplacement.removeBytes(of: left)
    }

    private func finish(_ id: VideoID) async throws {
        if let blob = id.upload.blob { try await storage.uploads.remove(blob) }
        let all = try await database.read { access in
            try store.find(id, in: access).map { video in
                Set([id.firstVersion, video.version] + (try versions.all(of: id, in: access).map(\.id)))
            }
        }
        for folder in (all ?? []).compactMap(\.folder) { try await storage.blobs.removeTree(folder) }
        _ = try await database.write { try store.remove(id, in: $0) }
    }
}

extension Date {
    /// What `Video.trashedAt` is of a video that is being removed for good.
    static let beingRemoved = Date(timeIntervalSince1970: 0)
}
