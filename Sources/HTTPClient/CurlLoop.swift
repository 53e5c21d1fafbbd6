import CCurl
import Reactor

/// What the loop of a transfer tells it, on the loop.
protocol CurlTransfer: AnyObject {
    /// libcurl is done with it.
    func ended(_ code: CURLcode)
    /// Ends it now. Calling again does nothing.
    func finish(_ failure: (any Error)?)
    /// Ends it where it has taken too long.
    func checkTime()
}

/// libcurl's multi interface on one event loop: libcurl says which sockets and which time it waits for, the loop tells when
/// they are there. Confined to the loop.
///
/// - Rule: callbacks of libcurl change this object and the loop, and never call libcurl: it must not be entered twice.
final class CurlLoop: @unchecked Sendable {
    // @unchecked: confined to `loop`.

    let loop: EventLoop
    private var multi: UnsafeMutableRawPointer?
    private var isClosed = false
    private var transfers: [UnsafeMutableRawPointer: any CurlTransfer] = [:]
    private var sockets: [curl_socket_t: ForeignDescriptor] = [:]
    private var timer: TimerToken?
    private var sweep: TimerToken?
    /// Transfers whose sockets epoll did not take.
    private var unwatched: [UnsafeMutableRawPointer] = []

    /// Open connections of one loop to all servers; what is more waits.
    private static let maxConnections = 64
    private let connectionsPerHost: Int
    /// Of these so many are kept for later requests.
    private static let keptConnections = 16
    /// On one connection of HTTP/2.
    private static let maxStreams = 16

    init(loop: EventLoop, connectionsPerHost: Int) {
        self.loop = loop
        self.connectionsPerHost = connectionsPerHost
    }

    private static let globalStatus = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    /// Names are looked up in threads of libcurl, and a transfer that ends meanwhile does not wait for its thread
    /// (`CURLOPT_QUICK_EXIT`, 7.87): otherwise a slow DNS server would stop the loop.
    static func checkLibrary() throws(HTTPClientError) {
        if let missing = ccurl_load() {
            throw HTTPClientError(
                .library,
                "requests to other servers need libcurl (Debian's package libcurl4): \(String(cString: missing))")
        }
        guard globalStatus == CURLE_OK, let version = curl_version_info(CURLVERSION_FIRST)?.pointee else {
            throw HTTPClientError(.library, "libcurl cannot be initialized")
        }
        guard version.version_num >= 0x07_57_00, version.features & CURL_VERSION_ASYNCHDNS != 0 else {
            throw HTTPClientError(.library, "libcurl 7.87 or later with a threaded resolver is needed")
        }
    }

    // MARK: Transfers

    func add(_ transfer: any CurlTransfer, _ easy: UnsafeMutableRawPointer) throws {
        loop.preconditionOnLoop()
        guard !isClosed else { throw HTTPClientError(.stopping, "no more requests are sent") }
        let multi = try self.multi ?? open()
        transfers[easy] = transfer
        let status = curl_multi_add_handle(multi, easy)
        guard status == CURLM_OK else {
            transfers[easy] = nil
            throw HTTPClientError(.library, String(cString: curl_multi_strerror(status)))
        }
        if sweep == nil { scheduleSweep() }
    }

    func remove(_ easy: UnsafeMutableRawPointer) {
        guard let multi, transfers.removeValue(forKey: easy) != nil else { return }
        curl_multi_remove_handle(multi, easy)
    }

    func close() {
        isClosed = true
        for transfer in transfers.values { transfer.finish(HTTPClientError(.stopping, "the client was shut down")) }
        timer?.cancel()
        sweep?.cancel()
        if let multi { curl_multi_cleanup(multi) }
        multi = nil
        for socket in sockets.values { socket.stop() }
        sockets = [:]
    }

    private func open() throws -> UnsafeMutableRawPointer {
        guard let multi = curl_multi_init() else { throw HTTPClientError(.library, "curl_multi_init: out of memory") }
        self.multi = multi
        // Every transfer holds its driver, and `close` ends libcurl's use of it.
        let this = Unmanaged.passUnretained(self).toOpaque()
        ccurl_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, this)
        ccurl_multi_set_socket(multi) { easy, socket, what, driver, _ in
            driver.map { Unmanaged<CurlLoop>.fromOpaque($0).takeUnretainedValue().watch(socket, what, for: easy) }
            return 0
        }
        ccurl_multi_set_pointer(multi, CURLMOPT_TIMERDATA, this)
        ccurl_multi_set_timer(multi) { _, milliseconds, driver in
            driver.map { Unmanaged<CurlLoop>.fromOpaque($0).takeUnretainedValue().setTimer(milliseconds) }
            return 0
        }
        ccurl_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, Self.maxConnections)
        ccurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, connectionsPerHost)
        ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, Self.keptConnections)
        ccurl_multi_set_long(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, Self.maxStreams)
        return multi
    }

    // MARK: What libcurl waits for

    private func watch(_ socket: curl_socket_t, _ what: Int32, for easy: UnsafeMutableRawPointer?) {
        if what == CURL_POLL_REMOVE {
            sockets.removeValue(forKey: socket)?.stop()
            return
        }
        let descriptor =
            sockets[socket]
            ?? ForeignDescriptor(socket, loop: loop) { [unowned self] isReadable, isWritable in
                act(on: socket, (isReadable ? CURL_CSELECT_IN : 0) | (isWritable ? CURL_CSELECT_OUT : 0))
            }
        sockets[socket] = descriptor
        do { try descriptor.wait(readable: what & CURL_POLL_IN != 0, writable: what & CURL_POLL_OUT != 0) } catch {
            if let easy { unwatched.append(easy) }
        }
    }

    private func setTimer(_ milliseconds: Int) {
        timer?.cancel()
        timer = nil
        guard milliseconds >= 0 else { return }
        timer = loop.schedule(after: .milliseconds(milliseconds)) { [self] in
            timer = nil
            act(on: CURL_SOCKET_TIMEOUT, 0)
        }
    }

    private func act(on socket: curl_socket_t, _ readiness: Int32) {
        guard let multi else { return }
        var running: Int32 = 0
        curl_multi_socket_action(multi, socket, readiness, &running)
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left)?.pointee {
            guard message.msg == CURLMSG_DONE, let easy = message.easy_handle else { continue }
            transfers[easy]?.ended(message.data.result)
        }
        for easy in unwatched { transfers[easy]?.finish(HTTPClientError(.library, "a socket cannot be watched")) }
        unwatched = []
    }

    /// Deadlines are coarse: one look at all transfers instead of a timer for each piece that comes.
    private func scheduleSweep() {
        sweep = loop.schedule(after: .milliseconds(250)) { [self] in
            sweep = nil
            for transfer in transfers.values { transfer.checkTime() }
            if !transfers.isEmpty { scheduleSweep() }
        }
    }
}
