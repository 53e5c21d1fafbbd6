import Accounts
import Cryptography
import FoundationEssentials
import HTTP
import SQL
import Storage

/// Appends what a request brings to an upload.
struct ReceiveChunk: Sendable {
    let database: Database
    let staging: any UploadStaging
    let settle: SettleUpload
    let callers: VideoCallers
    let settings: VideoSettings
    let now: @Sendable () -> Date
    private let uploads = UploadStore()

    /// Appends a request's body. The caller holds the session.
    ///
    /// What arrived before a connection was cut is kept, unless a checksum was to be compared at its end.
    ///
    /// - Returns: the new offset.
    func callAsFunction(
        _ body: RequestBody, _ append: TusProtocol.Append, to upload: Upload, _ session: UploadSession,
        by caller: Caller
    ) async throws -> Int64 {
        let start = try await settle(upload)
        guard append.offset == start else { throw TusError.offsetConflict(current: start) }
        let room = upload.byteCount - start
        if let announced = body.expectedByteCount, Int64(announced) > room { throw TusError.beyondLength }
        // Without chunks to check any more, everything that is stored counts.
        let isChecked = append.checksum != nil
        try await touch(upload, checkedOffset: isChecked ? start : nil)
        guard room > 0, let blob = upload.id.blob else { return start }

        let partial = try await staging.open(blob)
        let mark = session.mark()
        var receiver = ChunkReceiver(session: session, checksum: append.checksum, offset: start, end: upload.byteCount)
        do {
            while let piece = try await body.next() {
                try await callers.requireUploadRight(caller)
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
        let expiry = expiry(of: upload)
        try await database.write { transaction in
            try uploads.touch(upload.id, checkedOffset: checkedOffset, expiresAt: expiry, in: transaction)
        }
    }

    func expiry(of upload: Upload) -> Date { settings.uploadExpiry(from: now(), createdAt: upload.createdAt) }
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
