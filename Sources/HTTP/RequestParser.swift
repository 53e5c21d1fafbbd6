import CLLHTTP
import Glibc

/// Why a request is refused before any handler sees it. The connection closes after the answer.
enum RequestParserError: Error, Equatable {
    case malformed
    case uriTooLong
    case headTooLarge
    case versionNotSupported

    var status: Response.Status {
        switch self {
        case .malformed: .badRequest
        case .uriTooLong: .uriTooLong
        case .headTooLarge: .requestHeaderFieldsTooLarge
        case .versionNotSupported: .httpVersionNotSupported
        }
    }
}

/// HTTP/1.1 requests from bytes, over llhttp in strict mode. Does no I/O: it is fed what came from the socket, in pieces
/// of any size, and stops at the end of each head and of each message.
///
/// llhttp 8 lets pass some forms that proxies read differently (a lone CR or LF, folded lines, two Hosts); those are
/// refused here.
final class RequestParser {
    enum Phase { case head, body, complete }

    static let urlLimit = 8 << 10
    static let headLimit = 16 << 10
    static let fieldLimit = 100

    private let parser: UnsafeMutablePointer<llhttp_t>
    /// Behind a pointer, because llhttp's callbacks change it while `parse` runs.
    private let message: UnsafeMutablePointer<ParsedMessage>
    @exclusivity(unchecked) private var framing = FramingCheck()
    @exclusivity(unchecked) private(set) var target = ""
    @exclusivity(unchecked) private(set) var expectsContinue = false
    /// Whether any byte of the message has come.
    @exclusivity(unchecked) private(set) var hasBegun = false

    /// How far the message is: `head` while reading it, `body` once the head is there, `complete` at its end.
    var phase: Phase { message.pointee.phase }
    var headers: HeaderFields { message.pointee.headers }
    var method: Request.Method { message.pointee.method }
    /// Nil when the body is chunked.
    var contentLength: Int? { message.pointee.contentLength }
    var keepsAlive: Bool { message.pointee.keepsAlive }
    var isHTTP10: Bool { message.pointee.isHTTP10 }
    /// What the answer depends on.
    var traits: RequestTraits { RequestTraits(method: method, isHTTP10: isHTTP10, keepsAlive: keepsAlive) }
    /// Where the last piece held bytes of the body.
    var bodyRanges: [Range<Int>] { message.pointee.bodyRanges }

    init() {
        parser = .allocate(capacity: 1)
        parser.initialize(to: llhttp_t())
        message = .allocate(capacity: 1)
        message.initialize(to: ParsedMessage())
        llhttp_init(parser, HTTP_REQUEST, ParserCallbacks.settings.pointer)
        parser.pointee.data = UnsafeMutableRawPointer(message)
    }

    deinit {
        parser.deallocate()
        message.deinitialize(count: 1)
        message.deallocate()
    }

    /// Gets ready for the next request on the connection.
    func reset() {
        message.pointee.reset()
        framing = FramingCheck()
        hasBegun = false
        expectsContinue = false
    }

    /// Hands over what it read of a head, and takes the room of an earlier one in its place.
    func handOver(to head: inout Request.Head.Fields) {
        head.method = message.pointee.method
        swap(&head.target, &target)
        swap(&head.headers, &message.pointee.headers)
    }

    /// Takes bytes up to the end of the head or of the message; `bodyRanges` tells where the body's are.
    ///
    /// - Returns: how many bytes were taken; all of them while the phase does not change.
    func parse(_ bytes: UnsafeRawBufferPointer) throws(RequestParserError) -> Int {
        message.pointee.forgetBody()
        let before = phase
        guard before != .complete else { return 0 }
        if !bytes.isEmpty { hasBegun = true }
        llhttp_resume(parser)
        let taken = try execute(bytes)
        let piece = UnsafeRawBufferPointer(rebasing: bytes.prefix(taken))
        if message.pointee.bodyRanges.isEmpty {
            try framing.check(piece, ends: phase != before)
        } else {
            try framing.check(piece, around: message.pointee.bodyRanges, ends: phase != before)
        }
        if before == .head, phase != .head { try finishHead() }
        return taken
    }

    private func execute(_ bytes: UnsafeRawBufferPointer) throws(RequestParserError) -> Int {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return 0 }
        message.pointee.pieceStart = base
        switch llhttp_execute(parser, base.assumingMemoryBound(to: CChar.self), bytes.count) {
        case HPE_OK: return bytes.count
        case HPE_PAUSED:
            guard let position = llhttp_get_error_pos(parser) else { return 0 }
            return min(max(0, UnsafeRawPointer(position) - base), bytes.count)
        case HPE_INVALID_VERSION: throw .versionNotSupported
        default: throw message.pointee.failure ?? .malformed
        }
    }

    private func finishHead() throws(RequestParserError) {
        if isHTTP10, contentLength == nil { throw .malformed }
        expectsContinue = try message.pointee.checkHead()
        guard let target = message.pointee.originForm() else { throw .malformed }
        self.target = target
    }
}

extension HeaderFields {
    static func mayStandInHost(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "/") && byte != UInt8(ascii: "?")
            && byte != UInt8(ascii: "#") && byte != UInt8(ascii: "@") && byte != UInt8(ascii: ",")
    }
}

/// What llhttp told of the message so far.
private struct ParsedMessage {
    var phase = RequestParser.Phase.head
    var headers = HeaderFields()
    /// Where the field that comes, or came last, begins in `headers`.
    var fieldStart = 0
    /// Of that field; nil until its value comes.
    var nameCount: Int?
    var method = Request.Method.get
    var contentLength: Int? = 0
    var keepsAlive = true
    var isHTTP10 = false
    var url: [UInt8] = []
    var bodyRanges: [Range<Int>] = []
    var pieceStart: UnsafeRawPointer?
    var failure: RequestParserError?

    mutating func reset() {
        phase = .head
        headers.removeAll()
        (fieldStart, nameCount) = (0, nil)
        url.removeAll(keepingCapacity: true)
        forgetBody()
    }

    /// Of the piece before; most messages have none.
    mutating func forgetBody() { if !bodyRanges.isEmpty { bodyRanges.removeAll(keepingCapacity: true) } }

    mutating func urlGrew(_ part: UnsafeBufferPointer<UInt8>) -> Int32 {
        if url.count + part.count > RequestParser.urlLimit { return fail(.uriTooLong) }
        url.append(contentsOf: part)
        return 0
    }

    mutating func nameGrew(_ part: UnsafeBufferPointer<UInt8>) -> Int32 {
        guard phase == .head else { return 0 }
        if nameCount != nil || headers.byteCount == fieldStart {
            if headers.count == RequestParser.fieldLimit { return fail(.headTooLarge) }
            fieldStart = headers.byteCount
            nameCount = nil
        }
        guard hasRoom(for: part) else { return fail(.headTooLarge) }
        headers.grow(by: part)
        return 0
    }

    mutating func valueGrew(_ part: UnsafeBufferPointer<UInt8>) -> Int32 {
        guard phase == .head else { return 0 }
        guard hasRoom(for: part) else { return fail(.headTooLarge) }
        if nameCount == nil { endName(part) } else { headers.grow(by: part) }
        return 0
    }

    mutating func valueEnded() -> Int32 {
        guard phase == .head else { return 0 }
        if nameCount == nil { endName(UnsafeBufferPointer(start: nil, count: 0)) }
        headers.close(from: fieldStart, nameCount: nameCount ?? 0)
        return 0
    }

    /// The name is complete once its value begins, or ends without having begun.
    private mutating func endName(_ value: UnsafeBufferPointer<UInt8>) {
        nameCount = headers.byteCount - fieldStart
        headers.growAfterName(by: value)
    }

    private func hasRoom(for part: UnsafeBufferPointer<UInt8>) -> Bool {
        headers.byteCount + url.count + part.count <= RequestParser.headLimit
    }

    /// Refuses what proxies could read differently. Changes nothing: it works where the fields stand, and copies none.
    ///
    /// - Returns: whether the client waits for `100 Continue` before it sends the body.
    mutating func checkHead() throws(RequestParserError) -> Bool {
        var hosts = 0
        var expectsContinue = false
        for place in headers.entries.indices {
            let entry = headers.entries[place]
            switch entry.nameCount {
            case 0: throw .malformed
            case 4 where headers.matches(entry, .host):
                hosts += 1
                for place in entry.valueRange where !HeaderFields.mayStandInHost(headers.bytes[place]) {
                    throw .malformed
                }
            case 6 where headers.matches(entry, .expect):
                expectsContinue = headers[.expect]?.lowercased() == "100-continue" && !isHTTP10
            case 17 where headers.matches(entry, .transferEncoding):
                // Other codings would have to be undone before the body's end is known.
                let isChunked = headers.bytes[entry.valueRange].map(ASCII.lowercase) == Array("chunked".utf8)
                if !isChunked { throw .malformed }
            default: break
            }
        }
        if hosts > 1 || hosts == 0 && !isHTTP10 { throw .malformed }
        return expectsContinue
    }

    /// A request to a proxy names the whole URL, and servers must take it (RFC 9112 3.2.2): the path is what counts.
    mutating func originForm() -> String? {
        url.withUnsafeBufferPointer { url in
            guard let base = url.baseAddress, let first = url.first,
                memchr(base, Int32(UInt8(ascii: "#")), url.count) == nil
            else { return nil }
            let text = String(decoding: url, as: UTF8.self)
            if first == UInt8(ascii: "/") || text == "*" || method == .connect { return text }
            let lowercased = text.prefix(8).lowercased()
            guard lowercased.hasPrefix("http://") || lowercased.hasPrefix("https://") else { return nil }
            let rest = text.dropFirst(lowercased.hasPrefix("https") ? 8 : 7)
            guard let end = rest.firstIndex(where: { $0 == "/" || $0 == "?" }) else { return "/" }
            return rest[end] == "/" ? String(rest[end...]) : "/" + rest[end...]
        }
    }

    mutating func headEnded(_ parser: UnsafeMutablePointer<llhttp_t>) -> Int32 {
        guard parser.pointee.http_major == 1, parser.pointee.http_minor <= 1 else {
            return fail(.versionNotSupported)
        }
        // No protocol is changed to here: such a request is one like any other.
        parser.pointee.upgrade = 0
        isHTTP10 = parser.pointee.http_minor == 0
        keepsAlive = llhttp_should_keep_alive(parser) != 0
        method = Request.Method(llhttpCode: Int(parser.pointee.method))
        let isChunked = parser.pointee.flags & UInt16(F_CHUNKED.rawValue) != 0
        let announced = Int(clamping: parser.pointee.content_length)
        contentLength = isChunked ? nil : announced
        phase = .body
        // Without a body the message ends here as well, and there is no need to stop twice.
        return isChunked || announced > 0 ? Int32(bitPattern: HPE_PAUSED.rawValue) : 0
    }

    mutating func bodyGrew(_ part: UnsafeBufferPointer<UInt8>) -> Int32 {
        guard let pieceStart, let base = part.baseAddress else { return 0 }
        let offset = UnsafeRawPointer(base) - pieceStart
        bodyRanges.append(offset..<offset + part.count)
        return 0
    }

    mutating func messageEnded() -> Int32 {
        phase = .complete
        return Int32(bitPattern: HPE_PAUSED.rawValue)
    }

    private mutating func fail(_ error: RequestParserError) -> Int32 {
        failure = error
        return Int32(bitPattern: HPE_USER.rawValue)
    }
}

/// The table of functions that llhttp calls: filled once and never changed.
private struct ParserCallbacks: @unchecked Sendable {
    // @unchecked: immutable after `init`.
    static let settings = ParserCallbacks()

    let pointer: UnsafePointer<llhttp_settings_t>

    private init() {
        let settings = UnsafeMutablePointer<llhttp_settings_t>.allocate(capacity: 1)
        settings.initialize(to: llhttp_settings_t())
        llhttp_settings_init(settings)
        settings.pointee.on_url = { told($0, $1, $2) { $0.urlGrew($1) } }
        settings.pointee.on_header_field = { told($0, $1, $2) { $0.nameGrew($1) } }
        settings.pointee.on_header_value = { told($0, $1, $2) { $0.valueGrew($1) } }
        settings.pointee.on_header_value_complete = { told($0) { message, _ in message.valueEnded() } }
        settings.pointee.on_headers_complete = { told($0) { $0.headEnded($1) } }
        settings.pointee.on_body = { told($0, $1, $2) { $0.bodyGrew($1) } }
        settings.pointee.on_message_complete = { told($0) { message, _ in message.messageEnded() } }
        pointer = UnsafePointer(settings)
    }
}

@inline(__always)
private func told(
    _ parser: UnsafeMutablePointer<llhttp_t>?,
    _ body: (inout ParsedMessage, UnsafeMutablePointer<llhttp_t>) -> Int32
) -> Int32 {
    guard let parser, let data = parser.pointee.data else { return -1 }
    return body(&data.assumingMemoryBound(to: ParsedMessage.self).pointee, parser)
}

@inline(__always)
private func told(
    _ parser: UnsafeMutablePointer<llhttp_t>?, _ at: UnsafePointer<CChar>?, _ length: Int,
    _ body: (inout ParsedMessage, UnsafeBufferPointer<UInt8>) -> Int32
) -> Int32 {
    guard let at else { return 0 }
    return at.withMemoryRebound(to: UInt8.self, capacity: length) { bytes in
        told(parser) { message, _ in body(&message, UnsafeBufferPointer(start: bytes, count: length)) }
    }
}

extension Request.Method {
    init(llhttpCode code: Int) {
        switch UInt32(code) {
        case HTTP_GET.rawValue: self = .get
        case HTTP_HEAD.rawValue: self = .head
        case HTTP_POST.rawValue: self = .post
        case HTTP_PUT.rawValue: self = .put
        case HTTP_PATCH.rawValue: self = .patch
        case HTTP_DELETE.rawValue: self = .delete
        case HTTP_OPTIONS.rawValue: self = .options
        default: self.init(rawValue: String(cString: llhttp_method_name(llhttp_method_t(UInt32(code)))))
        }
    }
}
