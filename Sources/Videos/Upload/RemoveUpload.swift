import SQL
import Storage

/// Ends an upload and frees its space. A video that was made of it stays. The caller holds the upload.
struct RemoveUpload: Sendable {
    let database: Database
    let storage: StorageServices
    let sessions: UploadSessions
    let find: FindVideo
    private let uploads = UploadStore()

    func callAsFunction(_ upload: Upload) async throws {
        if upload.state == .receiving, let blob = upload.id.blob, let folder = upload.videoID.folder {
            try await storage.uploads.remove(blob)
            // The bytes may have been given the video's place already without a row having followed.
            if try await find.stored(upload.videoID) == nil { try await storage.blobs.removeTree(folder) }
        }
        try await database.write { try uploads.remove(upload.id, in: $0) }
        sessions.forget(upload.id)
    }
}
