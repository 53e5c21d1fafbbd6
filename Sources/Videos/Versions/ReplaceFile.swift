import Accounts
import FoundationEssentials
import SQL

/// Makes a complete upload the version that is to replace the file of a video. The present version stays until the new one can be played.
struct ReplaceFile: Sendable {
    let database: Database
    let callers: VideoCallers
    let events: VideoEvents
    let now: @Sendable () -> Date
    private let store = VideoStore()
    private let versions = VersionStore()
    private let uploads = UploadStore()
    private let check = CheckReplacement()

    init(
        database: Database, callers: VideoCallers, events: VideoEvents, now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.callers = callers
        self.events = events
        self.now = now
    }

    /// Before the file is looked into.
    ///
    /// - Throws: `VideoError` where it cannot replace anything.
    func requireNew(_ checksum: String, _ upload: Upload) async throws {
        try await database.read { _ = try requireNew(checksum, upload, in: $0) }
    }

    private func requireNew(_ checksum: String, _ upload: Upload, in access: ReadAccess) throws -> Video {
        guard let video = upload.replaces, let role = try callers.role(upload.owner, access) else {
            throw VideoError.uploadForbidden
        }
        let viewer = Viewer(id: upload.owner, role: role)
        let found = try check(video, by: viewer, with: upload.id, in: access)
        try check.requireNew(checksum, for: found, in: access)
        return found
    }

    /// - Returns: the video; nil where the upload is to become one of its own.
    func callAsFunction(_ upload: Upload, checksum: String, _ inspected: InspectedVideo) async throws -> Video? {
        guard upload.replaces != nil else { return nil }
        let time = now()
        return try await database.write { transaction in
            // The replacement may have been ended while the file was looked into, and with it the upload.
            guard try uploads.find(upload.id, in: transaction) != nil else { throw VideoError.notFound }
            let video = try requireNew(checksum, upload, in: transaction)
            let version = VideoVersion(
                id: upload.id.version, video: video.id, broughtBy: upload.owner, checksum: checksum,
                byteCount: upload.byteCount, fileName: upload.fileName, createdAt: time, removedAt: nil)
            try versions.insert(version, in: transaction)
            try store.setReplacement(.init(version, .processing, progress: 0), of: video.id, in: transaction)
            try inspected.enqueue(transaction, version.id)
            try uploads.finish(upload.id, as: video.id, in: transaction)
            let changed = try store.find(video.id, in: transaction) ?? video
            try transaction.publish(VideoEvent(about: changed, named: .updated), on: events)
            return changed
        }
    }
}
