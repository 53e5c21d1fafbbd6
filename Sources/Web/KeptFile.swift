import HTTP

/// A file that is answered from memory. Text is kept compressed, as nearly everybody takes it; for the others it is expanded each time.
public struct KeptFile: Sendable {
    private enum Content: Sendable {
        case plain([UInt8])
        case gzipped([UInt8], byteCount: Int)
    }

    /// There is no memory to expand it.
    struct ExpansionFailed: Error {}

    private let content: Content
    private let type: String
    private let tag: EntityTag

    public init(_ bytes: [UInt8], type: String) {
        var hash = ContentHash()
        hash.add(bytes)
        let isWorthIt = MediaType.isText(type) && bytes.count >= Gzip.leastByteCount
        let gzipped = isWorthIt ? Gzip.compress(bytes, level: 9) : nil
        content = gzipped.map { .gzipped($0, byteCount: bytes.count) } ?? .plain(bytes)
        self.type = type
        tag = EntityTag(hash.hexadecimal)
    }

    /// Nil for what is no text, or where there is no memory to expand it.
    var text: String? {
        switch content {
        case .plain(let bytes): String(validating: bytes, as: UTF8.self)
        case .gzipped(let gzipped, let byteCount):
            Gzip.expand(gzipped, to: byteCount).flatMap { String(validating: $0, as: UTF8.self) }
        }
    }

    /// - Parameter cache: the value of `Cache-Control`.
    public func answer(_ request: Request, cache: String) throws -> Response {
        var response = Response(headers: [.contentType: type, .cacheControl: cache])
        switch content {
        case .plain(let bytes):
            response.headers.append(.etag, tag.description)
            response.body = .bytes(bytes)
        case .gzipped(let gzipped, let byteCount):
            response.headers.append(.vary, "Accept-Encoding")
            if Gzip.isAccepted(by: request.headers[.acceptEncoding]) {
                response.headers.append(.contentEncoding, "gzip")
                response.headers.append(.etag, EntityTag(tag.opaque + "-gzip").description)
                response.body = .bytes(gzipped)
            } else {
                guard let bytes = Gzip.expand(gzipped, to: byteCount) else { throw ExpansionFailed() }
                response.headers.append(.etag, tag.description)
                response.body = .bytes(bytes)
            }
        }
        return response
    }
}
