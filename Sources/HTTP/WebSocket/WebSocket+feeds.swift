/// Messages that come to a socket from elsewhere, as those of a topic. Confined to the socket's loop.
public protocol WebSocketFeed: AnyObject {
    /// Takes what comes next; nil when there is nothing now. Then the socket is told with `feedHasNews` when there is.
    func takeNext() -> WebSocketFeedItem?
}

public enum WebSocketFeedItem {
    case message(WebSocketBroadcast)
    /// Nothing more comes; the conversation goes on.
    case end
    /// Nothing more comes, and the conversation is over as well.
    case close(WebSocketCloseCode, reason: String)
}

extension WebSocket {
    /// Small messages that have come meanwhile leave together, up to here. It is what a socket whose peer takes nothing
    /// has of its own, beside messages that it shares with others.
    private static let mostGathered = 4 << 10

    /// Sends what comes from `feed` too, in its order, until the feed or the conversation ends. It is asked only when
    /// everything before has left, so what a slow peer has not taken stays with the feed.
    public func follow(_ feed: any WebSocketFeed) {
        loop.preconditionOnLoop()
        guard !isFinished else { return }
        feeds.append(feed)
        feedHasNews()
    }

    /// A feed that had nothing may have something now.
    public func feedHasNews() {
        loop.preconditionOnLoop()
        feedsHaveNews = true
        // With thousands of sockets it counts that their pumps need not be woken.
        if pumpWaiter == nil || !sendAtOnce() { pumpWaiter.take()?.resume() }
    }

    /// Sends what the feeds have as long as the connection takes it without waiting.
    ///
    /// - Returns: false when something is left, for the pump.
    private func sendAtOnce() -> Bool {
        while true {
            let (bytes, isShared) = takeFromFeeds()
            if bytes.isEmpty { return outgoing.isEmpty }
            // What broke the connection, the pump meets as well.
            let count = (try? connection.sendNow(bytes)) ?? 0
            guard count == bytes.count else {
                interrupted = bytes[count...]
                return false
            }
            if !isShared { state.giveBack(bytes) }
        }
    }

    /// Takes what the feeds have: one message as it is, or several small ones in one piece.
    ///
    /// - Returns: the bytes, none when there is nothing, and whether they are others' as well.
    func takeFromFeeds() -> (bytes: [UInt8], isShared: Bool) {
        // Nothing follows our Close.
        if hasSentClose { heldFrame = nil }
        guard let first = heldFrame.take() ?? nextFrame() else { return ([], true) }
        guard first.count < Self.mostGathered, let second = nextFrame() else { return (first, true) }
        guard first.count + second.count <= Self.mostGathered else {
            heldFrame = second
            return (first, true)
        }
        var gathered = state.takeOutbound()
        gathered += first
        gathered += second
        while let next = nextFrame() {
            guard gathered.count + next.count <= Self.mostGathered else {
                heldFrame = next
                break
            }
            gathered += next
        }
        return (gathered, false)
    }

    /// One message of each feed in turn.
    private func nextFrame() -> [UInt8]? {
        guard feedsHaveNews, !hasSentClose else { return nil }
        var silent = 0
        while silent < feeds.count {
            feedTurn = (feedTurn + 1) % feeds.count
            switch feeds[feedTurn].takeNext() {
            case .message(let message): return message.bytes(for: encoder)
            case .end: feeds.remove(at: feedTurn)
            case .close(let code, let reason):
                feeds.remove(at: feedTurn)
                sendClose(code, reason: reason)
                return nil
            case nil: silent += 1
            }
        }
        feedsHaveNews = false
        return nil
    }
}
