import Accounts
import FoundationEssentials
import HTTP
import Security
import Storage
import Web

/// Receives a whole file as a form, streamed to the disk and hashed on the way. Fields may stand before or behind it.
struct ReceiveForm: Sendable {
    let staging: any UploadStaging
    let sessions: UploadSessions
    let slots: UploadSlots
    let finish: FinishUpload
    let remove: RemoveUpload
    let callers: VideoCallers
    let passwords: PasswordHasher
    let settings: VideoSettings
    let now: @Sendable () -> Date

    func callAsFunction(_ request: Request, by caller: Caller) async throws -> FinishedUpload {
        try await callers.requireUploadRight(caller)
        try settings.requireSandbox()
        let id = UploadID()
        guard let session = sessions.take(id), let blob = id.blob, let original = id.version.original else {
            throw VideoError.uploadLocked
        }
        defer {
            sessions.release(id)
            sessions.forget(id)
        }
        // The fields of the form are a little of it.
        try await slots.reserve(
            id, for: caller.userID, byteCount: Int64(request.body.expectedByteCount ?? 0))
        let upload: Upload
        do {
            let form = try await readForm(request, of: id, into: blob, becoming: original, session, by: caller)
            guard form.byteCount > 0 else { throw RefusedContent(.emptyFile) }
            upload = try await record(form, id: id, by: caller)
        } catch {
            try? await staging.remove(blob)
            await slots.drop(id)
            throw error
        }
        do {
            return try await finish.unlessStopped(upload, session, by: caller)
        } catch let refusal as RefusedContent {
            throw refusal
        } catch {
            // Nobody can come back for this one: unlike a tus upload it has no address. Where that fails as well, it is
            // finished or removed later.
            try? await remove(upload)
            throw error
        }
    }

    private struct Form {
        var fields = FormFields()
        var fileName = ""
        var byteCount: Int64 = 0

        /// The first of them; a second one is refused with the details.
        var replaces: String? { fields["replaces"] }

        func details() throws -> VideoDetails { try VideoDetails(fields: try fields.checked(), fileName: fileName) }
    }

    private func readForm(
        _ request: Request, of id: UploadID, into blob: BlobKey, becoming original: BlobKey, _ session: UploadSession,
        by caller: Caller
    ) async throws -> Form {
        let multipart = try Multipart(request)
        var form = Form()
        var writer: (any WholeUpload)?
        do {
            while let part = try await multipart.nextPart() {
                if part.name == "file", writer == nil {
                    form.fileName = part.filename ?? ""
                    // Fields that came before are judged before gigabytes are taken in.
                    _ = try form.details()
                    _ = try await slots.replaced(by: id, form.replaces, Viewer(caller))
                    let expected = request.body.expectedByteCount.map { $0 - request.body.receivedByteCount }
                    let file = try await staging.begin(blob, becoming: original, expecting: expected)
                    writer = file
                    form.byteCount = try await store(part, in: file, session, by: caller)
                } else if let limit = VideoDetails.byteLimit(ofField: part.name) {
                    form.fields.append(try await part.text(upTo: limit), to: part.name)
                }
            }
            guard let writer else { throw VideoError.fileMissing }
            _ = try form.details()
            try await writer.finish()
        } catch {
            await writer?.discard()
            throw error
        }
        return form
    }

    private func store(
        _ part: Multipart.Part, in file: any WholeUpload, _ session: UploadSession, by caller: Caller
    ) async throws -> Int64 {
        var count: Int64 = 0
        while let piece = try await part.next() {
            try await callers.requireUploadRight(caller)
            session.hash(piece, at: count)
            count += Int64(piece.count)
            guard count <= settings.maximumUploadBytes else {
                throw VideoError.fileTooLarge(maximum: settings.maximumUploadBytes)
            }
            try await file.append(piece)
        }
        return count
    }

    /// From here on the file is an upload that a restart would finish.
    private func record(_ form: Form, id: UploadID, by caller: Caller) async throws -> Upload {
        let (now, owner, viewer) = (now(), caller.userID, Viewer(caller))
        let replaced = try await slots.replaced(by: id, form.replaces, viewer)
        let upload = Upload(
            id: id, owner: owner, byteCount: form.byteCount, metadata: "",
            details: try await form.details().hashingPassword(by: passwords, for: owner),
            fileName: FileName(form.fileName).description,
            state: .receiving, checkedOffset: nil, video: nil, refusal: nil, createdAt: now,
            expiresAt: settings.uploadExpiry(from: now, createdAt: now), replaces: replaced)
        try await slots.begin(upload, by: viewer)
        return upload
    }
}
