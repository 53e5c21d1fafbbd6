import FoundationEssentials
import SQL
import Security
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
    /// - Throws: `RefusedContent`, when the file was removed and the upload keeps the reason.
    func finish(_ upload: Upload, _ session: UploadSession) async throws -> FinishedUpload {
        switch upload.state {
        case .finished:
            guard let id = upload.video, let video = try await stored(id) else { throw TusError.notFound }
            return .known(video)
        case .refused: throw refusal(of: upload)
        case .receiving: break
        }
        guard let blob = Self.blob(of: upload.id), let original = Self.original(of: upload.videoID) else {
            throw TusError.notFound
        }
        // After a crash the file may have its new name already.
        let place = try await storage.exists(blob) ? blob : original
        let checksum = try await checksum(of: place, byteCount: upload.byteCount, session)
        if let known = try await known(upload, checksum: checksum) {
            try await conclude(upload, as: known.id, removing: place)
            return .known(known)
        }
        let inspected = try await inspect(upload, at: place)
        if place == blob { try await storage.move(blob, to: original) }
        return try await insert(upload, checksum: checksum, inspected, at: original)
    }

    private func stored(_ id: VideoID) async throws -> Video? {
        let store = store
        return try await database.read { try store.find(id, in: $0) }
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
        let step: Int64 = 1 << 20
        while session.digestedByteCount < byteCount {
            let start = session.digestedByteCount
            let end = min(start + step, byteCount)
            session.hash(try await storage.read(key, Int(clamping: start)..<Int(clamping: end)), at: start)
        }
        return session.checksum
    }

    private func inspect(_ upload: Upload, at key: BlobKey) async throws -> InspectedVideo {
        do {
            return try await encoding.inspect(storage.path(of: key))
        } catch let refusal as RefusedContent {
            let uploads = uploads
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
        let (store, uploads, events) = (store, uploads, events)
        let video = Video(upload: upload, checksum: checksum, inspected, at: now())
        let outcome: FinishedUpload = try await database.write { transaction in
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
            duration: inspected.duration, width: inspected.width, height: inspected.height, renditions: [],
            failure: nil, viewCount: 0, createdAt: time, updatedAt: time, readyAt: nil)
    }
}
