import Accounts
import Bus
import FoundationEssentials
import Media
import Reactor
import SQL
import Storage

/// What became of an upload whose bytes are all here.
enum FinishedUpload: Sendable {
    case created(Video)
    /// The owner had uploaded the same bytes before.
    case known(Video)
    /// It is to replace the file of this one.
    case replacing(Video)

    var video: Video {
        switch self {
        case .created(let video), .known(let video), .replacing(let video): video
        }
    }
}

/// Makes a video of a complete upload. The caller holds the session.
struct FinishUpload: Sendable {
    let database: Database
    let storage: StorageServices
    let replace: ReplaceFile
    /// `VideoEncoding.inspect`.
    let inspectFile: @Sendable (_ path: String, _ onTurn: @Sendable () -> Void) async throws -> InspectedVideo
    let find: FindVideo
    let remove: RemoveUpload
    let sessions: UploadSessions
    let callers: VideoCallers
    /// Of what this server has in hand.
    let holder: LeaseOwner
    let events: VideoEvents
    let facts: Outbox?
    /// For uploads whose bytes this server fetched itself.
    let fetched: EndFetch
    let loops: EventLoopGroup
    let now: @Sendable () -> Date
    private let store = VideoStore()
    private let uploads = UploadStore()

    /// The same, to its end whatever becomes of the request that asked for it: the bytes are here, and their sender may go
    /// without waiting for the answer.
    func unlessStopped(
        _ upload: Upload, _ session: UploadSession, by caller: Caller
    ) async throws -> FinishedUpload {
        let loop = EventLoop.current ?? loops.next()
        return try await Task(executorPreference: loop) { try await self(upload, session, by: caller) }.value
    }

    /// Each step can be repeated, so that a crash between any two of them is mended by doing it again at the next start:
    /// give the bytes the place of the original (the video has the upload's id), hash, look for the same bytes, look inside,
    /// then video row, encoding tasks and the upload's end in one transaction.
    ///
    /// - Parameter caller: who sent the last byte; nil where the server finishes what was left.
    /// - Throws: `RefusedContent`, when the file was removed and the upload keeps the reason; `uploadForbidden`, when its
    ///   owner may not upload any more, and nothing of it is kept.
    func callAsFunction(
        _ upload: Upload, _ session: UploadSession, by caller: Caller?
    ) async throws -> FinishedUpload {
        switch upload.state {
        case .finished:
            guard let id = upload.video, let video = try await find.stored(id) else { throw TusError.notFound }
            return .known(video)
        case .refused: throw upload.refusedContent
        case .reserved: throw TusError.notFound
        case .receiving: break
        }
        if let caller { try await callers.requireUploadRight(caller) }
        guard let blob = upload.id.blob, let original = upload.id.version.original else { throw TusError.notFound }
        try await putInPlace(blob, at: original)
        guard try await storage.blobs.exists(original) else {
            // Its bytes were removed, and its row could not be.
            try await remove(upload)
            throw TusError.notFound
        }
        let checksum = try await checksum(of: original, byteCount: upload.byteCount, session)
        if upload.replaces != nil {
            do { try await replace.requireNew(checksum, upload) } catch let error as VideoError {
                try await remove(upload)
                throw error
            }
        } else if let known = try await known(upload, checksum: checksum) {
            try await conclude(upload, as: known.id)
            return .known(known)
        }
        let inspected = try await inspect(upload, at: original)
        // A session that ended while the file was looked at ends here.
        if let caller { try await callers.requireUploadRight(caller) }
        do {
            if let video = try await replace(upload, checksum: checksum, inspected) {
                sessions.forget(upload.id)
                return .replacing(video)
            }
            return try await insert(upload, checksum: checksum, inspected)
        } catch let error as VideoError {
            try await remove(upload)
            throw error
        }
    }

    /// After a crash the bytes may be there already.
    func putInPlace(_ blob: BlobKey, at original: BlobKey) async throws {
        do { try await storage.uploads.finish(blob, as: original) } catch StorageError.missing {}
    }

    private func known(_ upload: Upload, checksum: String) async throws -> Video? {
        try await database.read { access in
            try store.find(owner: upload.owner, checksum: checksum, in: access)
                .flatMap { try store.find($0, in: access) }
        }
    }

    /// The hash made on the way, or what of it is missing read from the storage: another server, or another run of this one,
    /// received that.
    private func checksum(of key: BlobKey, byteCount: Int64, _ session: UploadSession) async throws -> String {
        // Hashed on the loop, a little at a time: others must not wait for all of it.
        let start = min(session.digestedByteCount, byteCount)
        try await storage.blobs.read(key, Int(clamping: start)..<Int(clamping: byteCount)) { piece in
            session.hash(piece, at: session.digestedByteCount)
        }
        return session.checksum
    }

    private func inspect(_ upload: Upload, at key: BlobKey) async throws -> InspectedVideo {
        // Written down first: if this ends the server, the next one knows what it was.
        try await database.write { try uploads.setInspected(upload.id, by: holder, in: $0) }
        let id = upload.id
        sessions.setPhase(.waiting, of: id)
        defer { sessions.setPhase(nil, of: id) }
        do {
            let inspected = try await storage.workspace.withCopy(of: key) { path in
                try await inspectFile(path) { sessions.setPhase(.checking, of: id) }
            }
            try await database.write { try uploads.setInspected(upload.id, by: nil, in: $0) }
            return inspected
        } catch let refusal as RefusedContent {
            try await database.write { transaction in
                if try fetched.failed(upload.videoID, .content, refusal: refusal, in: transaction) { return }
                try uploads.refuse(upload.id, code: refusal.code.rawValue, in: transaction)
            }
            try await removeFolder(of: upload.id)
            sessions.forget(upload.id)
            throw refusal
        }
    }

    private func conclude(_ upload: Upload, as video: VideoID) async throws {
        try await database.write { transaction in
            if try fetched.failed(upload.videoID, .known, in: transaction) { return }
            try uploads.finish(upload.id, as: video, in: transaction)
        }
        if video != upload.videoID { try await removeFolder(of: upload.id) }
        sessions.forget(upload.id)
    }

    private func removeFolder(of id: UploadID) async throws {
        if let folder = id.version.folder { try await storage.blobs.removeTree(folder) }
    }

    private func insert(
        _ upload: Upload, checksum: String, _ inspected: InspectedVideo
    ) async throws -> FinishedUpload {
        let video = Video(upload: upload, checksum: checksum, inspected, at: now())
        let outcome: FinishedUpload = try await database.write { transaction in
            let owner = try callers.role(upload.owner, transaction).map { Viewer(id: upload.owner, role: $0) }
            guard let owner, VideoAccess.mayUpload(owner) else { throw VideoError.uploadForbidden }
            // One that was fetched may have been removed with its video while it was looked at.
            guard try uploads.find(upload.id, in: transaction) != nil else { throw TusError.notFound }
            // Another upload of the same bytes may have come first: there is one writer, so this look is the last word.
            if let id = try store.find(owner: upload.owner, checksum: checksum, in: transaction),
                let known = try store.find(id, in: transaction)
            {
                if try !fetched.failed(video.id, .known, in: transaction) {
                    try uploads.finish(upload.id, as: id, in: transaction)
                }
                return .known(known)
            }
            if let stored = try fetched.finished(video, inspected, in: transaction) { return .created(stored) }
            try store.insert(video, in: transaction)
            try inspected.enqueue(transaction, video.version)
            try uploads.finish(upload.id, as: video.id, in: transaction)
            let stored = try store.find(video.id, in: transaction) ?? video
            try transaction.publish(VideoEvent(about: stored, named: .created), on: events)
            try facts?.record(.uploaded(stored, at: stored.createdAt), in: transaction)
            return .created(stored)
        }
        if case .known(let known) = outcome, known.id != video.id { try await removeFolder(of: upload.id) }
        sessions.forget(upload.id)
        return outcome
    }
}

extension Video {
    init(upload: Upload, checksum: String, _ inspected: InspectedVideo, at time: Date) {
        let details = upload.details
        self.init(
            id: upload.videoID, owner: upload.owner, title: details.title, description: details.description,
            category: details.category, tags: details.tags, people: details.people,
            language: details.language, recordedOn: details.recordedOn, isPremium: details.isPremium,
            isHidden: details.isHidden, passwordHash: details.passwordHash, groups: details.groups, checksum: checksum,
            byteCount: upload.byteCount, fileName: upload.fileName, status: .pending, progress: 0,
            duration: inspected.duration, width: inspected.width, height: inspected.height, kind: inspected.kind,
            renditions: [],
            failure: nil, warnings: [], viewCount: 0, createdAt: time, updatedAt: time, readyAt: nil)
    }
}

extension Upload {
    /// Why its content was refused.
    var refusedContent: RefusedContent {
        RefusedContent(refusal.flatMap(ContentRefusal.init(rawValue:)) ?? .notAVideo)
    }
}
