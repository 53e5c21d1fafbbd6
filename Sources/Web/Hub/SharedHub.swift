import Bus
import Reactor

/// A hub whose topics have members at several servers: what is published at one reaches the members at all of them.
///
/// - Rule: a message is whole: whoever is in a topic may see all of it. What depends on who looks is announced by the database, and each
///   server makes of the rows what its listeners may see, as it does for events of videos.
/// - Order: members at all servers see what one server published in its order. Of what several publish at the same time each server
///   sees its own first.
/// - Gaps: members get `Form.gap` when something of other servers may have been missed: soon after the first of them joined, and when
///   Redis or the database was away. Who must miss nothing then looks at the rows.
/// - Cost: a message goes to Redis once, and from there once to each server that has members of its topic. Without Redis it goes by the
///   database to every server (`ServerChannels`).
public final class SharedHub<Topic: Hashable & Sendable, Message: HubMessage>: Sendable {
    /// How topics and messages travel.
    public struct Form: Sendable {
        /// Different for different topics, and the same on all servers.
        public var name: @Sendable (Topic) -> String
        public var encode: @Sendable (Message) -> [UInt8]
        /// Nil for what a server of another version wrote.
        public var decode: @Sendable (ArraySlice<UInt8>) -> Message?
        public var gap: Message

        public init(
            name: @escaping @Sendable (Topic) -> String, encode: @escaping @Sendable (Message) -> [UInt8],
            decode: @escaping @Sendable (ArraySlice<UInt8>) -> Message?, gap: Message
        ) {
            self.name = name
            self.encode = encode
            self.decode = decode
            self.gap = gap
        }
    }

    /// Where members join.
    public let hub: Hub<Topic, Message>
    private let prefix: String
    private let form: Form
    private let channels: ServerChannels

    /// - Parameter name: of the hub, the same on all servers.
    public init(
        _ name: String, _ loops: EventLoopGroup, rule: HubRule = HubRule(), form: Form, channels: ServerChannels
    ) {
        hub = Hub(loops, rule: rule)
        prefix = name
        self.form = form
        self.channels = channels
        hub.setPresence { [weak self] topic, isHere in
            guard let self else { return }
            if isHere {
                channels.follow(channel(of: topic)) { [weak self] news in self?.take(news, of: topic) }
            } else {
                channels.leave(channel(of: topic))
            }
        }
    }

    /// May be called from any thread and never waits. What is longer than `ServerChannels.mostBytes` as it travels stays at this server.
    ///
    /// - Returns: whether it left for the other servers.
    @discardableResult
    public func publish(_ message: Message, to topic: Topic) -> Bool {
        hub.publish(message, to: topic)
        return channels.publish(form.encode(message), to: channel(of: topic))
    }

    private func take(_ news: ServerChannels.News, of topic: Topic) {
        switch news {
        case .gap: hub.publish(form.gap, to: topic)
        case .message(let bytes): if let message = form.decode(bytes[...]) { hub.publish(message, to: topic) }
        }
    }

    private func channel(of topic: Topic) -> String { "hub:\(prefix):\(form.name(topic))" }
}
