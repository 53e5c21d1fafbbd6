import CNghttp2

/// The functions that nghttp2 calls while a session receives or produces: filled once and never changed.
struct HTTP2Callbacks: @unchecked Sendable {
    // @unchecked: immutable after `init`.
    static let table = HTTP2Callbacks()

    let pointer: OpaquePointer?

    private static let ok: Int32 = 0

    private init() {
        var table: OpaquePointer?
        nghttp2_session_callbacks_new(&table)
        nghttp2_session_callbacks_set_on_begin_headers_callback(table) { _, frame, owner in
            guard let frame, let session = told(owner) else { return Self.failed }
            let stream = frame.pointee.hd.stream_id
            session.head = HTTP2RequestHead(streamID: stream)
            session.lastStream = max(session.lastStream, stream)
            return Self.ok
        }
        nghttp2_session_callbacks_set_on_header_callback(table) { _, _, name, nameCount, value, valueCount, _, owner in
            guard let session = told(owner) else { return Self.failed }
            session.head?.append(
                UnsafeBufferPointer(start: name, count: nameCount),
                UnsafeBufferPointer(start: value, count: valueCount))
            // What is far too large is not even looked at: nghttp2 decodes on, for the sake of HPACK's table, and
            // resets the stream.
            if session.head?.listSize ?? 0 > 4 * RequestParser.headLimit {
                session.spend(20)
                return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
            }
            return Self.ok
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(table) { _, frame, owner in
            guard let frame, let session = told(owner) else { return Self.failed }
            session.received(frame)
            return Self.ok
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table) { _, _, stream, bytes, count, owner in
            guard let session = told(owner) else { return Self.failed }
            session.events.append(.body(stream, Array(UnsafeBufferPointer(start: bytes, count: count))))
            return Self.ok
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(table) { _, stream, code, owner in
            guard let session = told(owner) else { return Self.failed }
            if session.head?.streamID == stream { session.head = nil }
            session.outboxes[stream] = nil
            session.remember(closed: stream)
            session.events.append(.closed(stream, HTTP2ErrorCode(rawValue: code)))
            return Self.ok
        }
        nghttp2_session_callbacks_set_send_data_callback(table) { _, _, header, count, source, owner in
            guard let header, let session = told(owner) else { return Self.failed }
            return session.sendData(header, count)
        }
        nghttp2_session_callbacks_set_on_frame_send_callback(table) { _, frame, owner in
            guard let frame, let session = told(owner) else { return Self.failed }
            session.sent(frame)
            return Self.ok
        }
        pointer = table
    }

    fileprivate static var failed: Int32 { NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }

    /// How much of a stream's body is ready.
    static let read: nghttp2_data_source_read_callback = { _, stream, _, most, flags, _, owner in
        guard let session = told(owner), let outbox = session.outboxes[stream] else {
            return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
        }
        let count = min(most, outbox.byteCount)
        if count == 0, !outbox.isEnded {
            session.events.append(.wanted(stream))
            return Int(NGHTTP2_ERR_DEFERRED.rawValue)
        }
        flags?.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
        if outbox.isEnded, count == outbox.byteCount { flags?.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue }
        return count
    }
}

/// The session that a callback belongs to.
@inline(__always)
private func told(_ owner: UnsafeMutableRawPointer?) -> HTTP2Session? {
    owner.map { Unmanaged<HTTP2Session>.fromOpaque($0).takeUnretainedValue() }
}

extension HTTP2Session {
    fileprivate func received(_ frame: UnsafePointer<nghttp2_frame>) {
        let header = frame.pointee.hd
        let endsStream = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        switch UInt32(header.type) {
        case NGHTTP2_HEADERS.rawValue:
            let isRequest = frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST
            if isRequest, var head, head.streamID == header.stream_id {
                head.isWhole = endsStream
                head.finish()
                events.append(.request(head))
            }
            // Trailers end the body; like those of HTTP/1.1 they are read and left.
            if endsStream, !isRequest { events.append(.bodyEnded(header.stream_id)) }
            head = nil
        case NGHTTP2_DATA.rawValue:
            if endsStream { events.append(.bodyEnded(header.stream_id)) }
        case NGHTTP2_PING.rawValue:
            guard header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0 else { return }
            if isNotice(withUnsafeBytes(of: frame.pointee.ping.opaque_data) { Array($0) }) {
                events.append(.noticeHeard)
            }
        default: break
        }
    }

    /// Writes the frame header and the bytes that `read` promised.
    fileprivate func sendData(_ header: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
        if out.count >= outLimit { return NGHTTP2_ERR_WOULDBLOCK.rawValue }
        let bytes = UnsafeBufferPointer(start: header, count: 9)
        let stream = bytes[5..<9].reduce(Int32(0)) { $0 << 8 | Int32($1) }
        // A frame may have waited for its turn, and the connection been given up with all its answers meanwhile.
        guard let outbox = outboxes[stream], count <= outbox.byteCount else {
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
        }
        let start = out.count
        out.append(contentsOf: bytes)
        do { try outbox.take(count, into: &out) } catch {
            // The file is not what it was: only this stream ends.
            out.removeSubrange(start...)
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
        }
        events.append(.left(stream))
        sentData()
        return 0
    }

    fileprivate func sent(_ frame: UnsafePointer<nghttp2_frame>) {
        let header = frame.pointee.hd
        switch UInt32(header.type) {
        case NGHTTP2_HEADERS.rawValue, NGHTTP2_DATA.rawValue:
            // The answer is complete, so nothing that the client would still send is of use (RFC 9113 8.1).
            if header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0, isReceiving(header.stream_id) {
                reset(header.stream_id, .noError)
            }
        case NGHTTP2_RST_STREAM.rawValue:
            remember(reset: header.stream_id)
            // A peer can make us reset streams as well as reset them itself (CVE-2025-8671).
            if frame.pointee.rst_stream.error_code != HTTP2ErrorCode.noError.rawValue { spend(3) }
        default: break
        }
    }
}
