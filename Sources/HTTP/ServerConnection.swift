import Reactor

/// One connection of the server: reads requests one after the other, answers each in order.
///
/// Answers to pipelined requests gather in `outbound` and leave together. Buffers are held only while something is in
/// them, so an idle connection costs little.
final class ServerConnection {
    let connection: Connection
    let state: LoopState
    let limits: ServerLimits
    let warming: BlockingPool?
    private let refused: (@Sendable (Response.Status, SocketAddress) -> Void)?
    private let handler: HTTPServer.Handler
    let parser = RequestParser()

    private var inbound: ByteBuffer?
    var outbound: [UInt8] = []
    /// The peer will send nothing more.
    private(set) var sawEnd = false
    private var headDeadline = MonotonicTime.distantFuture

    /// Answers gather up to here before they leave.
    static let mostGathered = 64 << 10

    init(
        _ connection: Connection, state: LoopState, options: HTTPServer.Options,
        handler: @escaping HTTPServer.Handler
    ) {
        self.connection = connection
        self.state = state
        limits = options.limits
        warming = options.warming
        refused = options.refused
        self.handler = handler
    }

    func run() async {
        outbound = state.takeOutbound()
        do {
            while try await serveOne() {}
            try await flush()
            await linger()
        } catch {
            // The peer is gone, or the connection was cut: there is nobody to tell.
        }
        if let inbound { state.giveBack(inbound) }
        inbound = nil
        state.giveBack(outbound)
        outbound = []
    }

    /// - Returns: whether another request may follow.
    private func serveOne() async throws -> Bool {
        parser.reset()
        do {
            guard try await readHead() else { return false }
        } catch let error as RequestParserError {
            return try await refuse(error.status)
        } catch ConnectionError.timedOut {
            return try await refuse(.requestTimeout)
        }
        let source = parser.phase == .complete ? nil : ConnectionBody(self)
        let request = Request(
            method: parser.method, target: parser.target, headers: parser.headers,
            body: source.map(RequestBody.init(source:)) ?? RequestBody(), remoteAddress: connection.remoteAddress)
        connection.readDeadline = .distantFuture
        let response = await handler(request)
        return try await send(response, body: source)
    }

    // MARK: Reading

    /// Reads until the head is there. False when the peer is done.
    private func readHead() async throws -> Bool {
        headDeadline = .distantFuture
        while true {
            if try parseInbound() { return true }
            if parser.hasBegun, headDeadline == .distantFuture {
                headDeadline = connection.loop.now + limits.headTimeout
            }
            try await flush()
            if connection.isDraining, !parser.hasBegun { return false }
            guard try await fill(idle: !parser.hasBegun) else { return false }
        }
    }

    /// Feeds what is there to the parser. True when the head is complete.
    private func parseInbound() throws -> Bool {
        guard inbound?.isEmpty == false else { return false }
        let taken = try inbound?.withUnsafeReadableBytes { try parser.parse($0) } ?? 0
        inbound?.consume(taken)
        return parser.phase != .head
    }

    /// The next piece of the body that is already here, nil when more must be read. At the end it is empty.
    func takeBodyPiece() throws -> [UInt8]? {
        var piece: [UInt8] = []
        while piece.isEmpty, parser.phase == .body, inbound?.isEmpty == false {
            let taken = try inbound?.withUnsafeReadableBytes { bytes in
                let taken = try parser.parse(bytes)
                for range in parser.bodyRanges { piece.append(contentsOf: bytes[range]) }
                return taken
            }
            inbound?.consume(taken ?? 0)
        }
        return piece.isEmpty && parser.phase == .body ? nil : piece
    }

    /// Waits for bytes; false at the end of the stream. While nothing comes, no buffer is held.
    func fill(idle: Bool, until deadline: MonotonicTime? = nil) async throws -> Bool {
        if sawEnd { return false }
        while true {
            var buffer = inbound.take() ?? state.takeInbound()
            if buffer.writableCount == 0 { buffer.compact() }
            let count: Int?
            do { count = try connection.tryRead(into: &buffer) } catch {
                state.giveBack(buffer)
                throw error
            }
            if let count {
                if count == 0 {
                    sawEnd = true
                    state.giveBack(buffer)
                    return false
                }
                inbound = buffer
                if idle { connection.isIdle = false }
                return true
            }
            if buffer.isEmpty { state.giveBack(buffer) } else { inbound = buffer }
            connection.readDeadline = deadline ?? (idle ? connection.loop.now + limits.idleTimeout : headDeadline)
            if connection.readDeadline <= connection.loop.now { throw ConnectionError.timedOut }
            if idle { connection.isIdle = true }
            try await wait(isIdle: idle)
        }
    }

    /// Looks whether the peer closed its side, without waiting. What it sent meanwhile is kept for later.
    func peerHasGone() -> Bool {
        if sawEnd { return true }
        var buffer = inbound.take() ?? state.takeInbound()
        if buffer.writableCount > 0 {
            do { sawEnd = try connection.tryRead(into: &buffer) == 0 } catch { sawEnd = true }
        }
        if buffer.isEmpty { state.giveBack(buffer) } else { inbound = buffer }
        return sawEnd
    }

    private func wait(isIdle: Bool) async throws {
        do { try await connection.waitUntilReadable() } catch ConnectionError.timedOut where isIdle {
            // Nothing was asked, so nothing is answered.
            throw ConnectionError.closed
        }
    }

    // MARK: Ending

    /// Answers a request that never became one, and ends.
    private func refuse(_ status: Response.Status) async throws -> Bool {
        refused?(status, connection.remoteAddress)
        connection.readDeadline = .distantFuture
        let text =
            #"{"type":"about:blank","title":"\#(status.reason)","status":\#(status.code),"code":"\#(status.slug)"}"#
        let response = Response(
            status: status, headers: [.contentType: "application/problem+json"], body: .string(text))
        ResponseHead.write(
            response, framing: .length(text.utf8.count), keepsAlive: false, isHTTP10: false, date: state.date,
            to: &outbound)
        outbound.append(text: text)
        return false
    }

    func flush() async throws {
        guard !outbound.isEmpty else { return }
        connection.deadline = connection.loop.now + limits.writePause
        try await connection.write(outbound)
        connection.deadline = .distantFuture
        outbound.removeAll(keepingCapacity: true)
    }

    /// Closing while unread bytes are there would reset the connection, and the peer could lose the answer: so tell it
    /// that nothing more comes and read on for a moment (RFC 9112 9.6).
    private func linger() async {
        guard !sawEnd else { return }
        connection.shutdownWrite()
        connection.deadline = connection.loop.now + limits.lingering
        var rest = inbound.take() ?? state.takeInbound()
        rest.removeAll()
        while let count = try? await connection.read(into: &rest), count > 0 { rest.removeAll() }
        state.giveBack(rest)
    }
}

extension Response.Status {
    /// The stable code of an answer that no room made: `uri_too_long`.
    fileprivate var slug: String { reason.lowercased().replacing(" ", with: "_") }
}
