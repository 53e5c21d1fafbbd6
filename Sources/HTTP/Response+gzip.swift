extension Response {
    /// Compresses a text body that is in memory when the client takes gzip.
    ///
    /// Answers marked `no-store` stay as they are: they carry secrets, whose length would show what else is in the
    /// body (BREACH).
    public mutating func compressIfUseful(for request: Request) {
        // What costs most is asked last.
        guard status == .ok, isLongEnough, !headers.contains(.contentEncoding), !headers.contains(.acceptRanges),
            !headers.value(of: .cacheControl, contains: "no-store"), isText
        else { return }
        if !headers.contains(.vary) { headers.append(.vary, "Accept-Encoding") }
        guard request.headers.contains(.acceptEncoding), Gzip.isAccepted(by: request.headers[.acceptEncoding]),
            let compressed = compressedBody()
        else { return }
        body = .bytes(compressed)
        headers.append(.contentEncoding, "gzip")
        if let tag = headers[.etag].flatMap({ EntityTag(parsing: $0) }) {
            headers[.etag] = EntityTag(tag.opaque, isWeak: true).description
        }
    }

    private func compressedBody() -> [UInt8]? {
        switch body {
        case .bytes(let bytes): Gzip.compress(bytes)
        case .string(let text): Gzip.compress(Array(text.utf8))
        case .empty, .file, .pieces, .stream: nil
        }
    }

    private var isLongEnough: Bool {
        switch body {
        case .bytes(let bytes): bytes.count >= Gzip.leastByteCount
        case .string(let text): text.utf8.count >= Gzip.leastByteCount
        case .empty, .file, .pieces, .stream: false
        }
    }

    /// What else is text beside `text/…`.
    private static let textTypes: [StaticString] = ["json", "javascript", "mpegurl", "xml"]

    private var isText: Bool {
        if headers.value(of: .contentType, startsWith: "text/") { return true }
        return Self.textTypes.contains { headers.value(of: .contentType, contains: $0) }
    }
}
