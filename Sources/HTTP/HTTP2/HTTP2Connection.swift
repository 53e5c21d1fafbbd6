import Reactor

/// A connection of HTTP/2: one task reads, one writes, and each request that must wait for anything has a task of its own,
/// all on the connection's loop. What is said leaves through one queue, which is filled only when it is empty; so its size
/// is bounded, and the session decides by priority what comes next as late as it can.
///
/// - Rule: a stream that is reset, and the connection's end, cancel the tasks that work for them. A body that is still
///   coming is read to where it was cut instead, as over HTTP/1.1.
final class HTTP2Connection: @unchecked Sendable {
    // @unchecked: confined to `loop`; all tasks that touch it prefer that loop.

    let loop: EventLoop
    let connection: Connection
    let state: LoopState
    let limits: ServerLimits
    let warming: BlockingPool?
    let responder: any HTTPResponder
    let refused: (@Sendable (Response.Status, SocketAddress) -> Void)?
    @exclusivity(unchecked) let session: HTTP2Session
    @exclusivity(unchecked) private var inbound: Inbound
    @exclusivity(unchecked) private var outbound: [UInt8] = []

    /// Streams that the peer still has.
    @exclusivity(unchecked) var streams: [Int32: HTTP2Stream] = [:]
    /// Streams that a task works for: after a reset it may take a while to end.
    @exclusivity(unchecked) var running: [Int32: HTTP2Stream] = [:]
    /// How much wider than at first the windows of bodies are.
    @exclusivity(unchecked) var lentWindow = 0
    @exclusivity(unchecked) private var writerWaiter: UnsafeContinuation<Void, Never>?
    @exclusivity(unchecked) private var endWaiter: UnsafeContinuation<Void, Never>?
    /// The session may have something to say that the writer has not asked for.
    @exclusivity(unchecked) private var hasNews = false
    @exclusivity(unchecked) var requestCount = 0
    /// Nothing more will be said: the writer ends when everything has left.
    @exclusivity(unchecked) private var isFinishing = false
    /// Nothing more can be said.
    @exclusivity(unchecked) private var writerHasEnded = false
    /// The peer closed its side: no request and no room for answers comes any more.
    @exclusivity(unchecked) private(set) var peerHasGone = false
    @exclusivity(unchecked) private var isNoticeHeard = false
    @exclusivity(unchecked) private var idleSince: MonotonicTime
    @exclusivity(unchecked) private var headDeadline = MonotonicTime.distantFuture

    /// The first bytes of every client (RFC 9113 3.4).
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    /// The queue is filled up to here.
    private static let mostOutbound = 128 << 10
    /// After so many buffers in a row, other connections of the loop get their turn.
    private static let fairShare = 16

    /// - Parameter inbound: what was received already, the client's preface first.
    init(
        _ connection: Connection, inbound: Inbound, state: LoopState, options: HTTPServer.Options,
        responder: any HTTPResponder
    ) {
        self.connection = connection
        self.inbound = inbound
        self.state = state
        self.responder = responder
        loop = connection.loop
        limits = options.limits
        warming = options.warming
        refused = options.refused
        idleSince = loop.now
        session = HTTP2Session(now: loop.now)
    }

    func run() async {
        connection.stopping = { [unowned self] in beginDraining() }
        if connection.isDraining { beginDraining() }
        await withTaskCancellationHandler {
            await withTaskGroup { group in
                group.addTask { await self.write() }
                await self.converse()
            }
        } onCancel: { [self] in
            loop.execute { self.cancelAll() }
        }
        connection.stopping = nil
        inbound.giveBack(to: state)
    }

    private func converse() async {
        var endsInWords = true
        do { try await read() } catch { endsInWords = false }
        closeStreams()
        await waitForTasks()
        if !endsInWords { connection.abort(.closed) }
        isFinishing = true
        wakeWriter()
        if endsInWords, !connection.isDraining { await linger() }
    }

    // MARK: Reading

    /// Takes what the peer sends until the connection is to end.
    ///
    /// - Throws: `ConnectionError` when there is nobody any more.
    private func read() async throws {
        var unbroken = 0
        while true {
            takeInput()
            if !session.wantsInput { return }
            if connection.isDraining, streams.isEmpty, running.isEmpty { return session.goAway(.noError) }
            if try inbound.readNow(from: connection, state) {
                unbroken += 1
                if unbroken % Self.fairShare == 0 { await Task.yield() }
                continue
            }
            if inbound.sawEnd { return try await finishAnswers() }
            unbroken = 0
            guard nextDeadline > loop.now else {
                if try !endWhatIsTooSlow() { return session.goAway(.noError) }
                continue
            }
            connection.readDeadline = nextDeadline
            do { try await connection.waitUntilReadable() } catch ConnectionError.timedOut {
                // Something is too slow, or there is news; what broke the connection shows in the next read.
            }
        }
    }

    /// The peer has gone, or closed only its sending side: over TCP both look the same. As over HTTP/1.1, what works for
    /// it is cancelled, and an answer that needs no waiting still leaves, as far as the windows that it gave reach.
    ///
    /// - Throws: `ConnectionError` when nobody takes the answers.
    private func finishAnswers() async throws {
        peerHasGone = true
        for stream in Array(streams.values) { stream.endWithPeer() }
        wakeWriter()
        while session.wantsInput, !writerHasEnded, !(streams.isEmpty && running.isEmpty) { await waitForEnd() }
        if writerHasEnded { throw ConnectionError.closed }
    }

    /// After everything that could leave has left: the rest waits for room that a peer which has gone does not give.
    private func resetWhatIsStuck() {
        for stream in Array(streams.values) where !stream.outbox.isEmpty { cancel(stream) }
    }

    private func takeInput() {
        inbound.consume { bytes in
            session.receive(bytes, now: loop.now)
            return bytes.count
        }
        inbound.giveBack(to: state)
        if !session.isInsideHead {
            headDeadline = .distantFuture
        } else if headDeadline == .distantFuture {
            headDeadline = loop.now + limits.headTimeout
        }
        handleEvents()
        connection.waitingSince = streams.isEmpty && running.isEmpty ? idleSince : .distantFuture
        if session.wantsOutput { wakeWriter() }
    }

    /// When somebody will have waited for the peer too long.
    private var nextDeadline: MonotonicTime {
        if streams.isEmpty, running.isEmpty { return min(headDeadline, idleSince + limits.idleTimeout) }
        var next = headDeadline
        for stream in streams.values {
            next = min(next, stream.deadline)
            if let body = stream.body { next = min(next, body.deadline) }
            if let tunnel = stream.tunnel { next = min(next, tunnel.nextDeadline) }
        }
        return next
    }

    /// - Returns: false when the connection is of no more use.
    private func endWhatIsTooSlow() throws -> Bool {
        let now = loop.now
        if headDeadline <= now { return false }
        if streams.isEmpty, running.isEmpty { return false }
        for stream in streams.values {
            if stream.deadline <= now { cancel(stream) }
            if let body = stream.body, body.deadline <= now { body.fail(.tooSlow) }
            stream.tunnel?.endWhatIsTooSlow(now)
        }
        return true
    }

    /// What is waited for must be there by then: the reader wakes to look.
    func expect(by deadline: MonotonicTime) {
        connection.readDeadline = min(connection.readDeadline, deadline)
    }

    private func handleEvents() {
        for event in session.takeEvents() { handle(event) }
    }

    // MARK: Writing

    func wakeWriter() {
        hasNews = true
        writerWaiter.take()?.resume()
    }

    /// Writes what the session has to say until nothing more will be said.
    private func write() async {
        defer {
            giveBackOutbound()
            writerHasEnded = true
            endWaiter.take()?.resume()
        }
        while true {
            hasNews = false
            if outbound.capacity == 0 { outbound = state.takeOutbound() }
            session.produce(into: &outbound, upTo: Self.mostOutbound)
            handleEvents()
            if !session.wantsInput {
                connection.endWaitForRead()
                endWaiter.take()?.resume()
            }
            if outbound.isEmpty {
                if peerHasGone { resetWhatIsStuck() }
                if hasNews { continue }
                if isFinishing { return connection.shutdownWrite() }
                giveBackOutbound()
                await withUnsafeContinuation { writerWaiter = $0 }
                continue
            }
            connection.deadline = loop.now + limits.writePause
            do { try await connection.write(outbound) } catch {
                // The reader meets the same.
                return connection.abort(.closed)
            }
            connection.deadline = .distantFuture
            outbound.removeAll(keepingCapacity: true)
        }
    }

    /// All connections of a loop use the same few buffers, and one that waits holds none.
    private func giveBackOutbound() {
        // Taken out first: a buffer with two owners would be copied.
        var bytes: [UInt8] = []
        swap(&bytes, &outbound)
        state.giveBack(bytes)
    }

    // MARK: Ending

    private func beginDraining() {
        if !(streams.isEmpty && running.isEmpty) { session.giveNotice() }
        for stream in running.values { stream.tunnel?.stopping?() }
        wakeWriter()
        connection.endWaitForRead()
    }

    func noticeWasHeard() {
        guard !isNoticeHeard else { return }
        isNoticeHeard = true
        session.goAway(.noError)
    }

    private func closeStreams() {
        for stream in Array(streams.values) { close(stream, .cancel) }
    }

    private func cancelAll() {
        for stream in running.values { stream.task?.cancel() }
    }

    private func waitForTasks() async {
        if Task.isCancelled { cancelAll() }
        while !running.isEmpty { await waitForEnd() }
    }

    /// Until no stream and no task is left, or nothing more can be said.
    private func waitForEnd() async { await withUnsafeContinuation { endWaiter = $0 } }

    /// A stream or a task has ended.
    func became(idleIf isIdle: Bool) {
        guard isIdle else { return }
        idleSince = loop.now
        connection.waitingSince = idleSince
        if connection.isDraining { connection.endWaitForRead() }
        endWaiter.take()?.resume()
    }

    /// Closing while unread bytes are there would reset the connection, and the peer could lose what was said last.
    private func linger() async {
        guard !inbound.sawEnd else { return }
        inbound.giveBack(to: state)
        var rest = state.takeInbound()
        let end = loop.now + limits.lingering
        while loop.now < end {
            rest.removeAll()
            do {
                guard let count = try connection.tryRead(into: &rest) else {
                    connection.readDeadline = end
                    try await connection.waitUntilReadable()
                    continue
                }
                if count == 0 { break }
                await Task.yield()
            } catch { break }
        }
        state.giveBack(rest)
    }
}
