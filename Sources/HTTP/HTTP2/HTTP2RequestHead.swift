/// A request's head as it comes out of a field section (RFC 9113 8.3): nghttp2 has checked that the pseudo-header fields
/// are there once and come first, and that names and values hold no byte that they must not.
struct HTTP2RequestHead {
    let streamID: Int32
    private(set) var method = Request.Method.get
    private(set) var target = ""
    private(set) var headers = HeaderFields()
    /// Set once the head is refused; what follows of it is not kept.
    private(set) var refusal: Response.Status?
    /// The stream is to become a WebSocket (RFC 8441 4).
    private(set) var asksForWebSocket = false
    /// Nothing of a body follows.
    var isWhole = false
    private var authority: [UInt8]?
    private var protocolName: String?
    private var byteCount = 0

    /// RFC 9113 6.5.2 counts so much more for each field.
    private static let fieldOverhead = 32

    init(streamID: Int32) { self.streamID = streamID }

    /// How large the field section is, as SETTINGS_MAX_HEADER_LIST_SIZE counts it.
    var listSize: Int { byteCount }

    mutating func append(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
        byteCount += name.count + value.count + Self.fieldOverhead
        guard refusal == nil else { return }
        if byteCount > RequestParser.headLimit || headers.count == RequestParser.fieldLimit {
            refusal = .requestHeaderFieldsTooLarge
            headers = HeaderFields()
        } else if name.first == UInt8(ascii: ":") {
            takePseudoField(name.dropFirst(), value)
        } else {
            headers.append(name: name, value: value)
        }
    }

    private mutating func takePseudoField(
        _ name: Slice<UnsafeBufferPointer<UInt8>>, _ value: UnsafeBufferPointer<UInt8>
    ) {
        if name.elementsEqual("method".utf8) {
            method = Request.Method(rawValue: String(decoding: value, as: UTF8.self))
        } else if name.elementsEqual("path".utf8) {
            if value.count > RequestParser.urlLimit { refusal = .uriTooLong }
            if value.contains(UInt8(ascii: "#")) { refusal = .badRequest }
            target = String(decoding: value, as: UTF8.self)
        } else if name.elementsEqual("protocol".utf8) {
            protocolName = String(decoding: value, as: UTF8.self)
        } else if name.elementsEqual("authority".utf8) {
            authority = Array(value)
        }
    }

    /// The field section has ended: what HTTP/1.1 says in `Host` stands there as well, so that no route sees a difference.
    mutating func finish() {
        guard refusal == nil else { return }
        let hosts = headers.values(of: .host)
        if hosts.count > 1 || authority == nil && hosts.isEmpty {
            refusal = .badRequest
            return
        }
        if let authority {
            let text = String(decoding: authority, as: UTF8.self)
            // RFC 9113 8.3.1: they must not name different hosts.
            if let host = hosts.first, host != text {
                refusal = .badRequest
                return
            }
            if hosts.isEmpty { headers.append(.host, text) }
        }
        // As HTTP/1.1 has it.
        if let protocolName {
            takeExtendedConnect(protocolName)
        } else if method == .connect, let authority {
            target = String(decoding: authority, as: UTF8.self)
        }
        if headers.bytes(of: .host)?.allSatisfy(HeaderFields.mayStandInHost) == false { refusal = .badRequest }
    }

    /// What HTTP/1.1 says with GET and an upgrade. No key proves anything here, so any will do (RFC 8441 5).
    private mutating func takeExtendedConnect(_ name: String) {
        guard name == "websocket" else {
            refusal = .notImplemented
            return
        }
        asksForWebSocket = true
        method = .get
        headers[.upgrade] = name
        headers[.connection] = "Upgrade"
        headers[.secWebSocketKey] = "AAAAAAAAAAAAAAAAAAAAAA=="
    }

    /// Announced by `Content-Length`; nghttp2 has checked that it is one number.
    var contentLength: Int? { isWhole ? 0 : headers[.contentLength].flatMap { Int($0) } }

    var expectsContinue: Bool { headers[.expect]?.lowercased() == "100-continue" }
}
