import SQL
import Storage

/// Ends an upload and frees its space. A video that was made of it stays. The caller holds the upload.
struct RemoveUpload: Sendable {
    let database: Database
    let storage: StorageServices
    let sessions: UploadSessions
    private let uploads = UploadStore()
    private let versions = VersionStore()

    init(database: Database, storage: StorageServices, sessions: UploadSessions) {
        self.database = database
        self.storage = storage
        self.sessions = sessions
    }

    func callAsFunction(_ upload: Upload) async throws {
        if upload.state == .receiving, let blob = upload.id.blob, let folder = upload.id.version.folder {
            try await storage.uploads.remove(blob)
            // The bytes may have been given their place already without a row having followed.
            if try await !database.read({ try versions.isKnown("\(upload.id)", in: $0) }) {
                try await storage.blobs.removeTree(folder)
            }
        }
        try await database.write { try uploads.remove(upload.id, in: $0) }
        sessions.forget(upload.id)
    }
}
