import FoundationEssentials
import HTTP
import SQL
import Security
import Storage

extension VideoCatalogue {
    /// Makes an upload that bytes can be appended to.
    func createUpload(_ creation: TusProtocol.Creation, by viewer: Viewer) async throws -> Upload {
        guard VideoAccess.mayUpload(viewer) else { throw VideoError.uploadForbidden }
        try requireSandbox()
        let fileName = creation.metadata["filename"] ?? creation.metadata["name"] ?? ""
        var details = try VideoDetails(fields: creation.metadata.values, fileName: fileName)
        if let password = details.password {
            details.passwordHash = try await foundation.passwords.hash(password, for: .person(viewer.id.description))
                .encoded
            details.password = nil
        }
        var metadata = creation.metadata.values
        metadata["password"] = nil
        let now = now()
        let upload = Upload(
            id: UploadID(), owner: viewer.id, byteCount: creation.byteCount,
            metadata: UploadMetadata(values: metadata).header, details: details, fileName: fileName,
            state: .receiving, checkedOffset: nil, video: nil, refusal: nil, createdAt: now,
            expiresAt: expiry(from: now))
        guard let blob = Self.blob(of: upload.id) else { throw VideoError.notFound }
        let (uploads, limit) = (uploads, settings.uploadsPerUser)
        // The file first: a row without a file would be an upload that cannot go on.
        try await storage.createPartial(blob, expecting: Int(clamping: creation.byteCount))
        do {
            try await database.write { transaction in
                guard try uploads.unfinishedCount(owner: upload.owner, in: transaction) < limit else {
                    throw VideoError.tooManyUploads
                }
                try uploads.insert(upload, in: transaction)
            }
        } catch {
            try? await storage.remove(blob)
            throw error
        }
        return upload
    }

    /// An upload of this viewer; others' uploads do not exist for them, administrators see all.
    func upload(_ id: UploadID, of viewer: Viewer) async throws -> Upload {
        let uploads = uploads
        let found = try await database.read { try uploads.find(id, in: $0) }
        guard let found, found.owner == viewer.id || viewer.role == .admin, found.expiresAt > now() else {
            throw TusError.notFound
        }
        return found
    }

    /// Where the upload stands: cuts off what a checked chunk left when it was broken off.
    func settledOffset(of upload: Upload) async throws -> Int64 {
        guard upload.state == .receiving else { return upload.byteCount }
        guard let blob = Self.blob(of: upload.id), let stored = try await storage.size(of: blob) else {
            // Every byte is here and the file has its new name already: a crash came between that and the row.
            return upload.byteCount
        }
        guard let checked = upload.checkedOffset, Int64(stored) > checked else { return Int64(stored) }
        let partial = try await storage.openPartial(blob)
        try await partial.truncate(to: Int(clamping: checked))
        try await partial.close()
        return checked
    }

    /// Appends a request's body. The caller holds the session.
    ///
    /// What arrived before a connection was cut is kept, unless a checksum was to be compared at its end.
    ///
    /// - Returns: the new offset.
    func append(
        _ body: RequestBody, _ append: TusProtocol.Append, to upload: Upload, _ session: UploadSession
    ) async throws -> Int64 {
        let start = try await settledOffset(of: upload)
        guard append.offset == start else { throw TusError.offsetConflict(current: start) }
        let room = upload.byteCount - start
        if let announced = body.expectedByteCount, Int64(announced) > room { throw TusError.beyondLength }
        // Without chunks to check any more, everything that is stored counts.
        let isChecked = append.checksum != nil
        try await touch(upload, checkedOffset: isChecked ? start : nil)
        guard room > 0, let blob = Self.blob(of: upload.id) else { return start }

        let partial = try await storage.openPartial(blob)
        let mark = session.mark()
        var receiver = ChunkReceiver(session: session, checksum: append.checksum, offset: start, end: upload.byteCount)
        do {
            while let piece = try await body.next() {
                try receiver.take(piece)
                try await partial.append(piece)
            }
            try receiver.finish()
            try await partial.close()
        } catch {
            let keeps = !isChecked && (error as? TusError) == nil
            if !keeps { try? await partial.truncate(to: Int(clamping: start)) }
            // What the disk did not take is hashed again from the file when the upload is finished.
            if Int64(partial.byteCount) < session.digestedByteCount { session.restore(mark) }
            try? await partial.close()
            throw error
        }
        if isChecked { try await touch(upload, checkedOffset: receiver.offset) }
        return receiver.offset
    }

    /// Moves the time of expiry, which counts from the last sign of life.
    private func touch(_ upload: Upload, checkedOffset: Int64?) async throws {
        let (uploads, expiry) = (uploads, expiry(from: now()))
        try await database.write { transaction in
            try uploads.touch(upload.id, checkedOffset: checkedOffset, expiresAt: expiry, in: transaction)
        }
    }

    func expiry(from time: Date) -> Date {
        time.addingTimeInterval(Double(settings.uploadLifetime.components.seconds))
    }

    /// Ends an upload and frees its space. A video that was made of it stays.
    func removeUpload(_ upload: Upload) async throws {
        if upload.state == .receiving, let blob = Self.blob(of: upload.id) { try await storage.remove(blob) }
        let uploads = uploads
        try await database.write { try uploads.remove(upload.id, in: $0) }
    }
}

/// Counts and hashes the pieces of one chunk as they pass.
struct ChunkReceiver {
    private let session: UploadSession
    private let checksum: UploadChecksum?
    private let digest: Digest?
    private let end: Int64
    private(set) var offset: Int64

    init(session: UploadSession, checksum: UploadChecksum?, offset: Int64, end: Int64) {
        self.session = session
        self.checksum = checksum
        self.offset = offset
        self.end = end
        digest =
            switch checksum?.algorithm {
            case .sha1: SHA1()
            case .sha256: SHA256()
            case nil: nil
            }
    }

    mutating func take(_ piece: [UInt8]) throws(TusError) {
        guard offset + Int64(piece.count) <= end else { throw .beyondLength }
        session.hash(piece, at: offset)
        digest?.update(piece)
        offset += Int64(piece.count)
    }

    func finish() throws(TusError) {
        guard let checksum, let digest else { return }
        guard constantTimeEqual(digest.value(), checksum.digest) else { throw .checksumMismatch }
    }
}
