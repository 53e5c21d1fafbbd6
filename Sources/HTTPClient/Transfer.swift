import CCurl
import HTTP
import Reactor

/// One request and its answer, without redirects. Confined to its driver's loop; the `async` functions may be called from
/// any task.
final class Transfer: CurlTransfer, @unchecked Sendable {
    // @unchecked: immutable, or confined to `loop`.

    struct Limits: Sendable {
        let timeouts: ClientRequest.Timeouts
        let bodyBytes: Int
        let deadline: MonotonicTime
    }

    /// When so much of the answer waits to be read, the server has to wait.
    static let bufferLimit = 256 << 10

    let hop: Hop
    let client: HTTPClient
    let limits: Limits
    private let driver: CurlLoop
    private var loop: EventLoop { driver.loop }

    private var handle: EasyHandle?
    private var isFinished = false
    /// Why a callback told libcurl to stop, or why the transfer ended.
    private var failure: (any Error)?
    /// An address that was not connected to.
    private var refused: IPAddress?

    private var headReader = ResponseHeadReader()
    private var readHead: ResponseHeadReader.Head?
    private var headWaiter: UnsafeContinuation<ResponseHeadReader.Head, any Error>?

    private var received: [UInt8] = []
    private var receivedCount = 0
    private var isReceivingPaused = false
    private var pieceWaiter: UnsafeContinuation<[UInt8]?, any Error>?

    private var outgoing: [UInt8] = []
    private var outgoingPosition = 0
    private var offeredCount = 0
    private var isOutgoingWhole = true
    private var isSendingPaused = false
    private var roomWaiter: UnsafeContinuation<Bool, Never>?

    /// When the connection was there, or something last came or left; nil before.
    private var progress: MonotonicTime?

    init(_ hop: Hop, limits: Limits, client: HTTPClient, driver: CurlLoop) {
        self.hop = hop
        self.limits = limits
        self.client = client
        self.driver = driver
        switch hop.body {
        case .none: break
        case .bytes(let bytes): outgoing = bytes
        case .stream: isOutgoingWhole = false
        }
    }

    // MARK: Its life

    /// Sends the request and waits for the head of the answer. Once.
    func head() async throws -> ResponseHeadReader.Head {
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                loop.execute { [self] in
                    start()
                    if let failure { return continuation.resume(throwing: failure) }
                    headWaiter = continuation
                }
            }
        } onCancel: {
            end()
        }
    }

    private func start() {
        guard !isFinished else { return }
        do {
            let handle = try EasyHandle(self)
            self.handle = handle
            try driver.add(self, handle.pointer)
        } catch {
            finish(error)
        }
    }

    /// Stops whatever still goes on. From any thread.
    func end() {
        loop.execute { [self] in finish(CancellationError()) }
    }

    /// libcurl is done with it.
    func ended(_ code: CURLcode) {
        if code == CURLE_OK { return finish(failure) }
        if let failure { return finish(failure) }
        if let refused, code == CURLE_COULDNT_CONNECT {
            return finish(HTTPClientError(.forbiddenAddress, "\(hop.url.host) is \(refused), which must not be asked"))
        }
        finish(HTTPClientError(code, "\(hop.url.host): \(handle?.errorText ?? "")"))
    }

    /// Not from a callback of libcurl. Calling again does nothing.
    func finish(_ failure: (any Error)?) {
        loop.preconditionOnLoop()
        guard !isFinished else { return }
        isFinished = true
        self.failure = failure
        if let handle { driver.remove(handle.pointer) }
        handle = nil
        outgoing = []
        if let waiter = headWaiter.take() {
            waiter.resume(
                throwing: failure ?? HTTPClientError(.disconnected, "\(hop.url.host): the answer has no head"))
        }
        handOverPiece()
        roomWaiter.take()?.resume(returning: false)
    }

    func checkTime() {
        if loop.now >= limits.deadline { return finish(timedOut(.whole)) }
        // Time that we let pass ourselves is not the server's.
        guard let progress, !isReceivingPaused, !isSendingPaused else { return }
        let patience = headReader.isComplete ? limits.timeouts.stalled : limits.timeouts.firstByte
        if loop.now >= progress + patience { finish(timedOut(headReader.isComplete ? .stalled : .firstByte)) }
    }

    private func timedOut(_ phase: HTTPClientError.Phase) -> HTTPClientError {
        HTTPClientError(.timedOut(phase), "\(hop.url.host): too slow (\(phase))")
    }

    // MARK: The answer

    /// The next piece of the body; nil at the end.
    func nextPiece() async throws -> [UInt8]? {
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                loop.execute { [self] in
                    precondition(pieceWaiter == nil, "one reader may wait at a time")
                    pieceWaiter = continuation
                    handOverPiece()
                }
            }
        } onCancel: {
            end()
        }
    }

    private func handOverPiece() {
        guard let waiter = pieceWaiter else { return }
        if !received.isEmpty, !(failure is CancellationError) {
            pieceWaiter = nil
            let piece = received
            received = []
            waiter.resume(returning: piece)
            if isReceivingPaused {
                isReceivingPaused = false
                goOn()
            }
        } else if isFinished {
            pieceWaiter = nil
            if let failure { waiter.resume(throwing: failure) } else { waiter.resume(returning: nil) }
        }
    }

    // MARK: The request's body

    /// Takes the pieces of a streamed body from its maker until the body or the transfer ends.
    func upload(_ body: ClientRequest.Body) async {
        guard case .stream(_, let next) = body else { return }
        do {
            while let piece = try await next() {
                guard await offer(piece) else { return }
            }
            loop.execute { [self] in endUpload() }
        } catch {
            loop.execute { [self] in finish(error) }
        }
    }

    /// False when nobody wants it any more.
    private func offer(_ piece: [UInt8]) async -> Bool {
        if piece.isEmpty { return true }
        return await withUnsafeContinuation { continuation in
            loop.execute { [self] in
                // bound: pieces that were in memory at a time of their own, as `Int` counts bytes
                offeredCount += piece.count
                if let announcedCount, offeredCount > announcedCount { finish(wrongLength) }
                if isFinished { return continuation.resume(returning: false) }
                outgoing = piece
                outgoingPosition = 0
                roomWaiter = continuation
                resumeSending()
            }
        }
    }

    private func endUpload() {
        if let announcedCount, offeredCount < announcedCount { finish(wrongLength) }
        isOutgoingWhole = true
        resumeSending()
    }

    private var announcedCount: Int? {
        guard case .stream(let byteCount, _) = hop.body else { return nil }
        return byteCount
    }

    private var wrongLength: HTTPClientError {
        HTTPClientError(.invalidRequest, "the body is not as long as was announced")
    }

    private func resumeSending() {
        guard isSendingPaused else { return }
        isSendingPaused = false
        goOn()
    }

    private func goOn() {
        progress = loop.now
        handle?.pause(receiving: isReceivingPaused, sending: isSendingPaused)
    }
}

// MARK: - What libcurl calls

extension Transfer {
    /// Whether a socket may be opened to this address.
    func permits(_ address: IPAddress?) -> Bool {
        // The connection goes to the proxy, which stands in the settings.
        if client.configuration.proxy != nil { return true }
        guard let address else { return false }
        if client.addresses.permits(address) { return true }
        refused = address
        return false
    }

    func connected() { progress = .now }

    /// False ends the transfer.
    func receiveHeader(_ line: [UInt8]) -> Bool {
        do {
            guard let head = try headReader.take(line) else { return true }
            progress = .now
            readHead = head
            try checkAnnouncedLength(head)
            headWaiter.take()?.resume(returning: head)
            // libcurl sends no more of the body then. Where the body pauses at this moment it would wait for more of it all the
            // same (7.88 does), and the transfer would have no end.
            if head.status.code >= 300 { loop.execute { [self] in resumeSending() } }
            return true
        } catch {
            failure = error
            return false
        }
    }

    private func checkAnnouncedLength(_ head: ResponseHeadReader.Head) throws {
        guard hop.method != .head, let text = head.headers[.contentLength], let count = Int(text),
            count > limits.bodyBytes
        else { return }
        throw tooLarge
    }

    private var tooLarge: HTTPClientError {
        HTTPClientError(.bodyTooLarge, "\(hop.url.host): the answer is larger than \(limits.bodyBytes) bytes")
    }

    enum Verdict { case taken, later, stop }

    func receive(_ bytes: UnsafeRawBufferPointer) -> Verdict {
        guard bytes.count <= limits.bodyBytes - receivedCount else {
            failure = tooLarge
            return .stop
        }
        guard received.count < Self.bufferLimit else {
            isReceivingPaused = true
            return .later
        }
        progress = .now
        // bound: by the limit of the body
        receivedCount += bytes.count
        received.append(contentsOf: bytes)
        handOverPiece()
        return .taken
    }

    /// Copies the next bytes of the request's body; nil for "later", 0 for the end.
    func send(into room: UnsafeMutableRawBufferPointer) -> Int? {
        let count = min(room.count, outgoing.count - outgoingPosition)
        guard count > 0 else {
            if isOutgoingWhole { return 0 }
            isSendingPaused = true
            return nil
        }
        progress = .now
        outgoing.withUnsafeBytes {
            room.copyMemory(from: .init(rebasing: $0[outgoingPosition..<outgoingPosition + count]))
        }
        outgoingPosition += count
        if outgoingPosition == outgoing.count { roomWaiter.take()?.resume(returning: true) }
        return count
    }

    /// A connection that was kept turned out to be closed, and the request goes out again on another one.
    func rewind() -> Bool {
        guard case .bytes = hop.body else { return false }
        outgoingPosition = 0
        return true
    }
}
