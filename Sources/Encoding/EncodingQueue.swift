import Media
import SQL

/// The videos that are to be encoded. It keeps the rows; `EncodingWorkers` here or elsewhere do what they say, and
/// `EncodingPlayback` serves what is made.
public final class EncodingQueue: Sendable {
    public typealias ChangeHandler = @Sendable (Transaction, EncodingID, EncodingProgress) throws -> Void

    /// Captions that were made of a film, each with its WebVTT.
    public typealias CaptionsHandler =
        @Sendable (Transaction, EncodingID, [(captions: Presentation.Captions, text: String)]) throws -> Void

    /// Of what this room announces to other servers.
    public static let topic = "encoding"

    let database: Database
    package let tasks: TaskQueue
    let ledger: Ledger
    let signals = EncodingSignals()
    let demands = Demands()
    let owner = LeaseOwner()

    /// Both handlers are called inside the transaction that changes an encoding, to keep other rows in step; what they throw takes
    /// the change back.
    ///
    /// - Parameter onCaptions: called with all captions of a film whenever they are made.
    public init(
        settings: EncodingSettings, database: Database, onChange: @escaping ChangeHandler,
        onCaptions: @escaping CaptionsHandler = { _, _, _ in }
    ) {
        self.database = database
        tasks = TaskQueue(owner: "\(owner)", lease: settings.lease, limits: settings.tasks)
        ledger = Ledger(queue: tasks, signals: signals, onChange: onChange, onCaptions: onCaptions)
    }

    /// Puts a video into the queue, inside the caller's transaction. Its original is at `videos/{id}/original`.
    public func add(_ id: EncodingID, facts: MediaFacts, in transaction: Transaction) throws {
        try EncodingStore.insert(id, facts: facts, at: transaction.currentTime(), in: transaction)
        if facts.soundStart == nil {
            try TaskQueue.add(.plan, of: id, priority: EncodingTask.Priority.plan, in: transaction)
        } else {
            // There is no index of it.
            try EncodingStore.setNeedsMezzanine(id, in: transaction)
            try TaskQueue.add(.mezzanine, of: id, priority: EncodingTask.Priority.first, in: transaction)
        }
        try signals.tell(.waiting, of: id, in: transaction)
    }

    /// Takes a video out of the queue and stops what runs for it once the transaction is kept. Its files are the
    /// caller's to remove.
    public func remove(_ id: EncodingID, in transaction: Transaction) throws {
        try EncodingStore.remove(id, in: transaction)
        try signals.tell(.removed, of: id, in: transaction)
    }

    /// Nothing more is made of a video until `resume`: what runs for it ends once the transaction is kept, and what is made stays.
    public func pause(_ id: EncodingID, in transaction: Transaction) throws {
        try TaskQueue.pause(id, in: transaction)
        try signals.tell(.stopped, of: id, in: transaction)
    }

    /// Everything goes on where it was paused.
    public func resume(_ id: EncodingID, in transaction: Transaction) throws {
        try TaskQueue.resume(id, in: transaction)
        try signals.tell(.waiting, of: id, in: transaction)
    }

    /// Runs what failed again. Answers whether there was anything failed.
    @discardableResult
    public func retry(_ id: EncodingID, in transaction: Transaction) throws -> Bool {
        guard let record = try EncodingStore.record(id, in: transaction) else { return false }
        guard try EncodingStore.forgive(id, in: transaction) > 0 else { return false }
        try EncodingStore.setState(record.plan == nil ? .waiting : .planned, of: id, in: transaction)
        try ledger.settle(id, in: transaction)
        return true
    }

    /// For those who watch over the server: how many tasks are `waiting`, `running`, `paused` and `failed`.
    public func counts() async throws -> [String: TaskCount] {
        try await database.scan { try TaskQueue.countsByState(at: $0.currentTime(), in: $0) }
    }

    /// Another server changed something; nil where it is not known what.
    public func heard(_ announcement: Announcement?) { signals.heard(announcement) }
}
