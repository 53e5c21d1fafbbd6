import Accounts
import Bus
import FoundationEssentials
import Media
import SQL

/// Keeps a replacement in step with the encoder, and puts it in the place of the present version as soon as it can be played.
///
/// - Rule: whoever began to watch the former version goes on with it: their grant names it, and its files, keys and tasks stay until the
///   last of these grants is over.
/// - What if not: their playlist would name segments of one file, and get keys of another.
struct FollowReplacement: Sendable {
    let events: VideoEvents
    let facts: Outbox?
    let audit: AuditLog
    /// How long a former version is kept.
    let keeping: Duration
    private let store = VideoStore()
    private let versions = VersionStore()
    private let check = CheckReplacement()

    init(events: VideoEvents, facts: Outbox?, audit: AuditLog, keeping: Duration) {
        self.events = events
        self.facts = facts
        self.audit = audit
        self.keeping = keeping
    }

    func callAsFunction(
        _ progress: EncodingProgress, of id: VersionID, at time: Date, in transaction: Transaction
    ) throws {
        // What happens to a version that was replaced, or is no more to replace one, concerns nobody.
        guard let version = try versions.find(id, in: transaction), version.removedAt == nil,
            let video = try store.find(version.video, in: transaction)
        else { return }
        switch progress.status {
        case .processing:
            let replacement = Video.Replacement(version, .processing, progress: progress.progress)
            try store.setReplacement(replacement, of: video.id, in: transaction)
            try publish(video.id, .progress, in: transaction)
        case .failed: try fail(version, progress.failure, at: time, in: transaction)
        case .ready:
            do { try check.requireNew(version.checksum, for: video, in: transaction) } catch VideoError.sameBytesHere {
                // It was uploaded as a video of its own meanwhile.
                let failure = EncodingProgress.Failure(code: "video_exists", detail: "")
                return try fail(version, failure, at: time, in: transaction)
            }
            try replace(video, by: version, progress, at: time, in: transaction)
        }
    }

    /// The present version stays as it is, and the owner is told why.
    private func fail(
        _ version: VideoVersion, _ failure: EncodingProgress.Failure?, at time: Date, in transaction: Transaction
    ) throws {
        var replacement = Video.Replacement(version, .failed, progress: 0)
        (replacement.code, replacement.detail) = (failure?.code ?? "encoding_failed", failure?.detail)
        try store.setReplacement(replacement, of: version.video, in: transaction)
        try versions.leave(version.id, at: time, in: transaction)
        try publish(version.video, .updated, in: transaction)
    }

    private func replace(
        _ video: Video, by version: VideoVersion, _ progress: EncodingProgress, at time: Date,
        in transaction: Transaction
    ) throws {
        try versions.remove(version.id, in: transaction)
        // Nobody watches what could never be played.
        let end = video.readyAt == nil ? time : time.addingTimeInterval(Double(keeping.components.seconds))
        let former = VideoVersion(
            id: video.version, video: video.id, broughtBy: video.owner, checksum: video.checksum,
            byteCount: video.byteCount, fileName: video.fileName, createdAt: video.createdAt, removedAt: end)
        try versions.insert(former, in: transaction)
        try store.setVersion(version, at: time, in: transaction)
        try store.apply(progress, to: video.id, at: time, in: transaction)
        guard let changed = try store.find(video.id, in: transaction) else { return }
        try store.index(changed, in: transaction)
        try audit.record(
            AuditEvent(
                .videoReplaced, of: AuditTarget(changed), by: AuditOrigin(.person(version.broughtBy)),
                before: video.auditedFile, after: changed.auditedFile), in: transaction)
        try facts?.record(.replaced(changed, at: time), in: transaction)
        if let facts, video.status != .ready, let fact = try Fact.made(changed, at: time) {
            try facts.record(fact, in: transaction)
        }
        try transaction.publish(VideoEvent(about: changed, named: .updated), on: events)
    }

    private func publish(_ id: VideoID, _ name: VideoEvent.Name, in transaction: Transaction) throws {
        guard let video = try store.find(id, in: transaction) else { return }
        try transaction.publish(VideoEvent(about: video, named: name), on: events)
    }
}

extension Video.Replacement {
    init(_ version: VideoVersion, _ state: State, progress: Double) {
        self.init(
            state: state, progress: progress, fileName: version.fileName, byteCount: version.byteCount, code: nil,
            detail: nil)
    }
}
