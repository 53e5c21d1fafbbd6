import FoundationEssentials
import HTTP
import Media
import Reactor
import SQL

/// Hands out captions and transcripts to those who may play the video.
struct ReadCaptions: Sendable {
    let database: Database
    let find: FindVideo
    let proofs: UnlockProofs
    /// Where texts are made from others.
    let pool: BlockingPool
    private let store = CaptionStore()

    init(database: Database, find: FindVideo, proofs: UnlockProofs, pool: BlockingPool) {
        self.database = database
        self.find = find
        self.proofs = proofs
        self.pool = pool
    }

    func list(of id: VideoID, _ request: Request, for viewer: Viewer) async throws -> [Caption] {
        _ = try await check(id, request, viewer)
        return try await database.read { try store.list(of: id, in: $0) }
    }

    func text(
        of id: VideoID, _ language: LanguageTag?, _ request: Request, for viewer: Viewer
    ) async throws -> CaptionText {
        _ = try await check(id, request, viewer)
        return try await text(of: id, language)
    }

    /// For whoever has shown already that they may.
    func text(of id: VideoID, _ language: LanguageTag?) async throws -> CaptionText {
        guard let language, let text = try await database.read({ try store.text(of: id, language, in: $0) }) else {
            throw CaptionRefusal.notFound
        }
        return text
    }

    /// Where nobody wrote one, what the captions say: those of the video's language, or else the first.
    func transcript(of id: VideoID, _ request: Request, for viewer: Viewer) async throws -> Transcript {
        let video = try await check(id, request, viewer)
        let found = try await database.read { access -> (caption: Caption?, text: String, updatedAt: Date)? in
            if let written = try store.transcript(of: id, in: access) {
                return (nil, written.text, written.updatedAt)
            }
            guard let caption = try store.list(of: id, in: access).first(of: video.language),
                let text = try store.text(of: id, caption.language, in: access)
            else { return nil }
            return (caption, text.text, caption.updatedAt)
        }
        guard let found else { throw CaptionRefusal.noTranscript }
        guard let caption = found.caption else {
            return Transcript(
                text: found.text, source: .written, language: video.language?.text, updatedAt: found.updatedAt)
        }
        let said = try await pool.run { WebVTT(parsing: found.text).cues.map(\.plainText).joined(separator: "\n") }
        return Transcript(text: said, source: .captions, language: caption.language.text, updatedAt: found.updatedAt)
    }

    func subRip(
        of id: VideoID, _ language: LanguageTag?, _ request: Request, for viewer: Viewer
    ) async throws -> CaptionText {
        let kept = try await text(of: id, language, request, for: viewer)
        return CaptionText(
            text: try await pool.run { WebVTT(parsing: kept.text).renderSubRip() }, version: "\(kept.version)-srt")
    }

    private func check(_ id: VideoID, _ request: Request, _ viewer: Viewer) async throws -> Video {
        guard let video = try await find.stored(id) else { throw VideoError.notFound }
        let isUnlocked = try await proofs.find(of: video, request, viewer) != nil
        try VideoError.check(VideoAccess.decide(viewer, video.subject, .captions, isUnlocked: isUnlocked))
        return video
    }
}

extension [Caption] {
    /// `es` is served by `es-419` where there is nothing nearer.
    func first(of language: LanguageTag?) -> Caption? {
        guard let language else { return first }
        let primary = language.text.prefix { $0 != "-" }
        return first { $0.language == language } ?? first { $0.language.text.prefix { $0 != "-" } == primary } ?? first
    }
}
