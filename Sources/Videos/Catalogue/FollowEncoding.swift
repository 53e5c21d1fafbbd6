import Accounts
import Bus
import FoundationEssentials
import Media
import SQL

/// Keeps the catalogue in step with the encoder, inside the encoder's own transaction.
public struct FollowEncoding: Sendable {
    private let events: VideoEvents
    private let facts: Outbox?
    private let now: @Sendable () -> Date
    private let replacement: FollowReplacement
    private let store = VideoStore()

    /// - Parameter keeping: how long a version is kept that was replaced: as long as the longest grant is good.
    public init(
        events: VideoEvents, facts: Outbox? = nil, audit: AuditLog, keeping: Duration,
        now: @escaping @Sendable () -> Date
    ) {
        self.events = events
        self.now = now
        self.facts = facts
        replacement = FollowReplacement(events: events, facts: facts, audit: audit, keeping: keeping)
    }

    public func callAsFunction(
        _ progress: EncodingProgress, of version: VersionID, in transaction: Transaction
    ) throws {
        let time = now()
        guard let id = try store.video(of: version, in: transaction) else {
            return try replacement(progress, of: version, at: time, in: transaction)
        }
        let before = try facts.flatMap { _ in try store.status(of: id, in: transaction) }
        try store.apply(progress, to: id, at: time, in: transaction)
        guard let video = try store.find(id, in: transaction) else { return }
        try transaction.publish(VideoEvent(about: video), on: events)
        // Once each time that it comes to this.
        if let facts, before != video.status, let fact = try Fact.made(video, at: time) {
            try facts.record(fact, in: transaction)
        }
    }

    /// What is said in the captions that came with the file is found from now on; that of a file which is to replace another one, once it
    /// does.
    public func callAsFunction(
        _ captions: [FilmCaptions], of version: VersionID, in transaction: Transaction
    ) throws {
        let present = try store.video(of: version, in: transaction)
        guard let id = try present ?? VersionStore().find(version, in: transaction)?.video else { return }
        try FilmCaptionStore().replace(with: captions, of: version, id, in: transaction)
        if present != nil, let video = try store.find(id, in: transaction) {
            try store.index(video, in: transaction)
        }
    }
}
