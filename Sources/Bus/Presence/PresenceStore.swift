/// Where servers write down who is in their topics.
///
/// Rows are of a server and last for the store's patience, by the clock of the store. So what a dead server has written goes by itself.
protocol PresenceStore: Sendable {
    /// Also keeps what this server has in these topics for as long again.
    func write(_ changes: [PresenceChange]) async throws

    /// Keeps all that this server has for as long again.
    ///
    /// - Parameter counts: of members in each topic.
    /// - Returns: topics of which the store does not have all, which are to be written whole.
    func beat(_ counts: [String: Int]) async throws -> [String]

    /// Removes all that this server has.
    ///
    /// - Parameter topics: in which it has members.
    func forget(_ topics: [String]) async throws

    func count(of topic: String) async throws -> Int

    /// The first by their ids.
    func members(of topic: String, limit: Int) async throws -> [Presence.Member]
}

/// What is to be written of one topic.
struct PresenceChange: Sendable, Equatable {
    let topic: String
    /// What the store has of this server in the topic goes before.
    let isWhole: Bool
    let present: [Presence.Member]
    let gone: [String]
}
