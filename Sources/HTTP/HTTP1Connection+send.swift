import Reactor

extension HTTP1Connection {
    /// Files leave in pieces of this size, each with its own time.
    private static let filePiece = 1 << 20
    /// Bodies up to this size are copied behind their head and leave in one call.
    private static let copiedBody = 16 << 10

    /// Puts a small response behind those that wait to leave, without waiting for anything.
    ///
    /// - Returns: whether the connection can take another request; nil when the response must be sent otherwise.
    func gather(_ response: borrowing Response) -> Bool? {
        guard outbound.count < Self.mostGathered, response.upgrade == nil,
            let count = response.body.smallByteCount, count <= Self.copiedBody
        else { return nil }
        let encoder = ResponseEncoder(response, to: parser.traits, mayContinue: !connection.isDraining)
        encoder.writeHead(of: response, date: state.date, to: &outbound)
        var sent = 0
        if encoder.sendsBody {
            switch response.body {
            case .bytes(let bytes): outbound.append(contentsOf: bytes)
            case .string(let text): outbound.append(text: text)
            case .empty, .file, .pieces, .stream: break
            }
            sent = count
        }
        complete(response, sent: sent, isWhole: true)
        return encoder.keepsAlive
    }

    /// Sends the response to the current request.
    ///
    /// - Returns: whether the connection can take another request.
    func send(_ response: Response, body source: HTTP1Body?) async throws -> Bool {
        var isDrained = true
        if let source, !source.isComplete { isDrained = source.drain() }
        let encoder = ResponseEncoder(
            response, to: parser.traits, mayContinue: isDrained && !connection.isDraining)
        encoder.writeHead(of: response, date: state.date, to: &outbound)
        var sent = 0
        do {
            if encoder.sendsBody { try await send(response.body, framing: encoder.framing, sent: &sent) }
            if outbound.count > Self.mostGathered { try await flush() }
        } catch {
            complete(response, sent: sent, isWhole: false)
            throw error
        }
        complete(response, sent: sent, isWhole: true)
        return encoder.keepsAlive
    }

    private func complete(_ response: borrowing Response, sent: Int, isWhole: Bool) {
        response.completion?(.init(status: response.status, byteCount: sent, isWhole: isWhole))
    }

    private func send(_ body: Response.Body, framing: ResponseEncoder.Framing, sent: inout Int) async throws {
        switch body {
        case .empty: break
        case .bytes(let bytes): try await send(bytes, sent: &sent)
        case .string(let text):
            outbound.append(text: text)
            sent += text.utf8.count
        case .file(let file, let range): try await send(file, range, sent: &sent)
        case .pieces(let pieces):
            for piece in pieces {
                switch piece {
                case .bytes(let bytes): try await send(bytes, sent: &sent)
                case .file(let file, let range): try await send(file, range, sent: &sent)
                }
            }
        case .stream(let byteCount, let produce):
            let writer = ConnectionWriter(self, isChunked: framing == .chunked)
            defer { sent = writer.byteCount }
            try await produce(writer)
            if framing == .chunked { outbound.append(text: ResponseEncoder.lastChunk) }
            if let byteCount, byteCount != writer.byteCount { throw ResponseBodyError.wrongLength }
        }
    }

    private func send(_ bytes: [UInt8], sent: inout Int) async throws {
        if bytes.count <= Self.copiedBody {
            outbound.append(contentsOf: bytes)
        } else {
            try await flush(more: true)
            connection.deadline = writeDeadline
            try await connection.write(bytes)
            connection.deadline = .distantFuture
        }
        sent += bytes.count
    }

    private func send(_ file: OpenFile, _ range: Range<Int>, sent: inout Int) async throws {
        var start = range.lowerBound
        while start < range.upperBound {
            let end = min(start + Self.filePiece, range.upperBound)
            connection.deadline = writeDeadline
            try await connection.sendFile(file, range: start..<end, after: outbound, warming: warming)
            outbound.removeAll(keepingCapacity: true)
            sent += end - start
            start = end
        }
        connection.deadline = .distantFuture
    }

    /// - Parameter more: body bytes follow at once, so the kernel may wait for them to fill a packet.
    private func flush(more: Bool) async throws {
        guard !outbound.isEmpty else { return }
        connection.deadline = writeDeadline
        try await connection.write(outbound, more: more)
        connection.deadline = .distantFuture
        outbound.removeAll(keepingCapacity: true)
    }
}

extension Response.Body {
    /// The length of a body that is in memory as a whole.
    fileprivate var smallByteCount: Int? {
        switch self {
        case .empty: 0
        case .bytes(let bytes): bytes.count
        case .string(let text): text.utf8.count
        case .file, .pieces, .stream: nil
        }
    }
}

enum ResponseBodyError: Error {
    /// A stream gave another number of bytes than it announced; the connection ends so that the peer notices.
    case wrongLength
}

/// Sends a streamed body as it is made.
final class ConnectionWriter: ResponseWriter {
    private let owner: HTTP1Connection
    private let isChunked: Bool
    private(set) var byteCount = 0

    init(_ owner: HTTP1Connection, isChunked: Bool) {
        self.owner = owner
        self.isChunked = isChunked
    }

    func write(_ bytes: [UInt8]) async throws {
        if isChunked { ResponseEncoder.writeChunk(bytes, to: &owner.outbound) } else { owner.outbound += bytes }
        try await owner.flush()
        byteCount += bytes.count
    }

    func keepsGoing() -> Bool {
        !owner.connection.isDraining && !owner.inbound.peerHasGone(owner.connection, owner.state)
    }
}
