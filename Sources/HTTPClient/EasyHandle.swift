import CCurl
import Glibc
import HTTP
import Reactor

/// libcurl's handle of one transfer with everything that it points to.
final class EasyHandle {
    let pointer: UnsafeMutableRawPointer
    private var lists: [UnsafeMutablePointer<curl_slist>] = []
    private let text = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    init() throws {
        guard let pointer = curl_easy_init() else {
            text.deallocate()
            throw HTTPClientError(.library, "curl_easy_init: out of memory")
        }
        self.pointer = pointer
        text.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        try check(ccurl_set_pointer(pointer, CURLOPT_ERRORBUFFER, text), CURLOPT_ERRORBUFFER)
    }

    /// - Throws: `HTTPClientError` with `library` for an option that this libcurl does not have.
    convenience init(_ transfer: Transfer) throws {
        try self.init()
        try setRules(transfer.client.configuration, transfer.limits)
        try setRequest(transfer.hop, userAgent: transfer.client.configuration.userAgent)
        try setCallbacks(transfer)
    }

    deinit {
        curl_easy_cleanup(pointer)
        for list in lists { curl_slist_free_all(list) }
        text.deallocate()
    }

    /// What libcurl said about a failure.
    var errorText: String { String(cString: text) }

    /// Lets go on what is not to be paused. libcurl may call back before this returns.
    func pause(receiving: Bool, sending: Bool) {
        curl_easy_pause(pointer, (receiving ? CURLPAUSE_RECV : 0) | (sending ? CURLPAUSE_SEND : 0))
    }

    // MARK: Options

    /// libcurl opens windows of 10 MB for each stream of HTTP/2 and keeps what comes while a stream is paused. So much
    /// memory for each of many slow readers is too much: where more than this may come, HTTP/1.1 lets the kernel slow the
    /// server down.
    private static let largestMultiplexedBody = 4 << 20

    /// So much is read or sent at once where much may come or go: libcurl's own 16 KB make sixteen times as many calls.
    static let largeBuffer = 256 << 10

    private func setRules(_ configuration: HTTPClient.Configuration, _ limits: Transfer.Limits) throws {
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_QUICK_EXIT, 1)
        try set(CURLOPT_CONNECTTIMEOUT_MS, max(1, limits.timeouts.connect.wholeNanoseconds / 1_000_000))
        let isSmall = limits.bodyBytes <= Self.largestMultiplexedBody
        try set(CURLOPT_HTTP_VERSION, isSmall ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1)
        if !isSmall { try set(CURLOPT_BUFFERSIZE, Self.largeBuffer) }
        try verifyServers(by: configuration.certificateAuthorities)
        // Empty texts keep libcurl from looking into the environment.
        try set(CURLOPT_PROXY, configuration.proxy ?? "")
        try set(CURLOPT_NOPROXY, "")
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        if !configuration.resolved.isEmpty { try set(CURLOPT_RESOLVE, configuration.resolved) }
    }

    /// - Parameter authorities: the PEM file of those who may certify them; nil for the system's.
    func verifyServers(by authorities: String?) throws {
        try set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        try set(CURLOPT_SSL_VERIFYPEER, 1)
        try set(CURLOPT_SSL_VERIFYHOST, 2)
        guard let authorities else { return }
        try set(CURLOPT_CAINFO, authorities)
        try check(ccurl_set_string(pointer, CURLOPT_CAPATH, nil), CURLOPT_CAPATH)
    }

    private func setRequest(_ hop: Hop, userAgent: String) throws {
        try set(CURLOPT_URL, hop.url.text)
        var lines = hop.headers.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        if !hop.headers.contains(.userAgent) { lines.append("User-Agent: \(userAgent)") }
        if hop.offersWebSocket {
            lines += ["Connection: Upgrade", "Upgrade: websocket"]
            try set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        }
        // No second of waiting for servers that do not know 100-continue.
        lines.append("Expect:")
        try set(CURLOPT_HTTPHEADER, lines)
        switch hop.body {
        case .none:
            if hop.method == .head { try set(CURLOPT_NOBODY, 1) }
            if hop.method == .post || hop.method == .put || hop.method == .patch { try setUpload(byteCount: 0) }
        case .bytes(let bytes):
            try setUpload(byteCount: bytes.count)
        case .stream(let byteCount, _):
            try setUpload(byteCount: byteCount)
            // On a kept connection that turns out to be closed the body could not be sent again.
            if !hop.reusesConnections { try set(CURLOPT_FRESH_CONNECT, 1) }
            // A large one would stand in the way of all others on the connection.
            if byteCount ?? 0 > Self.largestMultiplexedBody { try set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) }
        }
        if hop.method != .head && hop.method != .get { try set(CURLOPT_CUSTOMREQUEST, hop.method.rawValue) }
    }

    private func setUpload(byteCount: Int?) throws {
        try set(CURLOPT_UPLOAD, 1)
        let count = curl_off_t(byteCount ?? -1)
        try check(ccurl_set_offset(pointer, CURLOPT_INFILESIZE_LARGE, count), CURLOPT_INFILESIZE_LARGE)
        if count < 0 || count > Self.largeBuffer { try set(CURLOPT_UPLOAD_BUFFERSIZE, Self.largeBuffer) }
    }

    /// The transfer outlives its handle, so libcurl holds it unretained.
    private func setCallbacks(_ transfer: Transfer) throws {
        let this = Unmanaged.passUnretained(transfer).toOpaque()
        for option in [
            CURLOPT_HEADERDATA, CURLOPT_WRITEDATA, CURLOPT_READDATA, CURLOPT_SEEKDATA, CURLOPT_OPENSOCKETDATA,
            CURLOPT_PREREQDATA,
        ] {
            try check(ccurl_set_pointer(pointer, option, this), option)
        }
        ccurl_set_receiver(pointer, CURLOPT_HEADERFUNCTION) { bytes, size, count, transfer in
            let line = [UInt8](UnsafeRawBufferPointer(start: bytes, count: size * count))
            return Transfer.of(transfer).receiveHeader(line) ? size * count : 0
        }
        ccurl_set_receiver(pointer, CURLOPT_WRITEFUNCTION) { bytes, size, count, transfer in
            if size * count == 0 { return 0 }
            switch Transfer.of(transfer).receive(UnsafeRawBufferPointer(start: bytes, count: size * count)) {
            case .taken: return size * count
            case .later: return Int(CURL_WRITEFUNC_PAUSE)
            case .stop: return 0
            }
        }
        ccurl_set_sender(pointer) { room, size, count, transfer in
            let room = UnsafeMutableRawBufferPointer(start: room, count: size * count)
            return Transfer.of(transfer).send(into: room) ?? Int(CURL_READFUNC_PAUSE)
        }
        ccurl_set_seeker(pointer) { transfer, offset, origin in
            guard offset == 0, origin == SEEK_SET, Transfer.of(transfer).rewind() else { return CURL_SEEKFUNC_CANTSEEK }
            return CURL_SEEKFUNC_OK
        }
        ccurl_set_opener(pointer) { transfer, _, address in
            guard let address, Transfer.of(transfer).permits(IPAddress(address)) else { return CURL_SOCKET_BAD }
            let type = address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
            return socket(address.pointee.family, type, address.pointee.protocol)
        }
        ccurl_set_prerequest(pointer) { transfer, _, _, _, _ in
            Transfer.of(transfer).connected()
            return CURL_PREREQFUNC_OK
        }
    }

    func set(_ option: CURLoption, _ value: some BinaryInteger) throws {
        try check(ccurl_set_long(pointer, option, Int(value)), option)
    }

    func set(_ option: CURLoption, _ value: String) throws {
        try check(ccurl_set_string(pointer, option, value), option)
    }

    func set(_ option: CURLoption, _ values: [String]) throws {
        var list: UnsafeMutablePointer<curl_slist>?
        for value in values { list = curl_slist_append(list, value) ?? list }
        if let list { lists.append(list) }
        try check(ccurl_set_list(pointer, option, list), option)
    }

    func check(_ status: CURLcode, _ option: CURLoption) throws {
        if status == CURLE_OK { return }
        throw HTTPClientError(.library, "option \(option.rawValue): \(String(cString: curl_easy_strerror(status)))")
    }
}

extension Transfer {
    fileprivate static func of(_ pointer: UnsafeMutableRawPointer?) -> Transfer {
        guard let pointer else { preconditionFailure("libcurl lost the transfer of a callback") }
        return Unmanaged<Transfer>.fromOpaque(pointer).takeUnretainedValue()
    }
}

extension IPAddress {
    /// The address that libcurl is about to open a socket for; nil for other families.
    fileprivate init?(_ target: UnsafeMutablePointer<curl_sockaddr>) {
        let start = UnsafeRawPointer(target) + (MemoryLayout<curl_sockaddr>.offset(of: \.addr) ?? 0)
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        switch target.pointee.family {
        case AF_INET:
            var address = start.loadUnaligned(as: sockaddr_in.self).sin_addr
            inet_ntop(AF_INET, &address, &text, socklen_t(text.count))
        case AF_INET6:
            var address = start.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            inet_ntop(AF_INET6, &address, &text, socklen_t(text.count))
        default:
            return nil
        }
        self.init(String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
    }
}

extension HTTPClientError {
    init(_ status: CURLcode, _ detail: String) {
        let code: Code =
            switch status {
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .unknownHost
            case CURLE_COULDNT_CONNECT: .cannotConnect
            case CURLE_PEER_FAILED_VERIFICATION: .untrustedServer
            case CURLE_SSL_CONNECT_ERROR: .handshakeFailed
            // Only the time to connect is libcurl's to keep.
            case CURLE_OPERATION_TIMEDOUT: .timedOut(.connect)
            case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL: .malformedResponse
            case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_HTTP2,
                CURLE_HTTP2_STREAM, CURLE_SEND_FAIL_REWIND:
                .disconnected
            default: .library
            }
        self.init(code, detail)
    }
}
