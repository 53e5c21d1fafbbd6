import Accounts
import BaseEncoding
import Bus
import Cryptography
import FoundationEssentials
import Media
import SQL
import Security
import Storage

/// Takes a video out of an archive: its original, what is said of it, and its captions. All else is made anew.
///
/// Each video is one transaction behind a blob that is there already, so whatever ends it, it goes on when it is called again. What
/// is there stays as it is.
public struct ImportVideo: Sendable {
    public enum Outcome: Sendable, Equatable {
        case taken(VideoID)
        /// The same original of the same owner.
        case known(VideoID)
    }

    /// A video that cannot be taken, in words for people.
    public struct Refusal: Error, Sendable {
        public let words: String
    }

    private static let work: BlobKey = "work/import"

    let database: Database
    let storage: StorageServices
    /// `VideoEncoding.inspect`.
    let inspect: @Sendable (_ path: String, _ onTurn: @Sendable () -> Void) async throws -> InspectedVideo
    let pictures: VideoPictures
    let facts: Outbox?
    private let store = VideoStore()
    private let captions = CaptionStore()

    init(database: Database, storage: StorageServices, encoding: VideoEncoding, facts: Outbox?) {
        self.database = database
        self.storage = storage
        inspect = encoding.inspect
        pictures = encoding.pictures
        self.facts = facts
    }

    /// - Parameters:
    ///   - owner: who the owner is here.
    ///   - path: of the original.
    ///   - posterPath: of the cover, where somebody chose one.
    public func callAsFunction(
        _ archived: ArchivedVideo, owner: UserID, original path: String, poster posterPath: String?
    ) async throws -> Outcome {
        var video = try Self.read(archived, owner: owner)
        let words = try Self.readCaptions(archived)
        if let known = try await database.read({ [video] in try self.known(video, in: $0) }) { return .known(known) }
        if try await database.read({ [video] in try store.find(video.id, in: $0) }) != nil {
            // Another one has its id.
            video.id = VideoID()
        }
        let (id, checksum) = (video.id, video.checksum)
        guard let key = id.firstVersion.original, let folder = id.firstVersion.folder else {
            throw Refusal(words: "has no id")
        }
        try await bring(path, as: key, checksum: checksum, byteCount: Int(clamping: video.byteCount))
        let inspected: InspectedVideo
        do {
            inspected = try await storage.workspace.withCopy(of: key) { path in try await inspect(path, {}) }
        } catch let refusal as RefusedContent {
            try await storage.blobs.removeTree(folder)
            throw Refusal(words: "is refused: \(refusal.code.rawValue)")
        }
        (video.duration, video.width, video.height) = (inspected.duration, inspected.width, inspected.height)
        video.kind = inspected.kind
        do { video.poster = try await takePoster(archived, posterPath, of: id) } catch {
            try await storage.blobs.removeTree(folder)
            throw error
        }
        video.isFeatured = archived.isFeatured ?? false
        let outcome: Outcome = try await database.write { [video] transaction in
            if let known = try self.known(video, in: transaction) { return .known(known) }
            var video = video
            video.groups = try VideoGroupStore().taken(archived.groups ?? [], in: transaction)
            try store.insert(video, in: transaction)
            if video.poster != nil || video.isFeatured { try store.update(video, in: transaction) }
            for (caption, text) in words.captions { _ = try captions.put(caption, text, of: id, in: transaction) }
            if let transcript = words.transcript {
                try captions.putTranscript(transcript, of: id, at: video.updatedAt, in: transaction)
            }
            // With what is said in it.
            try store.index(video, in: transaction)
            try inspected.enqueue(transaction, id.firstVersion)
            try facts?.record(.uploaded(video, at: video.createdAt), in: transaction)
            return .taken(id)
        }
        if case .known(let known) = outcome, known != id { try await storage.blobs.removeTree(folder) }
        return outcome
    }

    private func known(_ video: Video, in access: ReadAccess) throws -> VideoID? {
        try store.find(owner: video.owner, checksum: video.checksum, in: access)
    }

    private func takePoster(_ archived: ArchivedVideo, _ path: String?, of id: VideoID) async throws -> Video.Poster? {
        guard let told = archived.poster else { return nil }
        let refusal = Refusal(words: "has a cover that cannot be read")
        guard let poster = Video.Poster(file: told.file, time: told.time),
            told.time.map({ $0.isFinite && (0...PictureWish.mostSeconds).contains($0) }) != false, let path,
            let bytes = FileManager.default.contents(atPath: path), bytes.count <= ChangePoster.mostBytes,
            let key = poster.key(of: id)
        else { throw refusal }
        do { try await pictures.keepPicture(Array(bytes), key) } catch is RefusedPicture { throw refusal }
        return poster
    }

    private func bring(_ path: String, as key: BlobKey, checksum: String, byteCount: Int) async throws {
        if try await storage.blobs.size(of: key) == byteCount { return }
        try await storage.workspace.requireSpace(byteCount)
        let folder = try await storage.workspace.makeFolder(Self.work)
        let file = WorkFile("\(folder)/original", as: key)
        do {
            if FileManager.default.fileExists(atPath: file.path) {
                try FileManager.default.removeItem(atPath: file.path)
            }
            do { try FileManager.default.copyItem(atPath: path, toPath: file.path) } catch {
                throw Refusal(words: "has no original that can be read at \(path)")
            }
            let found = try file.sha256()
            guard Hex.encode(found) == checksum else {
                throw Refusal(words: "has an original that is not what was exported: \(path)")
            }
            try await storage.blobs.adopt(fileAt: file.path, as: key, sha256: found)
        } catch {
            try? await storage.workspace.removeFolder(Self.work)
            throw error
        }
        try await storage.workspace.removeFolder(Self.work)
    }

    // MARK: What an archive says is checked like what people say

    private static func read(_ archived: ArchivedVideo, owner: UserID) throws -> Video {
        guard let id = VideoID(archived.id) else { throw Refusal(words: "has no id") }
        let isChecksum =
            archived.checksum.utf8.count == 64
            && archived.checksum.allSatisfy { $0.isHexDigit && !$0.isUppercase }
        guard isChecksum, archived.byteCount >= 0 else { throw Refusal(words: "has no checksum") }
        guard (archived.groups ?? []).count <= VideoDetails.Limit.words else {
            throw Refusal(words: "has too many groups")
        }
        if let hash = archived.passwordHash, (try? PasswordHash(encoded: hash)) == nil {
            throw Refusal(words: "has a password that cannot be checked")
        }
        var check = FieldCheck()
        let fileName = check.text(archived.fileName, "fileName", limit: 1000)
        var video = Video(
            id: id, owner: owner, title: check.text(archived.title, "title", limit: VideoDetails.Limit.title),
            description: check.text(
                archived.description, "description", limit: VideoDetails.Limit.description, lines: true),
            category: check.word(archived.category, "category"), tags: check.words(archived.tags, "tags"),
            people: check.words(archived.people, "people"), language: check.language(archived.language),
            recordedOn: check.day(archived.recordedOn, "recordedOn"), isPremium: archived.isPremium,
            isHidden: archived.isHidden, passwordHash: archived.passwordHash, checksum: archived.checksum,
            byteCount: archived.byteCount, fileName: fileName, status: .pending, progress: 0, duration: nil, width: nil,
            height: nil, renditions: [], failure: nil, warnings: [], viewCount: max(0, archived.viewCount),
            createdAt: date(archived.createdAt), updatedAt: date(archived.updatedAt), readyAt: nil)
        video.chapters = check.chapters(archived.chapters)
        if let text = archived.downloads {
            guard let downloads = Video.Downloads(rawValue: text) else {
                throw Refusal(words: "has a wrong downloads: none, mp4 or original.")
            }
            video.downloads = downloads
        }
        do { try check.finish() } catch let invalid as VideoDetails.Invalid {
            throw Refusal(
                words: invalid.refusals.map { "has a wrong \($0.field): \($0.detail)" }.joined(separator: ", "))
        }
        return video
    }

    private static func readCaptions(
        _ archived: ArchivedVideo
    ) throws -> (captions: [(Caption, CaptionText)], transcript: String?) {
        guard archived.captions.count <= Caption.most else { throw Refusal(words: "has too many captions") }
        let captions = try archived.captions.map { captions in
            guard let language = LanguageTag(captions.language), let kind = Caption.Kind(rawValue: captions.kind),
                captions.text.utf8.count <= 2 * Caption.mostBytes,
                let parsed = try? WebVTT(uploaded: Array(captions.text.utf8), as: nil, language: language)
            else { throw Refusal(words: "has captions that cannot be read: \(captions.language)") }
            let text = parsed.render(isForHLS: false)
            let version = SHA256.hash(text).prefix(16).map { String($0, radix: 16) }.joined()
            return (
                Caption(
                    language: language, label: captions.label, kind: kind, cueCount: parsed.cues.count,
                    updatedAt: date(archived.updatedAt)), CaptionText(text: text, version: version)
            )
        }
        return (captions, archived.transcript)
    }

    private static func date(_ microseconds: Int64) -> Date {
        Date(timeIntervalSince1970: Double(microseconds) / 1_000_000)
    }
}
