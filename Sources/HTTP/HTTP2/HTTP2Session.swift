import CNghttp2
import Reactor

/// The server's side of HTTP/2 (RFC 9113, HPACK of RFC 7541) as a state machine over nghttp2: bytes of the peer go in and
/// events come out; answers go in and bytes come out. It does no I/O.
///
/// nghttp2 refuses what breaks the protocol or HTTP's messages (RFC 9113 8.1 to 8.3), holds the peer to its flow-control
/// windows and keeps to ours. What is allowed but floods is counted here.
final class HTTP2Session {
    enum Event {
        /// A head is complete.
        case request(HTTP2RequestHead)
        /// Bytes of a body. They stay in the flow-control window until `consume`.
        case body(Int32, [UInt8])
        case bodyEnded(Int32)
        /// The peer can take more of the answer's body than there is.
        case wanted(Int32)
        /// Some of the answer's body has left.
        case left(Int32)
        /// The stream is over. With another code than `noError` somebody reset it.
        case closed(Int32, HTTP2ErrorCode)
        /// The PING that followed the notice of our going was answered.
        case noticeHeard
    }

    /// What the peer may have open at the same time; more is refused (RFC 9113 5.1.2).
    static let mostStreams = 100
    /// What a stream, and the connection, may receive before anybody takes it (RFC 9113 6.9.2).
    static let streamWindow = 128 << 10
    static let connectionWindow = 256 << 10
    /// nghttp2 ends a connection that resets more streams than these, at once and a second (CVE-2023-44487).
    private static let resets: (burst: UInt64, perSecond: UInt64) = (1_000, 33)
    private static let mostRemembered = 256
    /// Frames of CONTINUATION in one head (CVE-2024-28182).
    private static let mostContinuations = 8
    /// Acknowledgements that wait to leave.
    private static let mostAcknowledgements = 200
    private static let notice: [UInt8] = Array("goodbye!".utf8)

    private var session: OpaquePointer?
    @exclusivity(unchecked) var events: [Event] = []
    @exclusivity(unchecked) var outboxes: [Int32: HTTP2Outbox] = [:]
    /// The head that is being received: there is one at a time (RFC 9113 4.3).
    @exclusivity(unchecked) var head: HTTP2RequestHead?
    @exclusivity(unchecked) var out: [UInt8] = []
    @exclusivity(unchecked) private(set) var outLimit = 0
    @exclusivity(unchecked) private var guardian: HTTP2FloodGuard
    @exclusivity(unchecked) private var now: MonotonicTime
    /// Too much of what is of no use has come: the connection is given up.
    @exclusivity(unchecked) private(set) var isFlooded = false
    @exclusivity(unchecked) private var isGivenUp = false
    @exclusivity(unchecked) private var scanner = HTTP2FrameScanner()
    /// In the head that is being received.
    @exclusivity(unchecked) private var continuations = 0
    @exclusivity(unchecked) var lastStream: Int32 = 0
    /// Streams that we reset last.
    @exclusivity(unchecked) private var recentlyReset: [Int32] = []
    /// Streams that were over last, whoever ended them.
    @exclusivity(unchecked) private var recentlyClosed: [Int32] = []
    @exclusivity(unchecked) private var connectionWindow = HTTP2Session.connectionWindow

    /// Expects the client's preface as the first bytes.
    init(now: MonotonicTime) {
        self.now = now
        guardian = HTTP2FloodGuard(now: now)
        var options: OpaquePointer?
        nghttp2_option_new(&options)
        defer { nghttp2_option_del(options) }
        nghttp2_option_set_no_auto_window_update(options, 1)
        nghttp2_option_set_stream_reset_rate_limit(options, Self.resets.burst, Self.resets.perSecond)
        // nghttp2 counts the reads in which their headers come, and not the frames; those are counted here.
        nghttp2_option_set_max_continuations(options, Self.mostContinuations * HTTP2FrameScanner.headerCount)
        nghttp2_option_set_max_outbound_ack(options, Self.mostAcknowledgements)
        nghttp2_option_set_builtin_recv_extension_type(options, UInt8(NGHTTP2_PRIORITY_UPDATE.rawValue))
        nghttp2_session_server_new2(
            &session, HTTP2Callbacks.table.pointer, Unmanaged.passUnretained(self).toOpaque(), options)
        let settings: [(nghttp2_settings_id, Int)] = [
            (NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, Self.mostStreams),
            (NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, Self.streamWindow),
            (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, RequestParser.headLimit),
            (NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
            (NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1),
        ]
        let entries = settings.map { nghttp2_settings_entry(settings_id: Int32($0.0.rawValue), value: UInt32($0.1)) }
        nghttp2_submit_settings(session, 0, entries, entries.count)
        nghttp2_session_set_local_window_size(session, 0, 0, Int32(connectionWindow))
    }

    deinit { nghttp2_session_del(session) }

    // MARK: Bytes

    /// False once nothing that the peer sends can change anything.
    var wantsInput: Bool { nghttp2_session_want_read(session) != 0 && !isFlooded }
    var wantsOutput: Bool { nghttp2_session_want_write(session) != 0 }
    /// A head has begun and is not complete.
    var isInsideHead: Bool { head != nil }

    /// Takes all of `bytes`; what they mean stands in `events`.
    func receive(_ bytes: UnsafeRawBufferPointer, now: MonotonicTime) {
        self.now = now
        var rest = bytes[...]
        while !rest.isEmpty, !isFlooded {
            let (count, header) = scanner.next(in: UnsafeRawBufferPointer(rebasing: rest))
            let frame = UnsafeRawBufferPointer(rebasing: rest.prefix(count))
            if let header { judge(header) }
            rest = rest.dropFirst(count)
            guard !isFlooded, let base = frame.bindMemory(to: UInt8.self).baseAddress else { break }
            let taken = nghttp2_session_mem_recv(session, base, frame.count)
            guard taken < 0 else { continue }
            // Everything that nghttp2 does not answer by itself is a flood, but for another protocol's first bytes.
            isFlooded = true
            if taken == Int(NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue) { terminate(.protocolError) }
        }
        giveUpIfFlooded()
    }

    private func giveUpIfFlooded() {
        guard isFlooded, !isGivenUp else { return }
        isGivenUp = true
        terminate(.enhanceYourCalm)
    }

    /// Appends what is to be sent, up to about `limit` bytes.
    func produce(into bytes: inout [UInt8], upTo limit: Int) {
        swap(&out, &bytes)
        outLimit = limit
        while out.count < limit {
            giveUpIfFlooded()
            var data: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(session, &data)
            guard count > 0, let data else { break }
            out.append(contentsOf: UnsafeBufferPointer(start: data, count: count))
        }
        swap(&out, &bytes)
    }

    func takeEvents() -> [Event] {
        var taken: [Event] = []
        swap(&taken, &events)
        return taken
    }

    // MARK: Streams

    /// Begins the answer. Its body comes out of `outbox`; nil when there is none.
    func answer(_ streamID: Int32, _ fields: HTTP2FieldSection, body outbox: HTTP2Outbox?, _ priority: HTTP2Priority) {
        var extensible = nghttp2_extpri(urgency: UInt32(priority.urgency), inc: priority.isIncremental ? 1 : 0)
        if outbox != nil { nghttp2_session_change_extpri_stream_priority(session, streamID, &extensible, 0) }
        outboxes[streamID] = outbox
        fields.withNameValues { pairs, count in
            guard outbox != nil else {
                nghttp2_submit_response(session, streamID, pairs, count, nil)
                return
            }
            var provider = nghttp2_data_provider()
            provider.read_callback = HTTP2Callbacks.read
            nghttp2_submit_response(session, streamID, pairs, count, &provider)
        }
    }

    /// An interim answer such as `100 Continue` (RFC 9113 8.1).
    func inform(_ streamID: Int32, _ fields: HTTP2FieldSection) {
        fields.withNameValues { pairs, count in
            _ = nghttp2_submit_headers(session, 0, streamID, nil, pairs, count, nil)
        }
    }

    /// More lies in the stream's outbox, or its end.
    func resume(_ streamID: Int32) { nghttp2_session_resume_data(session, streamID) }

    func reset(_ streamID: Int32, _ code: HTTP2ErrorCode) {
        nghttp2_submit_rst_stream(session, 0, streamID, code.rawValue)
    }

    /// Somebody took so many bytes of a body: the peer may send as many more.
    func consume(_ streamID: Int32, _ byteCount: Int) { nghttp2_session_consume(session, streamID, byteCount) }

    /// Nobody will take them, but the connection's window is for all streams.
    func drop(_ byteCount: Int) { nghttp2_session_consume_connection(session, byteCount) }

    /// Lets the stream, and with it the connection, receive more before anybody takes it.
    func widen(_ streamID: Int32, to byteCount: Int) {
        nghttp2_session_set_local_window_size(session, 0, streamID, Int32(clamping: byteCount))
        if byteCount > connectionWindow { setConnectionWindow(byteCount) }
    }

    /// No stream is wide any more, so the connection need not be.
    func narrow() { setConnectionWindow(Self.connectionWindow) }

    private func setConnectionWindow(_ byteCount: Int) {
        connectionWindow = byteCount
        nghttp2_session_set_local_window_size(session, 0, 0, Int32(clamping: byteCount))
    }

    // MARK: Going

    /// Tells that no more streams should be opened; those that are on their way are taken (RFC 9113 6.8).
    func giveNotice() {
        nghttp2_submit_shutdown_notice(session)
        Self.notice.withUnsafeBufferPointer { _ = nghttp2_submit_ping(session, 0, $0.baseAddress) }
    }

    /// Tells which streams were the last to be taken.
    func goAway(_ code: HTTP2ErrorCode) {
        let last = nghttp2_session_get_last_proc_stream_id(session)
        nghttp2_submit_goaway(session, 0, last, code.rawValue, nil, 0)
    }

    /// Ends with all streams: after what is said here, nothing is.
    func terminate(_ code: HTTP2ErrorCode) { nghttp2_session_terminate_session(session, code.rawValue) }

    // MARK: Counting

    private func judge(_ frame: HTTP2FrameScanner.Header) {
        let id = frame.streamID
        switch UInt32(frame.type) {
        case NGHTTP2_DATA.rawValue:
            if frame.length == 0, frame.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) == 0 { spend() }
            if isOver(id) { reset(id, .streamClosed) }
        case NGHTTP2_HEADERS.rawValue:
            continuations = 0
            guard isOver(id), head == nil else { return }
            terminate(recentlyClosed.contains(id) ? .streamClosed : .protocolError)
        case NGHTTP2_PRIORITY.rawValue:
            spend()
            // As it was before priorities were taken out of the standard (RFC 9113 6.3, RFC 7540 5.3.1).
            if id == 0 { terminate(.protocolError) }
            if id > 0, id <= lastStream, frame.isWholePriority, frame.parentID == id { reset(id, .protocolError) }
        case NGHTTP2_RST_STREAM.rawValue: spend(3)
        case NGHTTP2_SETTINGS.rawValue: spend(5)
        case NGHTTP2_WINDOW_UPDATE.rawValue:
            if !guardian.allowsWindowUpdate(now: now) { isFlooded = true }
        case NGHTTP2_CONTINUATION.rawValue:
            continuations += 1
            if continuations > Self.mostContinuations { isFlooded = true }
        default: spend()
        }
    }

    /// The client ended the stream and goes on with it. What we ended may still be on its way (RFC 9113 5.1).
    private func isOver(_ id: Int32) -> Bool {
        id > 0 && id <= lastStream && id % 2 == 1 && nghttp2_session_get_stream_remote_close(session, id) < 0
            && !recentlyReset.contains(id)
    }

    func remember(reset id: Int32) { Self.remember(id, in: &recentlyReset) }
    func remember(closed id: Int32) { Self.remember(id, in: &recentlyClosed) }

    private static func remember(_ id: Int32, in list: inout [Int32]) {
        if list.count == mostRemembered { list.removeFirst(mostRemembered / 2) }
        list.append(id)
    }

    /// Something came that brings nobody anything.
    func spend(_ cost: Int = 1) {
        if !guardian.allows(cost: cost, now: now) { isFlooded = true }
    }

    func sentData() { guardian.sentData() }

    func isNotice(_ payload: [UInt8]) -> Bool { payload == Self.notice }

    /// The client's half of the stream is still open.
    func isReceiving(_ streamID: Int32) -> Bool { nghttp2_session_get_stream_remote_close(session, streamID) == 0 }
}

extension HTTP2FieldSection {
    fileprivate func withNameValues(_ body: (UnsafePointer<nghttp2_nv>?, Int) -> Void) {
        bytes.withUnsafeBufferPointer { bytes in
            guard let base = UnsafeMutablePointer(mutating: bytes.baseAddress) else { return }
            let pairs = entries.map { entry in
                nghttp2_nv(
                    name: base + entry.name.lowerBound, value: base + entry.value.lowerBound,
                    namelen: entry.name.count, valuelen: entry.value.count,
                    flags: UInt8((entry.isSecret ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE).rawValue))
            }
            pairs.withUnsafeBufferPointer { body($0.baseAddress, $0.count) }
        }
    }
}
