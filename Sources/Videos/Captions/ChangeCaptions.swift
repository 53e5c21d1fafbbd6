import Cryptography
import FoundationEssentials
import Media
import Reactor
import SQL

/// Writes and removes captions and transcripts. Each change tells those who follow the video, and has its words indexed anew.
struct ChangeCaptions: Sendable {
    let database: Database
    let find: FindVideo
    let lists: CaptionLists
    let index: IndexVideos
    let events: VideoEvents
    /// Where files are read: a large one takes longer than others may wait for.
    let pool: BlockingPool
    let now: @Sendable () -> Date
    private let videos = VideoStore()
    private let store = CaptionStore()

    /// What is to be said of a file beside its content.
    struct Wish: Sendable {
        var language: LanguageTag
        var label: String?
        var kind: Caption.Kind
        /// Nil where the content shall tell.
        var format: CaptionFormat?
    }

    /// Who may not change it is told so before anything is read.
    func check(_ id: VideoID, by viewer: Viewer) async throws {
        _ = try await find(id, for: viewer, through: .change)
    }

    /// - Returns: the captions, and whether there were none in this language.
    func put(_ file: [UInt8], _ wish: Wish, of id: VideoID, by viewer: Viewer) async throws -> (Caption, isNew: Bool) {
        let parsed: WebVTT
        do {
            parsed = try await pool.run { try WebVTT(uploaded: file, as: wish.format, language: wish.language) }
        } catch let error as CaptionError {
            throw CaptionRefusal.unreadable(error)
        }
        let text = parsed.render(isForHLS: false)
        let kept = CaptionText(text: text, version: SHA256.hash(text).prefix(16).map { String($0, radix: 16) }.joined())
        let caption = Caption(
            language: wish.language, label: wish.label, kind: wish.kind, cueCount: parsed.cues.count, updatedAt: now())
        let isNew = try await change(id, by: viewer) { transaction in
            let known = try store.list(of: id, in: transaction)
            guard known.count < Caption.most || known.contains(where: { $0.language == wish.language }) else {
                throw CaptionRefusal.tooMany
            }
            return try store.put(caption, kept, of: id, in: transaction)
        }
        return (caption, isNew)
    }

    func remove(_ language: LanguageTag?, of id: VideoID, by viewer: Viewer) async throws {
        try await change(id, by: viewer) { transaction in
            guard let language, try store.remove(language, of: id, in: transaction) else {
                throw CaptionRefusal.notFound
            }
        }
    }

    func putTranscript(_ file: [UInt8], of id: VideoID, by viewer: Viewer) async throws {
        guard let text = String(validating: file, as: UTF8.self)?.trimmingSpaces(), !text.isEmpty,
            text.unicodeScalars.allSatisfy({ !$0.isControl || "\n\r\t".unicodeScalars.contains($0) })
        else { throw CaptionRefusal.badTranscript }
        let now = now()
        try await change(id, by: viewer) { try store.putTranscript(text, of: id, at: now, in: $0) }
    }

    func removeTranscript(of id: VideoID, by viewer: Viewer) async throws {
        try await change(id, by: viewer) { transaction in
            guard try store.removeTranscript(of: id, in: transaction) else { throw CaptionRefusal.noTranscript }
        }
    }

    private func change<Result: Sendable>(
        _ id: VideoID, by viewer: Viewer, _ body: @escaping @Sendable (Transaction) throws -> Result
    ) async throws -> Result {
        let result = try await database.write { transaction in
            guard let video = try videos.find(id, in: transaction) else { throw VideoError.notFound }
            try VideoError.check(VideoAccess.decide(viewer, video.subject, .change))
            let result = try body(transaction)
            // The words of hours are analysed in a transaction of their own; a crash before it is made up for at the next start.
            try videos.letIndexAnew(id, in: transaction)
            transaction.afterCommit { lists.forget(id) }
            try transaction.publish(VideoEvent(about: video, named: .updated), on: events)
            return result
        }
        try await index(id)
        return result
    }
}
