import Bus
import FoundationEssentials
import Media
import SQL

/// Keeps the catalogue in step with the encoder, inside the encoder's own transaction.
public struct FollowEncoding: Sendable {
    private let events: VideoEvents
    private let facts: Outbox?
    private let now: @Sendable () -> Date
    private let store = VideoStore()

    public init(events: VideoEvents, facts: Outbox? = nil, now: @escaping @Sendable () -> Date) {
        self.events = events
        self.now = now
        self.facts = facts
    }

    public func callAsFunction(
        _ progress: EncodingProgress, of id: VideoID, in transaction: Transaction
    ) throws {
        let time = now()
        let before = try facts.flatMap { _ in try store.status(of: id, in: transaction) }
        try store.apply(progress, to: id, at: time, in: transaction)
        guard let video = try store.find(id, in: transaction) else { return }
        try transaction.publish(VideoEvent(about: video), on: events)
        // Once each time that it comes to this.
        if let facts, before != video.status, let fact = try Fact.made(video, at: time) {
            try facts.record(fact, in: transaction)
        }
    }

    /// What is said in the captions that came with the file is found from now on.
    public func callAsFunction(_ captions: [FilmCaptions], of id: VideoID, in transaction: Transaction) throws {
        guard let video = try store.find(id, in: transaction) else { return }
        try FilmCaptionStore().replace(with: captions, of: id, in: transaction)
        try store.index(video, in: transaction)
    }
}
