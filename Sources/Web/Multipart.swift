import HTTP

/// The parts of a form as they come: each part is read to its end (or skipped) before the next. Nothing is kept.
public final class Multipart {
    private let body: RequestBody
    private var parser: MultipartParser
    private var inPart = false
    private var partName = ""

    /// The most data of a part that nobody reads, and of what stands behind the form.
    static let mostSkipped = 64 << 10

    /// - Throws: `MultipartError.noBoundary` when the request holds no multipart form.
    public init(_ request: Request) throws {
        let type = FieldParameters(parsing: request.headers[.contentType] ?? "")
        guard type.value.lowercased() == "multipart/form-data", let boundary = type["boundary"],
            (1...70).contains(boundary.utf8.count), boundary.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F })
        else { throw MultipartError.noBoundary }
        body = request.body
        parser = MultipartParser(boundary: boundary)
    }

    /// The next part, or nil at the end of the form.
    public func nextPart() async throws -> Part? {
        try await skipPart()
        guard !parser.isFinished else { return nil }
        switch try await nextEvent() {
        case .part(let head):
            inPart = true
            partName = head.name
            return Part(head: head, form: self)
        case .end:
            try await skipEpilogue()
            return nil
        case .data, .partEnd: throw MultipartError.malformed
        }
    }

    private func skipPart() async throws {
        var skipped = 0
        while let piece = try await nextPiece() {
            skipped += piece.count
            guard skipped <= Self.mostSkipped else {
                throw MultipartError.fieldTooLarge(name: partName, limit: Self.mostSkipped)
            }
        }
    }

    /// What follows the last boundary means nothing, but must be read for the connection to go on.
    private func skipEpilogue() async throws {
        var skipped = 0
        while let piece = try await body.next() {
            skipped += piece.count
            guard skipped <= Self.mostSkipped else { throw MultipartError.malformed }
        }
    }

    fileprivate func nextPiece() async throws -> [UInt8]? {
        guard inPart else { return nil }
        switch try await nextEvent() {
        case .data(let bytes): return bytes
        case .partEnd:
            inPart = false
            return nil
        case .part, .end: throw MultipartError.malformed
        }
    }

    private func nextEvent() async throws -> MultipartParser.Event {
        while true {
            if let event = try parser.next() { return event }
            guard let bytes = try await body.next() else { throw MultipartError.truncated }
            parser.feed(bytes)
        }
    }

    /// One part. Its data can be read once, while it is the newest part.
    public struct Part: AsyncSequence {
        public typealias Element = [UInt8]

        public let head: PartHead
        fileprivate let form: Multipart

        public var name: String { head.name }
        public var filename: String? { head.filename }
        public var contentType: String? { head.contentType }

        /// The next piece of data, nil at the end.
        public func next() async throws -> [UInt8]? { try await form.nextPiece() }

        /// The whole data of a small field.
        public func collect(upTo limit: Int = 64 << 10) async throws -> [UInt8] {
            var all: [UInt8] = []
            while let piece = try await next() {
                if all.count + piece.count > limit {
                    throw MultipartError.fieldTooLarge(name: name, limit: limit)
                }
                all += piece
            }
            return all
        }

        public func text(upTo limit: Int = 64 << 10) async throws -> String {
            String(decoding: try await collect(upTo: limit), as: UTF8.self)
        }

        public struct AsyncIterator: AsyncIteratorProtocol {
            let part: Part
            public mutating func next() async throws -> [UInt8]? { try await part.next() }
        }

        public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(part: self) }
    }
}
