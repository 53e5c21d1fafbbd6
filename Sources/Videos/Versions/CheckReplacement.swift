import SQL

/// Decides whether the file of a video may be replaced by an upload.
struct CheckReplacement: Sendable {
    private let store = VideoStore()
    private let versions = VersionStore()

    /// - Parameter upload: the one that is asked about; others of the same video are in its way.
    /// - Throws: `VideoError`: `replacementUnderWay` where another file is on its way or in work.
    @discardableResult
    func callAsFunction(
        _ id: VideoID, by viewer: Viewer, with upload: UploadID, in access: ReadAccess
    ) throws -> Video {
        guard let video = try store.find(id, in: access) else { throw VideoError.notFound }
        try VideoError.check(VideoAccess.decide(viewer, video.subject, .change))
        // Its first file is still to come.
        guard !video.checksum.isEmpty else { throw VideoError.nothingToReplace }
        guard try !versions.isUnderWay(id, except: upload, in: access) else { throw VideoError.replacementUnderWay }
        return video
    }

    /// - Throws: `sameBytesHere` where the owner has the same file already, as this video or another one.
    func requireNew(_ checksum: String, for video: Video, in access: ReadAccess) throws {
        guard try store.find(owner: video.owner, checksum: checksum, in: access) == nil else {
            throw VideoError.sameBytesHere
        }
    }
}
