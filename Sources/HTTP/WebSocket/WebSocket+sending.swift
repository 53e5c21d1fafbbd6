import Reactor

extension WebSocket {
    /// The kernel is given pieces of this size, each with its own time.
    private static let piece = 1 << 20

    /// Bytes that have not left yet.
    public var queuedByteCount: Int { outgoing.count + interrupted.count + leavingByteCount }

    /// Puts a message into the queue; never waits.
    ///
    /// - Returns: false when it will not leave: the conversation is ending, or the queue is full. Then the options tell
    ///   whether the connection ends with it.
    @discardableResult
    public func send(_ message: WebSocketMessage) -> Bool {
        loop.preconditionOnLoop()
        guard !hasSentClose, !isFinished else { return false }
        guard queuedByteCount + message.byteCount <= options.queuedByteCount else {
            if options.overflow == .closes { lose() }
            return false
        }
        enqueue { encoder.append(message, to: &$0) }
        return true
    }

    @discardableResult
    public func send(_ text: String) -> Bool { send(.text(text)) }

    /// Begins the close handshake: nothing more is sent, and `receive` ends when the peer has answered or its time is over.
    ///
    /// - Parameter reason: for the peer's log; cut to 123 bytes.
    public func close(_ code: WebSocketCloseCode = .normal, reason: String = "") {
        loop.preconditionOnLoop()
        sendClose(code, reason: reason)
    }

    /// Waits until everything in the queue has left, for a handler that sends as fast as its peer takes.
    public func flush() async {
        loop.preconditionOnLoop()
        guard queuedByteCount > 0, !isLost else { return }
        await withUnsafeContinuation { flushWaiters.append($0) }
    }

    func sendClose(_ code: WebSocketCloseCode?, reason: String) {
        guard !hasSentClose else { return }
        hasSentClose = true
        enqueue { WebSocketEncoder.appendClose(code, reason: reason, to: &$0) }
        expectClose()
    }

    func sendPing() {
        enqueue { WebSocketEncoder.appendPing([], to: &$0) }
    }

    /// A peer that asks and never reads what it is answered is too slow like any other.
    func answerPing(_ payload: [UInt8]) {
        guard !hasSentClose else { return }
        guard queuedByteCount <= options.queuedByteCount else { return lose() }
        enqueue { WebSocketEncoder.appendPong(payload, to: &$0) }
    }

    private func enqueue(_ append: (inout [UInt8]) -> Void) {
        if outgoing.isEmpty { outgoing = state.takeOutbound() }
        append(&outgoing)
        pumpWaiter.take()?.resume()
    }

    // MARK: The pump

    /// Writes what is queued, and then what the feeds have, until `finish` was called and everything has left. What is
    /// queued while the loop does other things leaves in one call.
    func runPump() async {
        while !isLost {
            if !interrupted.isEmpty {
                let rest = interrupted
                interrupted = []
                await write(rest)
                continue
            }
            var leaving = outgoing
            var isShared = false
            outgoing = []
            if leaving.isEmpty {
                resumeFlushWaiters()
                if isFinished { break }
                (leaving, isShared) = takeFromFeeds()
            }
            if leaving.isEmpty {
                // The feeds may have ended the conversation.
                if outgoing.isEmpty { await withUnsafeContinuation { pumpWaiter = $0 } }
                continue
            }
            await write(leaving[...])
            if !isShared { state.giveBack(leaving) }
        }
        outgoing = []
        leavingByteCount = 0
        feeds = []
        heldFrame = nil
        interrupted = []
        resumeFlushWaiters()
    }

    private func write(_ bytes: ArraySlice<UInt8>) async {
        leavingByteCount = bytes.count
        var rest = bytes
        while !rest.isEmpty {
            connection.deadline = min(loop.now + writePause, closeDeadline)
            do { try await connection.send(rest.prefix(Self.piece)) } catch { return lose() }
            rest = rest.dropFirst(Self.piece)
            leavingByteCount = rest.count
        }
        connection.deadline = .distantFuture
    }

    private func resumeFlushWaiters() {
        let waiters = flushWaiters
        flushWaiters = []
        for waiter in waiters { waiter.resume() }
    }

    func finish() {
        isFinished = true
        pumpWaiter.take()?.resume()
    }
}

extension WebSocketMessage {
    fileprivate var byteCount: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .binary(let bytes): bytes.count
        }
    }
}
