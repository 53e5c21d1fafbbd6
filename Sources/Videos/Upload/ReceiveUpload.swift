import Accounts
import Cryptography
import FoundationEssentials
import HTTP
import SQL
import Storage

extension VideoCatalogue {
    /// Makes an upload that bytes can be appended to.
    func createUpload(_ creation: TusProtocol.Creation, by viewer: Viewer) async throws -> Upload {
        guard VideoAccess.mayUpload(viewer) else { throw VideoError.uploadForbidden }
        try requireSandbox()
        let fileName = creation.metadata["filename"] ?? creation.metadata["name"] ?? ""
        let details = try VideoDetails(fields: creation.metadata.values, fileName: fileName)
        let id = UploadID()
        guard let blob = Self.blob(of: id) else { throw VideoError.notFound }
        // Before the password is hashed and the file is synced: both cost much, and a refusal is free.
        try await reserveUpload(id, for: viewer.id, byteCount: creation.byteCount)
        do {
            return try await begin(creation, details, fileName: fileName, id: id, owner: viewer.id, blob)
        } catch {
            try? await storage.remove(blob)
            await dropReservation(id)
            throw error
        }
    }

    private func begin(
        _ creation: TusProtocol.Creation, _ details: VideoDetails, fileName: String, id: UploadID, owner: UserID,
        _ blob: BlobKey
    ) async throws -> Upload {
        var metadata = creation.metadata.values
        metadata["password"] = nil
        let now = now()
        let upload = Upload(
            id: id, owner: owner, byteCount: creation.byteCount, metadata: UploadMetadata(values: metadata).header,
            details: try await hashingPassword(of: details, for: owner), fileName: FileName(fileName).description,
            state: .receiving, checkedOffset: nil, video: nil, refusal: nil, createdAt: now,
            expiresAt: expiry(from: now, createdAt: now))
        // The file before the row: a row without a file would be an upload that cannot go on.
        try await storage.createPartial(blob, expecting: Int(clamping: creation.byteCount))
        try await begin(upload)
        return upload
    }

    /// Turns the reserved slot into an upload that can go on.
    func begin(_ upload: Upload) async throws {
        let (uploads, quota) = (uploads, settings.bytesPerUser)
        let isThere = try await database.write { transaction in
            try Self.requireRoom(
                upload.byteCount, for: upload.owner, except: upload.id, quota, uploads, in: transaction)
            return try uploads.begin(upload, in: transaction)
        }
        guard isThere else { throw TusError.notFound }
    }

    /// The same details with the password as a hash only.
    func hashingPassword(of details: VideoDetails, for owner: UserID) async throws -> VideoDetails {
        guard let password = details.password else { return details }
        var details = details
        details.passwordHash = try await foundation.passwords.hash(password, for: .person(owner.description)).encoded
        details.password = nil
        return details
    }

    /// An upload of this viewer; others' uploads do not exist for them, administrators see all.
    func upload(_ id: UploadID, of viewer: Viewer) async throws -> Upload {
        let uploads = uploads
        let found = try await database.read { try uploads.find(id, in: $0) }
        guard let found, found.owner == viewer.id || viewer.role == .admin, found.expiresAt > now(),
            found.state != .reserved
        else { throw TusError.notFound }
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
        _ body: RequestBody, _ append: TusProtocol.Append, to upload: Upload, _ session: UploadSession,
        by caller: Caller
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
                try await requireUploadRight(caller)
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
            if error as? RequestBodyError == .interrupted { throw TusError.superseded }
            throw error
        }
        if isChecked { try await touch(upload, checkedOffset: receiver.offset) }
        return receiver.offset
    }

    /// Moves the time of expiry, which counts from the last sign of life.
    private func touch(_ upload: Upload, checkedOffset: Int64?) async throws {
        let (uploads, expiry) = (uploads, expiry(of: upload))
        try await database.write { transaction in
            try uploads.touch(upload.id, checkedOffset: checkedOffset, expiresAt: expiry, in: transaction)
        }
    }

    func expiry(of upload: Upload) -> Date { expiry(from: now(), createdAt: upload.createdAt) }

    /// Each sign of life moves the end, but not for ever.
    func expiry(from time: Date, createdAt: Date) -> Date {
        let lifetime = settings.uploadLifetime
        let longest = max(lifetime, VideoSettings.longestUpload)
        return min(
            time.addingTimeInterval(Double(lifetime.components.seconds)),
            createdAt.addingTimeInterval(Double(longest.components.seconds)))
    }

    /// Ends an upload and frees its space. A video that was made of it stays.
    func removeUpload(_ upload: Upload) async throws {
        if upload.state == .receiving, let blob = Self.blob(of: upload.id), let folder = Self.folder(of: upload.videoID)
        {
            try await storage.remove(blob)
            // The bytes may have been given the video's place already without a row having followed.
            if try await stored(upload.videoID) == nil { try await storage.removeTree(folder) }
        }
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
