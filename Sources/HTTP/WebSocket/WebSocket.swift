import Reactor

/// A conversation of messages with one client (RFC 6455), confined to its loop.
///
/// - Rule: one task receives. Pings are answered, and the peer's end is noticed, while it waits in `receive`.
/// - Why: what is not asked for is not read, so a handler that is slow slows its peer instead of filling memory.
/// - Advice: `while let message = await socket.receive() { … }`. What others say to the peer is sent with `send` from
///   any task of the loop; it never waits.
/// - What if not: a handler that returns ends the conversation with 1000, one that throws with 1011.
public final class WebSocket: @unchecked Sendable {
    // @unchecked: confined to `loop`; each entry checks.

    public let loop: EventLoop
    public let remoteAddress: SocketAddress
    /// As agreed on in the handshake.
    public let subprotocol: String?
    let connection: any WebSocketTransport
    let state: LoopState
    let options: WebSocketOptions
    let writePause: Duration
    let encoder: WebSocketEncoder
    private var decoder: WebSocketDecoder
    private var inbound: Inbound

    /// Frames that wait to leave, and how many bytes are leaving just now.
    var outgoing: [UInt8] = []
    var leavingByteCount = 0
    var pumpWaiter: UnsafeContinuation<Void, Never>?
    var flushWaiters: [UnsafeContinuation<Void, Never>] = []
    /// Where messages for many sockets come from, and whose turn it was last.
    var feeds: [any WebSocketFeed] = []
    var feedTurn = 0
    var feedsHaveNews = false
    /// Was taken from a feed and did not fit to what is leaving.
    var heldFrame: [UInt8]?
    /// The rest of what the connection took a part of; it leaves before anything else.
    var interrupted: ArraySlice<UInt8> = []
    /// Nothing more will be queued: the pump ends when everything has left.
    var isFinished = false

    /// Nothing more is received: the peer's Close has come, or the connection broke.
    private(set) var isOver = false
    /// Nothing can be sent any more either.
    private(set) var isLost = false
    /// Our Close is in the queue or has left.
    var hasSentClose = false
    /// When the peer must have taken what is queued and answered our Close.
    private(set) var closeDeadline = MonotonicTime.distantFuture
    /// How the conversation ended: the peer's code, or ours where the peer sent none; nil while it goes on.
    public private(set) var closeCode: WebSocketCloseCode?

    private var isReceiving = false
    private var heardAt: MonotonicTime
    /// When the peer was asked whether it is there, and has not been heard since.
    private var pingedAt: MonotonicTime?
    private var messageDeadline = MonotonicTime.distantFuture
    /// Buffers taken since the connection last waited.
    private var unbroken = 0

    /// After so many buffers in a row, other connections of the loop get their turn.
    private static let fairShare = 16

    init(
        _ upgrade: WebSocketUpgrade, connection: any WebSocketTransport, state: LoopState, inbound: Inbound,
        writePause: Duration
    ) {
        self.connection = connection
        self.state = state
        self.inbound = inbound
        self.writePause = writePause
        loop = state.loop
        remoteAddress = upgrade.remoteAddress
        subprotocol = upgrade.handshake.subprotocol
        options = upgrade.options
        heardAt = state.loop.now
        let deflate = upgrade.handshake.deflate
        encoder = WebSocketEncoder(
            deflate: deflate, leastByteCount: options.compressedByteCount ?? .max, contexts: state.deflateContexts)
        decoder = WebSocketDecoder(
            messageLimit: options.messageByteCount, contexts: deflate == nil ? nil : state.deflateContexts)
    }

    // MARK: Receiving

    /// The next message; nil when the conversation is over, and `closeCode` tells why. What comes after our own Close is
    /// not delivered.
    public func receive() async -> WebSocketMessage? {
        loop.preconditionOnLoop()
        precondition(!isReceiving, "one task receives")
        isReceiving = true
        defer { isReceiving = false }
        while !isOver {
            do {
                guard let event = try takeEvent() else {
                    try await fill()
                    continue
                }
                if let message = handle(event), !hasSentClose { return message }
            } catch let error as WebSocketError {
                sendClose(error.closeCode, reason: "")
                end(error.closeCode)
            } catch {
                lose()
            }
        }
        return nil
    }

    /// Decodes what is already here.
    private func takeEvent() throws(WebSocketError) -> WebSocketDecoder.Event? {
        guard let bytes = inbound.readableBytes, !bytes.isEmpty else { return nil }
        var position = 0
        let event = try decoder.decode(bytes.span, from: &position)
        inbound.consume(position)
        // A ping between two fragments gives a message no more time.
        if case .message = event { messageDeadline = .distantFuture }
        if !decoder.isInside {
            messageDeadline = .distantFuture
        } else if messageDeadline == .distantFuture {
            messageDeadline = loop.now + options.messageTime
        }
        return event
    }

    private func handle(_ event: WebSocketDecoder.Event) -> WebSocketMessage? {
        switch event {
        case .message(let message): return message
        case .ping(let payload): answerPing(payload)
        case .pong: break
        case .close(let code, _):
            // The answer repeats the code (RFC 6455 5.5.1).
            sendClose(code, reason: "")
            end(code ?? .noStatus)
        }
        return nil
    }

    private func end(_ code: WebSocketCloseCode) {
        isOver = true
        if closeCode == nil { closeCode = code }
        inbound.giveBack(to: state)
    }

    /// The connection broke or is given up: nothing more can be said.
    func lose() {
        end(.abnormal)
        isLost = true
        hasSentClose = true
        connection.abort(.closed)
    }

    // MARK: Waiting

    /// Waits for more bytes, and looks meanwhile whether the peer is still there.
    ///
    /// - Throws: `WebSocketError`, or `ConnectionError` when the peer is gone.
    private func fill() async throws {
        while true {
            if messageDeadline <= loop.now { throw WebSocketError.messageTooSlow }
            if try connection.readNow(into: &inbound, state) {
                heardAt = loop.now
                pingedAt = nil
                unbroken += 1
                if unbroken % Self.fairShare == 0 { await Task.yield() }
                return
            }
            if inbound.sawEnd { throw ConnectionError.closed }
            unbroken = 0
            connection.readDeadline = min(peerDeadline, messageDeadline)
            do { try await connection.waitUntilReadable() } catch ConnectionError.timedOut { try patienceEnded() }
            connection.readDeadline = .distantFuture
        }
    }

    /// When the peer must have been heard, or is asked whether it is there.
    private var peerDeadline: MonotonicTime {
        if hasSentClose { return closeDeadline }
        if let pingedAt { return pingedAt + options.pingTimeout }
        return heardAt + options.pingInterval
    }

    private func patienceEnded() throws {
        guard peerDeadline <= loop.now else {
            // Either the message's time is over, which the caller sees, or a write's.
            if messageDeadline > loop.now { throw ConnectionError.timedOut }
            return
        }
        if hasSentClose || pingedAt != nil { throw ConnectionError.timedOut }
        pingedAt = loop.now
        sendPing()
    }

    /// From now on the peer's Close is waited for, and no longer than the options say.
    func expectClose() {
        closeDeadline = loop.now + options.closeTimeout
        connection.readDeadline = min(connection.readDeadline, closeDeadline)
        if leavingByteCount > 0 { connection.deadline = min(connection.deadline, closeDeadline) }
    }
}
