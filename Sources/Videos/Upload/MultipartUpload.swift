import Accounts
import FoundationEssentials
import HTTP
import SQL
import Security
import Storage
import Web

extension VideoCatalogue {
    /// Receives a whole file as a form, streamed to the disk and hashed on the way. Fields may stand before or behind it.
    func receiveForm(_ request: Request, by viewer: Viewer) async throws -> FinishedUpload {
        guard VideoAccess.mayUpload(viewer) else { throw VideoError.uploadForbidden }
        try requireSandbox()
        let id = UploadID()
        guard let session = sessions.take(id), let blob = Self.blob(of: id) else { throw VideoError.uploadLocked }
        defer {
            sessions.release(id)
            sessions.forget(id)
        }
        let limit = try await freeSlots(of: viewer)
        guard sessions.beginForm(of: viewer.id, limit: limit) else { throw VideoError.tooManyUploads }
        defer { sessions.endForm(of: viewer.id) }
        let form = try await readForm(request, into: blob, session)
        guard form.byteCount > 0 else {
            try await storage.remove(blob)
            throw RefusedContent(.emptyFile)
        }
        let upload: Upload
        do {
            upload = try await record(form, id: id, owner: viewer.id)
        } catch {
            try? await storage.remove(blob)
            throw error
        }
        do {
            return try await finish(upload, session)
        } catch let refusal as RefusedContent {
            throw refusal
        } catch {
            // Nobody can come back for this one: unlike a tus upload it has no address.
            try? await removeUpload(upload)
            throw error
        }
    }

    private struct Form {
        var fields: [String: String] = [:]
        var fileName = ""
        var byteCount: Int64 = 0
    }

    private static let knownFields: Set = [
        "title", "description", "category", "tags", "people", "is_premium", "is_hidden", "password",
    ]

    private func readForm(_ request: Request, into blob: BlobKey, _ session: UploadSession) async throws -> Form {
        let multipart = try Multipart(request)
        var form = Form()
        var writer: BlobWriter?
        do {
            while let part = try await multipart.nextPart() {
                if part.name == "file", writer == nil {
                    form.fileName = part.filename ?? ""
                    // Fields that came before are judged before gigabytes are taken in.
                    _ = try VideoDetails(fields: form.fields, fileName: form.fileName)
                    let expected = request.body.expectedByteCount.map { $0 - request.body.receivedByteCount }
                    let file = try await storage.create(blob, expecting: expected)
                    writer = file
                    form.byteCount = try await store(part, in: file, session)
                } else if Self.knownFields.contains(part.name) {
                    let text = try await part.text()
                    // A list may come as several parts of one name.
                    form.fields[part.name] = form.fields[part.name].map { "\($0),\(text)" } ?? text
                }
            }
            guard let writer else { throw VideoError.fileMissing }
            _ = try VideoDetails(fields: form.fields, fileName: form.fileName)
            try await writer.finish()
        } catch {
            await writer?.discard()
            throw error
        }
        return form
    }

    private func store(_ part: Multipart.Part, in file: BlobWriter, _ session: UploadSession) async throws -> Int64 {
        var count: Int64 = 0
        while let piece = try await part.next() {
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
    private func record(_ form: Form, id: UploadID, owner: UserID) async throws -> Upload {
        var details = try VideoDetails(fields: form.fields, fileName: form.fileName)
        if let password = details.password {
            details.passwordHash = try await foundation.passwords.hash(password, for: .person(owner.description))
                .encoded
            details.password = nil
        }
        let now = now()
        let upload = Upload(
            id: id, owner: owner, byteCount: form.byteCount, metadata: "", details: details, fileName: form.fileName,
            state: .receiving, checkedOffset: nil, video: nil, refusal: nil, createdAt: now,
            expiresAt: expiry(from: now))
        let uploads = uploads
        try await database.write { try uploads.insert(upload, in: $0) }
        return upload
    }

    /// How many more unfinished uploads this person may have.
    private func freeSlots(of viewer: Viewer) async throws -> Int {
        let (uploads, owner) = (uploads, viewer.id)
        return settings.uploadsPerUser
            - (try await database.read { try uploads.unfinishedCount(owner: owner, in: $0) })
    }
}
