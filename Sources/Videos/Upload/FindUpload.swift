import FoundationEssentials
import SQL

/// Looks an upload up for a viewer; others' uploads do not exist for them, administrators see all.
struct FindUpload: Sendable {
    let database: Database
    let now: @Sendable () -> Date
    private let uploads = UploadStore()

    /// - Throws: `TusError.notFound`.
    func callAsFunction(_ id: UploadID, of viewer: Viewer) async throws -> Upload {
        let found = try await database.read { try uploads.find(id, in: $0) }
        guard let found, found.owner == viewer.id || viewer.role == .admin, found.expiresAt > now(),
            found.state != .reserved
        else { throw TusError.notFound }
        return found
    }
}
