import FoundationEssentials
import HTTP
import Media
import SQL

/// Hands out captions and transcripts to those who may play the video.
struct ReadCaptions: Sendable {
    let database: Database
    let find: FindVideo
    let proofs: UnlockProofs
    private let store = CaptionStore()

    init(database: Database, find: FindVideo, proofs: UnlockProofs) {
        self.database = database
        self.find = find
        self.proofs = proofs
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
        let found = try await database.read { access -> Transcript? in
            if let written = try store.transcript(of: id, in: access) {
                return Transcript(
                    text: written.text, source: .written, language: video.language?.text, updatedAt: written.updatedAt)
            }
            guard let caption = try store.list(of: id, in: access).first(of: video.language),
                let text = try store.text(of: id, caption.language, in: access)
            else { return nil }
            return Transcript(
                text: WebVTT(parsing: text.text).cues.map(\.plainText).joined(separator: "\n"), source: .captions,
                language: caption.language.text, updatedAt: caption.updatedAt)
        }
        guard let found else { throw CaptionRefusal.noTranscript }
        return found
    }

    private func check(_ id: VideoID, _ request: Request, _ viewer: Viewer) async throws -> Video {
        guard let video = try await find.stored(id) else { throw VideoError.notFound }
        let isUnlocked = proofs.find(of: video, request, viewer) != nil
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
