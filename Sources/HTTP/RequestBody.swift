/// What goes wrong while a body is read. The connection answers with `status` and closes.
public enum RequestBodyError: Error, Sendable, Equatable {
    /// More bytes than the route takes.
    case tooLarge(limit: Int)
    /// The framing is broken.
    case malformed
    /// The peer sends slower than the lowest rate that is accepted.
    case tooSlow
    /// The peer went away before the end.
    case disconnected
    /// Somebody ended the reading: `RequestBody.interrupter`.
    case interrupted

    public var status: Response.Status {
        switch self {
        case .tooLarge: .contentTooLarge
        case .malformed, .disconnected: .badRequest
        case .tooSlow: .requestTimeout
        case .interrupted: .conflict
        }
    }
}

/// A request's body as a stream of pieces. Nothing is read from the socket before it is asked for, so a slow consumer
/// slows the sender; it can be read once.
public struct RequestBody: AsyncSequence {
    public typealias Element = [UInt8]

    let source: BodySource?
    /// The most bytes that will be read, whatever the peer announces.
    public var limit = Int.max

    /// No body.
    public init() { source = nil }

    public init(_ bytes: [UInt8]) { self.init(pieces: [bytes]) }
    public init(_ text: String) { self.init([UInt8](text.utf8)) }

    /// A body in pieces, as it might come from a socket.
    public init(pieces: [[UInt8]], announcesLength: Bool = true) {
        source = BufferedBodySource(pieces: pieces, announcesLength: announcesLength)
    }

    init(source: BodySource) { self.source = source }

    /// Announced by `Content-Length`; nil when the body is chunked.
    public var expectedByteCount: Int? { source.map(\.expectedByteCount) ?? 0 }

    /// How much was read so far.
    public var receivedByteCount: Int { source?.receivedByteCount ?? 0 }

    /// Ends the reading from any thread: a `next` that waits, and each later one, throws `RequestBodyError.interrupted`.
    /// Nothing happens once the whole body has come. Nil for a body that nobody waits for.
    public var interrupter: (@Sendable () -> Void)? { source?.interrupter() }

    /// The next piece, never empty; nil at the end.
    ///
    /// - Throws: `RequestBodyError`.
    public func next() async throws -> [UInt8]? {
        guard let source else { return nil }
        if let expected = source.expectedByteCount, expected > limit { throw RequestBodyError.tooLarge(limit: limit) }
        guard let piece = try await source.next() else { return nil }
        source.receivedByteCount += piece.count
        if source.receivedByteCount > limit { throw RequestBodyError.tooLarge(limit: limit) }
        return piece
    }

    /// The whole body, at most `most` bytes and at most the route's limit.
    public func collect(upTo most: Int = .max) async throws -> [UInt8] {
        var body = self
        body.limit = Swift.min(limit, most)
        guard let first = try await body.next() else { return [] }
        var all = first
        while let piece = try await body.next() { all += piece }
        return all
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        let body: RequestBody
        public mutating func next() async throws -> [UInt8]? { try await body.next() }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: self) }
}

/// Where a body's bytes come from.
class BodySource {
    let expectedByteCount: Int?
    var receivedByteCount = 0

    init(expectedByteCount: Int?) { self.expectedByteCount = expectedByteCount }

    func next() async throws -> [UInt8]? { nil }

    func interrupter() -> (@Sendable () -> Void)? { nil }
}

private final class BufferedBodySource: BodySource {
    private var pieces: ArraySlice<[UInt8]>

    init(pieces: [[UInt8]], announcesLength: Bool) {
        self.pieces = pieces.filter { !$0.isEmpty }[...]
        super.init(expectedByteCount: announcesLength ? pieces.reduce(0) { $0 + $1.count } : nil)
    }

    override func next() async throws -> [UInt8]? { pieces.popFirst() }
}
