import Reactor

/// One connection of the server: reads requests one after the other, answers each in order.
///
/// Answers to pipelined requests gather in `outbound` and leave together. Buffers are held only while something is in
/// them, so an idle connection costs little.
///
/// `@exclusivity(unchecked)` here, in `RequestParser`, `Connection`, `LoopState` and `EventLoop`: checking at run time what the loop's
/// confinement guarantees was a twentieth of the work for a small response.
final class HTTP1Connection: InputHandler {
    let connection: Connection
    let state: LoopState
    let limits: ServerLimits
    let warming: BlockingPool?
    private let refused: (@Sendable (Response.Status, SocketAddress) -> Void)?
    private let idleNanoseconds: Int64
    private let writePauseNanoseconds: Int64
    private let responder: any HTTPResponder
    private let remoteAddress: SocketAddress
    private let proxyAddress: SocketAddress?
    private let isSecure: Bool
    let parser = RequestParser()

    @exclusivity(unchecked) var inbound = Inbound()
    @exclusivity(unchecked) var outbound: [UInt8] = []
    /// No request has come yet, so the peer may speak HTTP/2 without having said so.
    @exclusivity(unchecked) private var isFresh = true
    @exclusivity(unchecked) private var speaksHTTP2 = false
    /// Has the connection from now on.
    @exclusivity(unchecked) var successor: (socket: WebSocket, handler: (WebSocket) async throws -> Void)?
    /// Of the request that is answered; it goes back to the loop before the next one.
    @exclusivity(unchecked) private var head: Request.Head?
    /// The next byte begins a request.
    @exclusivity(unchecked) private var isBetween = true
    @exclusivity(unchecked) private var headDeadline = MonotonicTime.distantFuture
    /// Requests taken since the connection last waited.
    @exclusivity(unchecked) private var unbroken = 0
    @exclusivity(unchecked) private(set) var requestCount = 0

    /// After so many requests in a row, other connections of the loop get their turn.
    private static let fairShare = 64

    /// Answers gather up to here before they leave.
    static let mostGathered = 64 << 10

    init(
        _ connection: Connection, state: LoopState, options: HTTPServer.Options,
        responder: any HTTPResponder
    ) {
        self.connection = connection
        self.state = state
        limits = options.limits
        idleNanoseconds = limits.idleTimeout.wholeNanoseconds
        writePauseNanoseconds = limits.writePause.wholeNanoseconds
        warming = options.warming
        refused = options.refused
        self.responder = responder
        remoteAddress = connection.remoteAddress
        proxyAddress = connection.proxyAddress
        isSecure = connection.isEncrypted || connection.isSecureBefore
    }

    /// Who has the connection when requests are over.
    enum Outcome {
        /// It is at its end.
        case nobody
        /// What was received begins with the preface of HTTP/2 (RFC 9113 3.3).
        case http2(Inbound)
        /// The peers agreed on a WebSocket, and whatever follows is its.
        case webSocket(WebSocket, (WebSocket) async throws -> Void)
    }

    func run() async -> Outcome {
        connection.setInputHandler(self)
        defer {
            connection.setInputHandler(nil)
            head = nil
            inbound.giveBack(to: state)
            giveBackOutbound()
        }
        do {
            while try await serveNext() {}
            if speaksHTTP2 { return .http2(inbound.handOver()) }
            if let successor { return .webSocket(successor.socket, successor.handler) }
            try await flush()
            if !inbound.sawEnd {
                inbound.giveBack(to: state)
                await connection.linger(limits, state)
            }
        } catch {
            // The peer is gone, or the connection was cut: there is nobody to tell.
        }
        return .nobody
    }

    /// What must be waited for before the connection goes on.
    private enum Pause {
        /// The next request, or more of one that has begun.
        case input
        /// Room for what gathered.
        case room
        /// Others have their turn.
        case turn
        /// The answer, or what gathering cannot send of it.
        case answer(HTTPServer.Later, HTTP1Body?)
        case end
    }

    /// What is done now is done without the task.
    @exclusivity(unchecked) private var isInPlace = false

    /// What came up while the task slept.
    @exclusivity(unchecked) private var pause: Result<Pause, any Error>?

    /// Answers everything that needs no waiting, and then waits for one thing.
    ///
    /// - Returns: whether another request may follow.
    private func serveNext() async throws -> Bool {
        switch try pause.take()?.get() ?? advance() {
        case .input:
            do { try await connection.waitUntilReadable(handlesInPlace: true) } catch ConnectionError.timedOut {
                // Where nothing was asked, nothing is answered.
                if connection.isIdle { throw ConnectionError.closed }
                return refuse(.requestTimeout)
            }
            connection.isIdle = false
        case .room: try await flush()
        case .turn: await Task.yield()
        case .answer(let later, let source): return try await finish(later, source)
        case .end: return false
        }
        return true
    }

    /// Goes on where the connection waits for input, without its task.
    override func inputCame() -> Bool {
        connection.isIdle = false
        isInPlace = true
        let pause = Result { try advance() }
        isInPlace = false
        if case .success(.input) = pause {
            if !outbound.isEmpty { state.flushSoon(self) }
            return true
        }
        self.pause = pause
        return false
    }

    /// Sends what gathered while it waits for input.
    func flushGathered() {
        let result = Result { try flushNow() }
        if case .success(true) = result { return giveBackOutbound() }
        // Its task sees to what the kernel did not take.
        connection.isIdle = false
        pause = result.map { _ in .room }
        connection.resumeRead()
    }

    private func advance() throws -> Pause {
        while true {
            if unbroken == Self.fairShare {
                unbroken = 0
                return .turn
            }
            if isBetween {
                parser.reset()
                if let head = head.take() { state.giveBack(head) }
                headDeadline = .distantFuture
                isBetween = false
            }
            do {
                if let pause = try readHead() { return pause }
            } catch let error as RequestParserError {
                _ = refuse(error.status)
                return .end
            } catch ConnectionError.timedOut {
                _ = refuse(.requestTimeout)
                return .end
            }
            isBetween = true
            connection.readDeadline = .distantFuture
            connection.waitingSince = .distantFuture
            takeOutbound()
            let source = parser.phase == .complete ? nil : HTTP1Body(self)
            // Filled where it stands: as a value that is handed up it would be copied at each step.
            var response: Response?
            if let later = beginAnswer(source, &response) { return .answer(later, source) }
            guard let response = consume response else { return .end }
            guard source == nil, let keepsAlive = gather(response) else { return .answer({ response }, source) }
            if !keepsAlive { return .end }
        }
    }

    private func beginAnswer(_ source: HTTP1Body?, _ response: inout Response?) -> HTTPServer.Later? {
        let head = state.takeHead()
        parser.handOver(to: &head.fields)
        head.fields.remoteAddress = remoteAddress
        if proxyAddress != nil || head.fields.proxyAddress != nil { head.fields.proxyAddress = proxyAddress }
        head.fields.isSecure = isSecure
        head.fields.receivedAt = connection.loop.now
        head.fields.forwardedHost = nil
        head.fields.requestID = RequestID()
        self.head = head
        let body = source.map(RequestBody.init(source:)) ?? RequestBody()
        guard let later = responder.answer(to: Request(head: head, body: body), &response) else { return nil }
        guard self.head?.fields.headers.contains(.upgrade) == true else { return later }
        return { await self.apart(later) }
    }

    /// - Returns: whether another request may follow.
    private func finish(_ later: HTTPServer.Later, _ source: HTTP1Body?) async throws -> Bool {
        // A body that is still coming is read to where it was cut, and what came of it is kept.
        connection.endsWithPeer = source == nil
        defer { connection.endsWithPeer = false }
        // The answer may take long, or never end.
        if inbound.isEmpty { inbound.giveBack(to: state) }
        let response = await later()
        if let upgrade = response.upgrade { return try await say(response, before: upgrade) }
        if source == nil, let keepsAlive = gather(response) { return keepsAlive }
        return try await send(response, body: source)
    }

    // MARK: Reading

    /// Reads until the head is there.
    ///
    /// - Returns: nil when it is, else what must be waited for.
    private func readHead() throws -> Pause? {
        while true {
            if isFresh, looksLikeHTTP2() {
                if speaksHTTP2 { return .end }
            } else if try parseInbound() {
                unbroken += 1
                requestCount += 1
                return nil
            }
            if parser.hasBegun, headDeadline == .distantFuture {
                headDeadline = connection.loop.now + limits.headTimeout
            }
            // In place what gathered leaves together with that of other connections.
            let mayWait = isInPlace && inbound.isEmpty && !connection.mayRead
            if !mayWait, try !flushNow() { return .room }
            if connection.isDraining, !parser.hasBegun { return .end }
            if try inbound.readNow(from: connection, state) { continue }
            if inbound.sawEnd { return .end }
            let isIdle = !parser.hasBegun
            let now = connection.loop.now
            let deadline = isIdle ? now.advanced(byNanoseconds: idleNanoseconds) : headDeadline
            connection.readDeadline = deadline
            if deadline <= now { throw ConnectionError.timedOut }
            unbroken = 0
            if connection.waitingSince == .distantFuture { connection.waitingSince = now }
            connection.isIdle = isIdle
            if outbound.isEmpty { giveBackOutbound() }
            return .input
        }
    }

    /// Whether the connection begins as HTTP/2 does, as far as it has come.
    private func looksLikeHTTP2() -> Bool {
        guard let bytes = inbound.readableBytes, !bytes.isEmpty else { return false }
        let preface = HTTP2Connection.preface
        guard preface.starts(with: bytes.prefix(preface.count)) else {
            isFresh = false
            return false
        }
        speaksHTTP2 = bytes.count >= preface.count
        return true
    }

    /// Feeds what is there to the parser. True when the head is complete.
    private func parseInbound() throws -> Bool {
        guard !inbound.isEmpty else { return false }
        guard try inbound.consume(by: { try parser.parse($0) }) > 0 else { return false }
        return parser.phase != .head
    }

    /// The next piece of the body that is already here, nil when more must be read. At the end it is empty.
    func takeBodyPiece() throws -> [UInt8]? {
        var piece: [UInt8] = []
        while piece.isEmpty, parser.phase == .body, !inbound.isEmpty {
            try inbound.consume { bytes in
                let taken = try parser.parse(bytes)
                for range in parser.bodyRanges { piece.append(contentsOf: bytes[range]) }
                return taken
            }
        }
        return piece.isEmpty && parser.phase == .body ? nil : piece
    }

    /// Waits for more of a body; false at the end of the stream.
    func fill(until deadline: MonotonicTime) async throws -> Bool {
        while true {
            if try inbound.readNow(from: connection, state) { return true }
            if inbound.sawEnd { return false }
            connection.readDeadline = deadline
            if deadline <= connection.loop.now { throw ConnectionError.timedOut }
            unbroken = 0
            try await connection.waitUntilReadable()
        }
    }

    /// When a write that begins now has taken too long.
    var writeDeadline: MonotonicTime { connection.loop.now.advanced(byNanoseconds: writePauseNanoseconds) }

    // MARK: Ending

    /// Answers a request that never became one.
    ///
    /// - Returns: false: no other may follow.
    private func refuse(_ status: Response.Status) -> Bool {
        refused?(status, connection.remoteAddress)
        connection.readDeadline = .distantFuture
        takeOutbound()
        let response = Response.refusal(status)
        ResponseEncoder(response, to: RequestTraits(), mayContinue: false)
            .writeHead(of: response, date: state.date, to: &outbound)
        if case .string(let text) = response.body { outbound.append(text: text) }
        return false
    }

    /// Something is going to be said. All connections of a loop use the same few buffers, so that these are in the cache of
    /// the processor, and a connection that waits holds none.
    private func takeOutbound() {
        if outbound.capacity == 0 { outbound = state.takeOutbound() }
    }

    func giveBackOutbound() {
        guard outbound.capacity > 0 else { return }
        // Taken out first: a buffer with two owners would be copied.
        var bytes: [UInt8] = []
        swap(&bytes, &outbound)
        state.giveBack(bytes)
    }

    /// Writes without waiting. False when something is left.
    func flushNow() throws -> Bool {
        guard !outbound.isEmpty else { return true }
        // Taken out meanwhile: what a class holds would be counted once more for the call.
        var bytes: [UInt8] = []
        swap(&bytes, &outbound)
        defer { swap(&bytes, &outbound) }
        let count = try bytes.withUnsafeBytes { try connection.tryWrite($0) } ?? 0
        if count == bytes.count {
            bytes.removeAll(keepingCapacity: true)
            return true
        }
        bytes.removeFirst(count)
        return false
    }

    func flush() async throws {
        guard !outbound.isEmpty else { return }
        connection.deadline = writeDeadline
        try await connection.write(outbound)
        connection.deadline = .distantFuture
        outbound.removeAll(keepingCapacity: true)
    }
}

extension Connection {
    /// Closing while unread bytes are there would reset the connection, and the peer could lose the answer: so tell it
    /// that nothing more comes and read on for a moment (RFC 9112 9.6).
    func linger(_ limits: ServerLimits, _ state: LoopState) async {
        shutdownWrite()
        deadline = loop.now + limits.lingering
        var rest = state.takeInbound()
        while let count = try? await read(into: &rest), count > 0 { rest.removeAll() }
        state.giveBack(rest)
    }
}
