import HTTP

/// What another server answered. Lives until the closure that got it returns.
public struct ClientResponse {
    public let status: Response.Status
    public let headers: HeaderFields
    /// Where the answer came from, after redirects.
    public let url: String
    public let body: ClientResponseBody
}

/// The answer's body as a stream of pieces, up to `Transfer.bufferLimit` bytes each. The server is slowed down while
/// nobody asks. It can be read once.
public struct ClientResponseBody: AsyncSequence {
    public typealias Element = [UInt8]

    let transfer: Transfer

    /// The next piece, never empty; nil at the end.
    ///
    /// - Throws: `HTTPClientError`; `CancellationError` when the task is cancelled, which ends the transfer.
    public func next() async throws -> [UInt8]? { try await transfer.nextPiece() }

    /// All of it: at most `ClientRequest.maxBodyBytes`.
    public func collect() async throws -> [UInt8] {
        var all: [UInt8] = []
        while let piece = try await next() { all += piece }
        return all
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        let body: ClientResponseBody
        public mutating func next() async throws -> [UInt8]? { try await body.next() }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: self) }
}
