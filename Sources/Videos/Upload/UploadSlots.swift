import Accounts
import SQL

extension VideoCatalogue {
    /// Takes one of the unfinished uploads that a person may have, before any work is done for it. The row holds the slot;
    /// there is one writer, so many at once do not get past the limit.
    ///
    /// - Parameter byteCount: what the upload announces; 0 where it does not.
    /// - Throws: `VideoError.tooManyUploads`, `quotaExceeded`.
    func reserveUpload(_ id: UploadID, for owner: UserID, byteCount: Int64) async throws {
        let (uploads, limit, quota, now) = (uploads, settings.uploadsPerUser, settings.bytesPerUser, now())
        let expiry = expiry(from: now, createdAt: now)
        try await database.write { transaction in
            guard try uploads.unfinishedCount(owner: owner, in: transaction) < limit else {
                throw VideoError.tooManyUploads
            }
            try Self.requireRoom(byteCount, for: owner, except: id, quota, uploads, in: transaction)
            try uploads.reserve(
                id, for: owner, byteCount: byteCount, at: now, expiresAt: expiry, in: transaction)
        }
    }

    /// - Throws: `VideoError.quotaExceeded` when a person would have more than they may.
    static func requireRoom(
        _ byteCount: Int64, for owner: UserID, except id: UploadID, _ quota: Int64?, _ uploads: UploadStore,
        in access: ReadAccess
    ) throws {
        guard let quota else { return }
        let room = max(0, quota - (try uploads.byteCount(of: owner, except: id, in: access)))
        guard byteCount <= room else { throw VideoError.quotaExceeded(room: room) }
    }

    /// Gives a slot back that came to nothing. Failing to do so is no error of its own: the row expires.
    func dropReservation(_ id: UploadID) async {
        let uploads = uploads
        do {
            try await database.write { try uploads.remove(id, in: $0) }
        } catch {
            log.error("a reserved upload could not be dropped", ["upload": .init(id), "error": .error(error)])
        }
    }

    /// Whether a caller may still upload, as of now: asked at each piece, because much can happen while gigabytes come in.
    ///
    /// - Throws: `VideoError.signInNeeded` once the session is over; `uploadForbidden` for another role.
    func requireUploadRight(_ caller: Caller) async throws {
        guard VideoAccess.mayUpload(Viewer(try await stillThere(caller))) else { throw VideoError.uploadForbidden }
    }
}
