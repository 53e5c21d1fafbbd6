import Accounts

extension VideoCallers {
    /// Whether a caller may still upload, as of now: asked at each piece, because much can happen while gigabytes come in.
    ///
    /// - Throws: `VideoError.signInNeeded` once the session is over; `uploadForbidden` for another role.
    func requireUploadRight(_ caller: Caller) async throws {
        guard VideoAccess.mayUpload(Viewer(try await stillThere(caller))) else { throw VideoError.uploadForbidden }
    }
}
