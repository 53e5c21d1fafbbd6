import Accounts
import SQL

extension VideoCatalogue {
    /// Takes one of the unfinished uploads that a person may have, before any work is done for it. The row holds the slot;
    /// there is one writer, so many at once do not get past the limit.
    ///
    /// - Throws: `VideoError.tooManyUploads`.
    func reserveUpload(_ id: UploadID, for owner: UserID) async throws {
        let (uploads, limit, now) = (uploads, settings.uploadsPerUser, now())
        let expiry = expiry(from: now, createdAt: now)
        try await database.write { transaction in
            guard try uploads.unfinishedCount(owner: owner, in: transaction) < limit else {
                throw VideoError.tooManyUploads
            }
            try uploads.reserve(id, for: owner, at: now, expiresAt: expiry, in: transaction)
        }
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
