/// Something that changed, told to all other servers that have the same database, once the transaction that changed it is kept.
/// This one does at the same moment what it registered with `Transaction.afterCommit`.
public struct Announcement: Sendable, Hashable {
    /// Of notifications, in bytes (PostgreSQL, NOTIFY): below 8,000 with what names the sender.
    private static let mostBytes = 7_000

    /// Whom it concerns: a room's name.
    public let topic: String
    /// What the room needs to know, in its own words.
    public let text: String

    /// - Parameters:
    ///   - topic: without spaces.
    ///   - text: at most 7,000 bytes with the topic.
    public init(_ topic: String, _ text: String) {
        precondition(!topic.contains(" ") && topic.utf8.count + text.utf8.count < Self.mostBytes)
        self.topic = topic
        self.text = text
    }

    /// As it travels: the sender, which of its transactions it was, and what is announced. What two roads bring is known to be the same.
    func payload(from sender: String, transaction: UInt64) -> String { "\(sender).\(transaction) \(topic) \(text)" }

    /// Nil for what the reader sent itself, and for what nobody here has written.
    init?(payload: String, readBy reader: String) {
        let parts = payload.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].prefix(while: { $0 != "." }) != reader else { return nil }
        topic = String(parts[1])
        text = String(parts[2])
    }
}

/// What comes from the other servers of a database.
public enum Heard: Sendable, Hashable {
    case announcement(Announcement)
    /// Nobody was listening for a while: whatever is remembered may be old.
    case gap
}

/// What servers of a database tell each other without a change of rows (`Database.send`).
public enum HeardMessage: Sendable, Hashable {
    case message(String)
    /// From now on everything is heard. What was sent before may have been missed.
    case gap
}
