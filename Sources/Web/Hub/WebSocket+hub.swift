import HTTP

extension WebSocketBroadcast: HubMessage {}

extension WebSocket {
    /// Sends what is published to `topic` from now on, until the conversation ends or the result is told to leave.
    ///
    /// A peer that is too slow for a hub that drops is closed with 1013, and cut where it does not even take that; with a
    /// hub that skips it misses messages. Both leave memory as it is: what was not taken is the topic's.
    @discardableResult
    public func join<Topic>(_ topic: Topic, of hub: Hub<Topic, WebSocketBroadcast>) -> HubFeed {
        loop.preconditionOnLoop()
        let seat = hub.join(topic) { [weak self] end in
            if end == .tooSlow { self?.close(.tryAgainLater, reason: HubFeed.tooSlow) } else { self?.feedHasNews() }
        }
        precondition(seat.loop === loop, "a socket joins a hub of its own loops")
        let feed = HubFeed(seat)
        follow(feed)
        return feed
    }
}

/// A socket's membership of a topic. Confined to the socket's loop.
public final class HubFeed: WebSocketFeed {
    static let tooSlow = "too slow"

    private let seat: HubSeat<WebSocketBroadcast>

    init(_ seat: HubSeat<WebSocketBroadcast>) { self.seat = seat }

    /// The socket gets nothing more of the topic; the conversation goes on.
    public func leave() { seat.leave() }

    public func takeNext() -> WebSocketFeedItem? {
        while true {
            switch seat.takeNext() {
            case .message(let message): return .message(message)
            case .skipped: continue
            case .end(.tooSlow): return .close(.tryAgainLater, reason: Self.tooSlow)
            case .end(.closed): return .close(.goingAway, reason: "")
            case .end(.left): return .end
            case nil: return nil
            }
        }
    }
}
