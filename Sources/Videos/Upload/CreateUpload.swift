import Accounts
import FoundationEssentials
import Security
import Storage

/// Makes an upload that bytes can be appended to.
struct CreateUpload: Sendable {
    let slots: UploadSlots
    let staging: any UploadStaging
    let passwords: PasswordHasher
    let settings: VideoSettings
    let now: @Sendable () -> Date

    func callAsFunction(_ creation: TusProtocol.Creation, by viewer: Viewer) async throws -> Upload {
        guard VideoAccess.mayUpload(viewer) else { throw VideoError.uploadForbidden }
        try settings.requireSandbox()
        let fileName = creation.metadata["filename"] ?? creation.metadata["name"] ?? ""
        let details = try VideoDetails(fields: creation.metadata.values, fileName: fileName)
        let id = UploadID()
        let replaced = try await slots.replaced(by: id, creation.metadata["replaces"], viewer)
        guard let blob = id.blob, let original = id.version.original else { throw VideoError.notFound }
        // Before the password is hashed and the file is synced: both cost much, and a refusal is free.
        try await slots.reserve(id, for: viewer.id, byteCount: creation.byteCount)
        do {
            return try await begin(
                creation, details, fileName: fileName, id: id, replacing: replaced, viewer, blob, original)
        } catch {
            try? await staging.remove(blob)
            await slots.drop(id)
            throw error
        }
    }

    private func begin(
        _ creation: TusProtocol.Creation, _ details: VideoDetails, fileName: String, id: UploadID,
        replacing replaced: VideoID?, _ viewer: Viewer, _ blob: BlobKey, _ original: BlobKey
    ) async throws -> Upload {
        var metadata = creation.metadata.values
        metadata["password"] = nil
        let now = now()
        let upload = Upload(
            id: id, owner: viewer.id, byteCount: creation.byteCount, metadata: UploadMetadata(values: metadata).header,
            details: try await details.hashingPassword(by: passwords, for: viewer.id),
            fileName: FileName(fileName).description, state: .receiving, checkedOffset: nil, video: nil, refusal: nil,
            createdAt: now, expiresAt: settings.uploadExpiry(from: now, createdAt: now), replaces: replaced)
        // The file before the row: a row without a file would be an upload that cannot go on.
        try await staging.create(blob, becoming: original, expecting: Int(clamping: creation.byteCount))
        try await slots.begin(upload, by: viewer)
        return upload
    }
}

extension VideoDetails {
    /// The same details with the password as a hash only.
    func hashingPassword(by passwords: PasswordHasher, for owner: UserID) async throws -> VideoDetails {
        guard let password else { return self }
        var details = self
        details.passwordHash = try await passwords.hash(password, for: .person(owner.description)).encoded
        details.password = nil
        return details
    }
}
