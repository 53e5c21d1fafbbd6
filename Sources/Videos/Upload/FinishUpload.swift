import Accounts
import FoundationEssentials
import SQL
import Storage

/// What became of an upload whose bytes are all here.
enum FinishedUpload: Sendable {
    case created(Video)
    /// The owner had uploaded the same bytes before.
    case known(Video)

    var video: Video {
        switch self {
        case .created(let video), .known(let video): video
        }
    }
}

extension VideoCatalogue {
    /// Makes a video of a complete upload. The caller holds the session.
    ///
    /// Each step can be repeated, so that a crash between any two of them is mended by doing it again at the next start:
    /// hash, look for the same bytes, look inside, rename to the place of the original (the video has the upload's id),
    /// then video row, encoding tasks and the upload's end in one transaction.
    ///
    /// - Parameter caller: who sent the last byte; nil where the server finishes what was left.
    /// - Throws: `RefusedContent`, when the file was removed and the upload keeps the reason; `uploadForbidden`, when its
    ///   owner may not upload any more, and nothing of it is kept.
    func finish(_ upload: Upload, _ session: UploadSession, by caller: Caller?) async throws -> FinishedUpload {
        switch upload.state {
        case .finished:
            guard let id = upload.video, let video = try await stored(id) else { throw TusError.notFound }
            return .known(video)
        case .refused: throw refusal(of: upload)
        case .reserved: throw TusError.notFound
        case .receiving: break
        }
        if let caller { try await requireUploadRight(caller) }
        guard let blob = Self.blob(of: upload.id), let original = Self.original(of: upload.videoID) else {
            throw TusError.notFound
        }
        // After a crash the file may have its new name already.
        let place = try await storage.exists(blob) ? blob : original
        guard try await storage.exists(place) else {
            // Its bytes were removed, and its row could not be.
            try await removeUpload(upload)
            sessions.forget(upload.id)
            throw TusError.notFound
        }
        let checksum = try await checksum(of: place, byteCount: upload.byteCount, session)
        if let known = try await known(upload, checksum: checksum) {
            try await conclude(upload, as: known.id, removing: place)
            return .known(known)
        }
        let inspected = try await inspect(upload, at: place)
        if place == blob { try await storage.move(blob, to: original) }
        // A session that ended while the file was looked at ends here.
        if let caller { try await requireUploadRight(caller) }
        do {
            return try await insert(upload, checksum: checksum, inspected, at: original)
        } catch VideoError.uploadForbidden {
            try await removeUpload(upload)
            sessions.forget(upload.id)
            throw VideoError.uploadForbidden
        }
    }

    func refusal(of upload: Upload) -> RefusedContent {
        RefusedContent(upload.refusal.flatMap(RefusedContent.Code.init(rawValue:)) ?? .notAVideo)
    }

    private func known(_ upload: Upload, checksum: String) async throws -> Video? {
        let store = store
        return try await database.read { access in
            try store.find(owner: upload.owner, checksum: checksum, in: access)
                .flatMap { try store.find($0, in: access) }
        }
    }

    /// The hash made on the way, or what of it is missing read from the disk.
    private func checksum(of key: BlobKey, byteCount: Int64, _ session: UploadSession) async throws -> String {
        // Hashed on the loop: what is hashed in one go must not keep others waiting.
        let step: Int64 = 256 << 10
        while session.digestedByteCount < byteCount {
            try Task.checkCancellation()
            let start = session.digestedByteCount
            let end = min(start + step, byteCount)
            session.hash(try await storage.read(key, Int(clamping: start)..<Int(clamping: end)), at: start)
        }
        return session.checksum
    }

    private func inspect(_ upload: Upload, at key: BlobKey) async throws -> InspectedVideo {
        let uploads = uploads
        // Written down first: if this ends the server, the next one knows what it was.
        try await database.write { try uploads.setInspected(upload.id, true, in: $0) }
        let (sessions, id) = (sessions, upload.id)
        sessions.setPhase(.waiting, of: id)
        defer { sessions.setPhase(nil, of: id) }
        do {
            let inspected = try await encoding.inspect(storage.path(of: key)) { sessions.setPhase(.checking, of: id) }
            try await database.write { try uploads.setInspected(upload.id, false, in: $0) }
            return inspected
        } catch let refusal as RefusedContent {
            try await database.write { try uploads.refuse(upload.id, code: refusal.code.rawValue, in: $0) }
            try await storage.remove(key)
            sessions.forget(upload.id)
            throw refusal
        }
    }

    private func conclude(_ upload: Upload, as video: VideoID, removing key: BlobKey) async throws {
        let uploads = uploads
        try await database.write { try uploads.finish(upload.id, as: video, in: $0) }
        if key == Self.original(of: upload.videoID), video != upload.videoID,
            let folder = Self.folder(of: upload.videoID)
        {
            try await storage.removeTree(folder)
        } else if video != upload.videoID {
            try await storage.remove(key)
        }
        sessions.forget(upload.id)
    }

    private func insert(
        _ upload: Upload, checksum: String, _ inspected: InspectedVideo, at original: BlobKey
    ) async throws -> FinishedUpload {
        let (store, uploads, events, role) = (store, uploads, events, foundation.role)
        let video = Video(upload: upload, checksum: checksum, inspected, at: now())
        let outcome: FinishedUpload = try await database.write { transaction in
            let owner = try role(upload.owner, transaction).map { Viewer(id: upload.owner, role: $0) }
            guard let owner, VideoAccess.mayUpload(owner) else { throw VideoError.uploadForbidden }
            // Another upload of the same bytes may have come first: there is one writer, so this look is the last word.
            if let id = try store.find(owner: upload.owner, checksum: checksum, in: transaction),
                let known = try store.find(id, in: transaction)
            {
                try uploads.finish(upload.id, as: id, in: transaction)
                return .known(known)
            }
            try store.insert(video, in: transaction)
            try inspected.enqueue(transaction, video.id)
            try uploads.finish(upload.id, as: video.id, in: transaction)
            let stored = try store.find(video.id, in: transaction) ?? video
            transaction.afterCommit { events.publish(VideoEvent(about: stored, named: .created)) }
            return .created(stored)
        }
        if case .known(let known) = outcome, known.id != video.id, let folder = Self.folder(of: video.id) {
            try await storage.removeTree(folder)
        }
        sessions.forget(upload.id)
        return outcome
    }
}

extension Video {
    init(upload: Upload, checksum: String, _ inspected: InspectedVideo, at time: Date) {
        let details = upload.details
        self.init(
            id: upload.videoID, owner: upload.owner, title: details.title, description: details.description,
            category: details.category, tags: details.tags, people: details.people, isPremium: details.isPremium,
            isHidden: details.isHidden, passwordHash: details.passwordHash, checksum: checksum,
            byteCount: upload.byteCount, fileName: upload.fileName, status: .pending, progress: 0,
            duration: inspected.duration, width: inspected.width, height: inspected.height, kind: inspected.kind,
            renditions: [],
            failure: nil, warnings: [], viewCount: 0, createdAt: time, updatedAt: time, readyAt: nil)
    }
}
