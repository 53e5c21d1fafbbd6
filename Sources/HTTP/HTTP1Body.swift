import Reactor

/// A request's body as it comes from the socket: read only when asked for.
final class HTTP1Body: BodySource {
    private let owner: HTTP1Connection
    private var mustInvite: Bool
    private(set) var failure: RequestBodyError?
    /// How long the peer was waited for; what the handler takes does not count against it.
    private var waited = Duration.zero

    init(_ owner: HTTP1Connection) {
        self.owner = owner
        mustInvite = owner.parser.expectsContinue
        super.init(expectedByteCount: owner.parser.contentLength)
    }

    var isComplete: Bool { owner.parser.phase == .complete }

    /// From any thread.
    override func interrupter() -> (@Sendable () -> Void)? {
        let confined = LoopBound(self, on: owner.connection.loop)
        return { confined.loop.execute { confined.value.interrupt() } }
    }

    private func interrupt() {
        guard failure == nil, !isComplete else { return }
        failure = .interrupted
        owner.connection.endWaitForRead()
    }

    override func next() async throws -> [UInt8]? {
        if let failure { throw failure }
        do {
            return try await read()
        } catch let error as RequestBodyError {
            failure = error
            throw error
        } catch is RequestParserError {
            failure = .malformed
            throw RequestBodyError.malformed
        } catch ConnectionError.timedOut {
            // An interruption ends the wait in the same way.
            let reason = failure ?? .tooSlow
            failure = reason
            throw reason
        } catch {
            failure = .disconnected
            throw RequestBodyError.disconnected
        }
    }

    private func read() async throws -> [UInt8]? {
        while true {
            if let piece = try owner.takeBodyPiece() {
                // Nothing more comes from the peer but its leaving.
                if isComplete { owner.connection.endsWithPeer = true }
                return piece.isEmpty ? nil : piece
            }
            if mustInvite {
                mustInvite = false
                owner.outbound.append(text: "HTTP/1.1 100 Continue\r\n\r\n")
            }
            try await owner.flush()
            let start = MonotonicTime.now
            let open = try await owner.fill(until: start + patience)
            waited += MonotonicTime.now - start
            owner.connection.readDeadline = .distantFuture
            if !open { throw RequestBodyError.disconnected }
        }
    }

    /// A grace, and time for what has come at the lowest rate that is accepted, less what was waited already.
    private var patience: Duration {
        let limits = owner.limits
        let earned = Duration.seconds(receivedByteCount / max(1, limits.bodyBytesPerSecond))
        return max(.zero, min(limits.bodyGrace + earned - waited, limits.bodyPause))
    }

    /// Drops what has come already, as long as that is little; nothing is waited for. True when that was the end.
    func drain() -> Bool {
        guard failure == nil, !mustInvite else { return false }
        if let expectedByteCount, expectedByteCount - receivedByteCount > owner.limits.drainedBytes { return false }
        var dropped = 0
        while dropped <= owner.limits.drainedBytes {
            guard let piece = try? owner.takeBodyPiece() else { return isComplete }
            if piece.isEmpty { return true }
            dropped += piece.count
        }
        return false
    }
}
