import Reactor

extension HTTP2Connection {
    /// A streamed body waits while more than this has not left.
    private static let mostWaiting = 32 << 10

    /// Begins the answer.
    ///
    /// - Returns: whether all of its body lies in the outbox; else the rest is to be sent by `finish`.
    func begin(_ response: Response, on stream: HTTP2Stream) -> Bool {
        stream.status = response.status
        stream.completion = response.completion
        guard !stream.isClosed else {
            stream.complete()
            return true
        }
        let forbidsBody = response.status.forbidsBody
        let byteCount = response.body.byteCount
        let fields = HTTP2FieldSection(response, byteCount: forbidsBody ? nil : byteCount, date: state.date)
        let priority = HTTP2Priority(
            of: HTTP2Priority(parsing: stream.head.headers["Priority"]), answering: response)
        let sendsBody = !forbidsBody && byteCount != 0 && stream.head.method != .head
        if sendsBody { append(response.body, to: stream.outbox) }
        if !sendsBody || !stream.outbox.isEmpty { stream.outbox.end() }
        if !stream.outbox.isEmpty { expectProgress(of: stream) }
        session.answer(stream.id, fields, body: sendsBody ? stream.outbox : nil, priority)
        wakeWriter()
        return stream.outbox.isEnded
    }

    /// What is in memory, or as good as there.
    private func append(_ body: Response.Body, to outbox: HTTP2Outbox) {
        switch body {
        case .bytes(let bytes): outbox.append(bytes)
        case .string(let text): outbox.append(Array(text.utf8))
        case .file(let file, let range) where connection.isWarm(file, range, warming): outbox.append(file, range)
        case .empty, .file, .pieces, .stream: break
        }
    }

    /// Sends the body of an answer that has begun, and stays until all of it lies in the outbox.
    func finish(_ response: Response, on stream: HTTP2Stream) async {
        do {
            try await send(response.body, on: stream)
            stream.outbox.end()
            session.resume(stream.id)
        } catch {
            if !stream.isClosed { session.reset(stream.id, .internalError) }
        }
        wakeWriter()
    }

    private func send(_ body: Response.Body, on stream: HTTP2Stream) async throws {
        switch body {
        case .empty, .bytes, .string: break
        case .file(let file, let range): try await send(file, range, on: stream)
        case .pieces(let pieces):
            for piece in pieces {
                switch piece {
                case .bytes(let bytes): try await put(bytes, on: stream)
                case .file(let file, let range): try await send(file, range, on: stream)
                }
            }
        case .stream(let byteCount, let produce):
            let writer = HTTP2Writer(self, stream)
            try await produce(writer)
            if let byteCount, byteCount != writer.byteCount { throw ResponseBodyError.wrongLength }
        }
    }

    /// The file is read when its bytes leave, so that one who takes nothing costs no memory.
    private func send(_ file: OpenFile, _ range: Range<Int>, on stream: HTTP2Stream) async throws {
        var start = range.lowerBound
        while start < range.upperBound {
            let end = try await connection.warmed(file, from: start, to: range.upperBound, warming)
            try await put(on: stream) { $0.append(file, start..<end) }
            start = end
        }
    }

    /// Puts bytes into the outbox, and waits while there are many.
    func put(_ bytes: [UInt8], on stream: HTTP2Stream) async throws {
        guard !bytes.isEmpty else { return }
        try await put(on: stream) { $0.append(bytes) }
    }

    private func put(on stream: HTTP2Stream, _ append: (HTTP2Outbox) -> Void) async throws {
        if stream.isClosed { throw ConnectionError.closed }
        append(stream.outbox)
        expectProgress(of: stream)
        session.resume(stream.id)
        wakeWriter()
        while stream.outbox.byteCount > Self.mostWaiting { try await wait(stream) }
    }

    private func wait(_ stream: HTTP2Stream) async throws {
        if stream.isClosed { throw ConnectionError.closed }
        expectProgress(of: stream)
        await withUnsafeContinuation { stream.waiter = $0 }
        if stream.isClosed { throw ConnectionError.closed }
    }

    private func expectProgress(of stream: HTTP2Stream) {
        stream.expectProgress(by: loop.now + limits.writePause)
        expect(by: stream.deadline)
    }
}

/// Sends a streamed body as it is made.
private final class HTTP2Writer: ResponseWriter {
    private let owner: HTTP2Connection
    private let stream: HTTP2Stream
    private(set) var byteCount = 0

    init(_ owner: HTTP2Connection, _ stream: HTTP2Stream) {
        self.owner = owner
        self.stream = stream
    }

    func write(_ bytes: [UInt8]) async throws {
        try await owner.put(bytes, on: stream)
        byteCount += bytes.count
    }

    func keepsGoing() -> Bool { !owner.connection.isDraining && !owner.peerHasGone && !stream.isClosed }
}
