import Accounts
import FoundationEssentials
import Web

/// Changes many videos at once: each is decided by the policy and changed as a whole or not at all, and what became of it is told.
///
/// What was changed can be put back. Nothing is kept for that: the answer says what each video had before and has now, and whoever sends
/// that back gets the former values wherever the video still has those that the batch gave it. So what somebody else changed in between
/// stays theirs, and putting back is a change like any other, decided by the same policy.
struct ChangeVideos: Sendable {
    static let most = 100

    let change: ChangeVideo
    let trash: TrashVideo
    let restore: RestoreVideo

    func callAsFunction(
        _ batch: VideoBatch, by viewer: Viewer, from origin: AuditOrigin
    ) async throws -> [VideoOutcome] {
        let (ids, edit) = try batch.checked()
        return try await each(ids, { $0 }) { id in
            if let isTrashed = edit.values.isTrashed { return try await move(id, isTrashed, by: viewer, from: origin) }
            return try await set(id, by: viewer, from: origin) { try edit.values(for: $0) }
        }
    }

    /// - Parameter undo: the answer of a batch, of the videos that it changed.
    func callAsFunction(
        undoing undo: BatchUndo, by viewer: Viewer, from origin: AuditOrigin
    ) async throws -> [VideoOutcome] {
        return try await each(try undo.checked(), \.id) { id, item in
            if let isTrashed = item.before.isTrashed {
                return try await move(id, isTrashed, by: viewer, from: origin)
            }
            return try await set(id, by: viewer, from: origin) { video in
                guard item.after.describe(video) else { throw VideoError.changedMeanwhile }
                return item.before
            }
        }
    }

    private func each<Item: Sendable>(
        _ items: [Item], _ id: (Item) -> String, _ body: (VideoID, Item) async throws -> Changed?
    ) async throws -> [VideoOutcome] {
        // bound: `most`
        var outcomes: [VideoOutcome] = []
        for item in items {
            let name = id(item)
            do {
                guard let video = VideoID(name) else { throw VideoError.notFound }
                outcomes.append(VideoOutcome(id: name, changed: try await body(video, item)))
            } catch let error as any ProblemConvertible {
                // What nobody expected ends all of it, as it would for one.
                guard error.problem.status != .internalServerError else { throw error }
                outcomes.append(VideoOutcome(id: name, refusal: error.problem))
            }
        }
        return outcomes
    }

    private func each(
        _ ids: [String], _ id: (String) -> String, _ body: (VideoID) async throws -> Changed?
    ) async throws -> [VideoOutcome] {
        try await each(ids, id) { video, _ in try await body(video) }
    }

    typealias Changed = (before: BatchValues, after: BatchValues)

    /// What would change nothing, which ends its transaction.
    private struct Unchanged: Error {}

    private func set(
        _ id: VideoID, by viewer: Viewer, from origin: AuditOrigin,
        _ values: @escaping @Sendable (Video) throws -> BatchValues
    ) async throws -> Changed? {
        do {
            let (before, after) = try await change(id, by: viewer, from: origin) { video in
                let (former, wanted) = try values(video).difference(from: video)
                guard former != wanted else { throw Unchanged() }
                wanted.apply(to: &video)
            }
            return BatchValues(of: after).difference(from: before)
        } catch is Unchanged {
            return nil
        }
    }

    private func move(
        _ id: VideoID, _ isTrashed: Bool, by viewer: Viewer, from origin: AuditOrigin
    ) async throws -> Changed? {
        // Where it is already, nothing is to be done; nobody is told that who may not know.
        if let video = try await change.find.stored(id), (video.trashedAt != nil) == isTrashed,
            VideoAccess.decide(viewer, video.subject, isTrashed ? .trash : .remove) == .allowed
        {
            return nil
        }
        if isTrashed {
            try await trash(id, by: viewer, from: origin)
        } else {
            _ = try await restore(id, by: viewer, from: origin)
        }
        var (before, after) = (BatchValues(), BatchValues())
        (before.isTrashed, after.isTrashed) = (!isTrashed, isTrashed)
        return (before, after)
    }
}

extension BatchValues {
    /// All that a video has, but for the trash.
    fileprivate init(of video: Video) {
        self.init()
        (isHidden, isPremium, tags) = (video.isHidden, video.isPremium, video.tags)
        category = video.category.map { .set($0) } ?? .cleared
    }
}

/// What became of one video of a batch.
struct VideoOutcome: Encodable, Sendable {
    enum Result: String, Sendable, Encodable {
        case changed, unchanged, refused
    }

    private struct Refusal: Encodable {
        var code: String
        var detail: String?
    }

    var id: String
    var result: Result
    var before: BatchValues?
    var after: BatchValues?
    private var error: Refusal?

    init(id: String, changed: ChangeVideos.Changed?) {
        self.id = id
        result = changed == nil ? .unchanged : .changed
        (before, after) = (changed?.before, changed?.after)
    }

    init(id: String, refusal: Problem) {
        self.id = id
        result = .refused
        let field = refusal.errors.first
        error = Refusal(code: field?.code ?? refusal.code, detail: field?.detail ?? refusal.detail)
    }

    enum CodingKeys: String, CodingKey {
        case id, result, before, after, error
    }

    func encode(to encoder: any Encoder) throws {
        var body = encoder.container(keyedBy: CodingKeys.self)
        try body.encode(id, forKey: .id)
        try body.encode(result, forKey: .result)
        try body.encodeIfPresent(before, forKey: .before)
        try body.encodeIfPresent(after, forKey: .after)
        try body.encodeIfPresent(error, forKey: .error)
    }
}
