import Reactor

extension Response {
    /// Applies the request's conditions and ranges (RFC 9110 13 and 14) to a successful answer to GET or HEAD.
    ///
    /// Conditions need an `ETag`; ranges need `Accept-Ranges: bytes` and a body of known content.
    public mutating func applyConditions(of request: Request) { applyConditions(of: request, cut: nil) }

    /// An answer whose bytes are brought while they are sent: all that `request` asks for, and only that.
    ///
    /// - Parameter produce: writes exactly the range.
    public static func stream(
        byteCount: Int, type: String, etag: EntityTag, answering request: Request,
        _ produce: @escaping (_ range: Range<Int>, any ResponseWriter) async throws -> Void
    ) -> Response {
        func body(_ range: Range<Int>) -> Body {
            .stream(byteCount: range.count) { writer in try await produce(range, writer) }
        }
        var response = Response(
            headers: [.contentType: type, .acceptRanges: "bytes", .etag: etag.description], body: body(0..<byteCount))
        response.applyConditions(of: request, cut: body)
        return response
    }

    /// - Parameter cut: makes the body of a part where the whole is a stream.
    private mutating func applyConditions(of request: Request, cut: ((Range<Int>) -> Body)?) {
        guard status == .ok, request.method == .get || request.method == .head, request.headers.isConditional else {
            return
        }
        let tag = headers[.etag].flatMap { EntityTag(parsing: $0) }
        if let tag, let listed = request.headers[.ifNoneMatch] {
            if tag.isListed(in: listed, weakly: true) { return becomeNotModified() }
        } else if let modified = headers[.lastModified].flatMap(HTTPDate.init(parsing:)),
            let since = request.headers[.ifModifiedSince].flatMap(HTTPDate.init(parsing:)),
            !request.headers.contains(.ifNoneMatch), modified.secondsSince1970 <= since.secondsSince1970
        {
            return becomeNotModified()
        }
        applyRange(of: request, tag: tag, cut: cut)
    }

    private mutating func becomeNotModified() {
        status = .notModified
        body = .empty
        for name in [FieldName.contentType, .contentEncoding, .acceptRanges] { headers.remove(name) }
    }

    private mutating func applyRange(of request: Request, tag: EntityTag?, cut: ((Range<Int>) -> Body)?) {
        guard let field = request.headers[.range], headers.contains(.acceptRanges), isSliceable || cut != nil,
            let length = body.byteCount, isCurrent(request.headers[.ifRange], tag: tag)
        else { return }
        switch ByteRange(parsing: field, length: length) {
        case .whole: return
        case .unsatisfiable:
            status = .rangeNotSatisfiable
            headers.remove(.contentType)
            // What may be kept of the whole says nothing about this refusal.
            headers[.cacheControl] = "no-store"
            headers[.contentRange] = "bytes */\(length)"
            body = .empty
        case .some(let ranges) where ranges.count == 1:
            let range = ranges[0]
            status = .partialContent
            headers[.contentRange] = Self.contentRange(range, of: length)
            body = cut?(range) ?? slice(range)
        // Of a stream the whole is as good an answer (RFC 9110 14.2).
        case .some where cut != nil: return
        case .some(let ranges):
            sendParts(ranges, length: length)
        }
    }

    /// Without `If-Range` any representation will do; with it only the one the client already has a part of.
    private func isCurrent(_ condition: String?, tag: EntityTag?) -> Bool {
        guard let condition else { return true }
        if let wanted = EntityTag(parsing: condition) { return tag?.stronglyMatches(wanted) ?? false }
        guard let date = HTTPDate(parsing: condition) else { return false }
        return headers[.lastModified].flatMap(HTTPDate.init(parsing:)) == date
    }

    private var isSliceable: Bool {
        switch body {
        case .bytes, .string, .file: true
        case .empty, .pieces, .stream: false
        }
    }

    private func slice(_ range: Range<Int>) -> Body {
        switch body {
        case .bytes(let bytes): .bytes(Array(bytes[range]))
        case .string(let text): .bytes(Array(text.utf8.dropFirst(range.lowerBound).prefix(range.count)))
        case .file(let file, let whole):
            .file(file, whole.lowerBound + range.lowerBound..<whole.lowerBound + range.upperBound)
        case .empty, .pieces, .stream: body
        }
    }

    /// `multipart/byteranges` (RFC 9110 14.6).
    private mutating func sendParts(_ ranges: [Range<Int>], length: Int) {
        let boundary = "palco-\(UInt64.random(in: .min ... .max))"
        let type = headers[.contentType] ?? "application/octet-stream"
        var pieces: [Piece] = []
        for range in ranges {
            let head =
                "\r\n--\(boundary)\r\nContent-Type: \(type)\r\n"
                + "Content-Range: \(Self.contentRange(range, of: length))\r\n\r\n"
            pieces.append(.bytes(Array(head.utf8)))
            switch slice(range) {
            case .file(let file, let part): pieces.append(.file(file, part))
            case .bytes(let bytes): pieces.append(.bytes(bytes))
            case .empty, .string, .pieces, .stream: break
            }
        }
        pieces.append(.bytes(Array("\r\n--\(boundary)--\r\n".utf8)))
        status = .partialContent
        headers[.contentType] = "multipart/byteranges; boundary=\(boundary)"
        body = .pieces(pieces)
    }

    private static func contentRange(_ range: Range<Int>, of length: Int) -> String {
        "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(length)"
    }
}

extension HeaderFields {
    /// Whether anything asks for less than the whole: `Range` or an `If-…`.
    fileprivate var isConditional: Bool {
        entries.contains { entry in
            switch entry.nameCount {
            case 5: matches(entry, .range)
            case 8...19:
                bytes[Int(entry.start)] | 0x20 == UInt8(ascii: "i") && bytes[Int(entry.start) + 2] == UInt8(ascii: "-")
            default: false
            }
        }
    }
}
