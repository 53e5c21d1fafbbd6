import Accounts
import FoundationEssentials
import SQL
import Telemetry

/// How many uploads a person may have unfinished, and how much they may take. The row of an upload holds its slot: writers see
/// each other's, so many at once do not get past the limits.
struct UploadSlots: Sendable {
    let database: Database
    let settings: VideoSettings
    /// Of what this server has in hand.
    let holder: LeaseOwner
    let log: Log
    let now: @Sendable () -> Date
    private let uploads = UploadStore()
    private let check = CheckReplacement()

    /// Takes a slot, before any work is done for the upload.
    ///
    /// - Parameter byteCount: what the upload announces; 0 where it does not.
    /// - Throws: `VideoError.tooManyUploads`, `quotaExceeded`.
    func reserve(_ id: UploadID, for owner: UserID, byteCount: Int64) async throws {
        let now = now()
        let expiry = settings.uploadExpiry(from: now, createdAt: now)
        try await database.write { transaction in
            guard try uploads.unfinishedCount(owner: owner, in: transaction) < settings.uploadsPerUser else {
                throw VideoError.tooManyUploads
            }
            try requireRoom(byteCount, for: owner, except: id, in: transaction)
            try uploads.reserve(
                id, for: owner, byteCount: byteCount, at: now, expiresAt: expiry, by: holder, in: transaction)
        }
    }

    /// The file of which video an upload is to replace, as its sender says; nil where they say nothing.
    ///
    /// - Throws: `VideoError` where that may not be, before any byte of it comes.
    func replaced(by upload: UploadID, _ field: String?, _ viewer: Viewer) async throws -> VideoID? {
        guard let text = field?.trimmingSpaces(), !text.isEmpty else { return nil }
        guard let video = VideoID(text) else { throw VideoError.notFound }
        try await database.read { _ = try check(video, by: viewer, with: upload, in: $0) }
        return video
    }

    /// Turns a reserved slot into an upload that can go on.
    ///
    /// - Throws: `VideoError.quotaExceeded`, `replacementUnderWay`; `TusError.notFound` where the slot is gone; `VideoDetails.Invalid`
    ///   where it is for a group that does not exist.
    func begin(_ upload: Upload, by viewer: Viewer) async throws {
        let isThere = try await database.write { transaction in
            if let video = upload.replaces { try check(video, by: viewer, with: upload.id, in: transaction) }
            try VideoGroupStore().requireAll(upload.details.groups, in: transaction)
            try requireRoom(upload.byteCount, for: upload.owner, except: upload.id, in: transaction)
            return try uploads.begin(upload, in: transaction)
        }
        guard isThere else { throw TusError.notFound }
    }

    /// - Throws: `VideoError.quotaExceeded` when a person would have more than they may.
    private func requireRoom(
        _ byteCount: Int64, for owner: UserID, except id: UploadID, in access: ReadAccess
    ) throws {
        guard let quota = settings.bytesPerUser else { return }
        let room = max(0, quota - (try uploads.byteCount(of: owner, except: id, in: access)))
        guard byteCount <= room else { throw VideoError.quotaExceeded(room: room) }
    }

    /// Gives a slot back that came to nothing. Failing to do so is no error of its own: the row expires.
    func drop(_ id: UploadID) async {
        do {
            try await database.write { try uploads.remove(id, in: $0) }
        } catch {
            log.error("a reserved upload could not be dropped", ["upload": .init(id), "error": .error(error)])
        }
    }
}
