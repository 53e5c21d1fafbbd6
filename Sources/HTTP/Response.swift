import Reactor

/// One response: head and body. The body is sent when the handler has returned.
public struct Response {
    public var status: Status
    public var headers: HeaderFields
    public var body: Body
    /// Fields that stand behind `headers` on the wire: those that many answers have, so that none copies them.
    ///
    /// Spelled out, so that it has no value before `init` gives it one: else the whole answer is copied there.
    // swift-format-ignore: UseShorthandTypeNames
    public var shared: Optional<SharedFields>
    /// Stands in the field `X-Request-Id`.
    public var requestID = RequestID.none
    /// Called once when the response has left or failed; for the access log.
    public var completion: ((Completion) -> Void)?
    /// What follows a 101.
    var upgrade: WebSocketUpgrade?

    /// - Parameter fields: all fields that the answer has, where others have the same; nobody adds any.
    public init(
        status: Status = .ok, headers: HeaderFields = HeaderFields(), sharing fields: SharedFields? = nil,
        body: Body = .empty
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        shared = fields
    }

    /// Fields of many answers, by reference.
    public final class SharedFields: Sendable {
        public let fields: HeaderFields

        public init(_ fields: HeaderFields) { self.fields = fields }
    }

    /// Makes one list of all fields.
    public mutating func gatherFields() {
        if let shared = shared.take() { headers.append(contentsOf: shared.fields) }
        if requestID != .none { headers.append(.xRequestID, requestID.description) }
        requestID = .none
    }

    public enum Body {
        case empty
        case bytes([UInt8])
        case string(String)
        /// A range of a file, sent without copying it through the process.
        case file(OpenFile, Range<Int>)
        /// Several pieces in order, for multi-range answers.
        case pieces([Piece])
        /// Made while it is sent; chunked unless the length is known. The closure runs in the connection's task.
        case stream(byteCount: Int?, (any ResponseWriter) async throws -> Void)
    }

    public enum Piece {
        case bytes([UInt8])
        case file(OpenFile, Range<Int>)
    }

    public struct Completion {
        /// As sent; differs from the response when it could not be sent as it was.
        public var status: Status
        /// Bytes of body that left.
        public var byteCount: Int
        /// False when the peer went away or the body failed half way.
        public var isWhole: Bool

        public init(status: Status, byteCount: Int, isWhole: Bool) {
            self.status = status
            self.byteCount = byteCount
            self.isWhole = isWhole
        }
    }
}

/// Takes the bytes of a streamed body. `write` waits while the peer takes no more.
public protocol ResponseWriter: AnyObject {
    /// - Throws: `ConnectionError` when the peer is gone.
    func write(_ bytes: [UInt8]) async throws

    /// False once the peer went away or the server is stopping: an endless body should end.
    func keepsGoing() -> Bool
}

extension ResponseWriter {
    public func write(_ text: String) async throws { try await write([UInt8](text.utf8)) }
}

extension Response.Body {
    /// Nil when it is not known before it is sent.
    public var byteCount: Int? {
        switch self {
        case .empty: 0
        case .bytes(let bytes): bytes.count
        case .string(let text): text.utf8.count
        case .file(_, let range): range.count
        case .pieces(let pieces): pieces.reduce(0) { $0 + $1.byteCount }
        case .stream(let byteCount, _): byteCount
        }
    }
}

extension Response.Piece {
    var byteCount: Int {
        switch self {
        case .bytes(let bytes): bytes.count
        case .file(_, let range): range.count
        }
    }
}

extension Response {
    /// Text with its media type.
    public static func text(
        _ text: String, type: String = "text/plain; charset=utf-8", status: Status = .ok
    ) -> Response {
        Response(status: status, headers: [.contentType: type], body: .string(text))
    }

    public static func bytes(_ bytes: [UInt8], type: String, status: Status = .ok) -> Response {
        Response(status: status, headers: [.contentType: type], body: .bytes(bytes))
    }

    /// A whole file; ranges and conditions of the request are applied when the response is finished.
    public static func file(_ file: OpenFile, type: String, etag: EntityTag? = nil) -> Response {
        var response = Response(headers: [.contentType: type, .acceptRanges: "bytes"])
        if let etag { response.headers.append(.etag, etag.description) }
        response.body = .file(file, 0..<file.byteCount)
        return response
    }

    public static func redirect(to location: String, status: Status = .seeOther) -> Response {
        Response(status: status, headers: [.location: location])
    }

    public static var noContent: Response { Response(status: .noContent) }
}
