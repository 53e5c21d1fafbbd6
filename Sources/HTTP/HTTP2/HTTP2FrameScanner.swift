/// Finds where frames begin in what a client sends (RFC 9113 4.1), so that each can be judged before the session takes it:
/// nghttp2 is silent about frames that it does not know or that come for streams which it has forgotten.
struct HTTP2FrameScanner {
    struct Header: Equatable {
        var length = 0
        var type: UInt8 = 0
        var flags: UInt8 = 0
        var streamID: Int32 = 0
        /// Of PRIORITY: the stream on which it depends (RFC 7540 6.3).
        var parentID: Int32 = 0

        var isWholePriority: Bool { type == 2 && length == 5 }
    }

    static let headerCount = 9
    private static let parentCount = 4

    /// Of the client's preface or of a payload.
    private var rest = HTTP2Connection.preface.count
    private var known = 0
    private var header = Header()

    /// - Returns: how many bytes of the next frame are here, and its header once that is complete with these bytes.
    mutating func next(in bytes: UnsafeRawBufferPointer) -> (count: Int, header: Header?) {
        var count = min(rest, bytes.count)
        rest -= count
        guard count < bytes.count else { return (count, nil) }
        if count > 0 { return (count, nil) }
        while known < needed, count < bytes.count {
            take(bytes[count])
            count += 1
        }
        guard known == needed else { return (count, nil) }
        let complete = header
        rest = complete.length - (known - Self.headerCount)
        known = 0
        header = Header()
        let payload = min(rest, bytes.count - count)
        rest -= payload
        return (count + payload, complete)
    }

    /// So many bytes of a frame tell what there is to judge. Those of PRIORITY may come apart, as all others.
    private var needed: Int {
        known >= Self.headerCount && header.isWholePriority ? Self.headerCount + Self.parentCount : Self.headerCount
    }

    private mutating func take(_ byte: UInt8) {
        switch known {
        case 0...2: header.length = header.length << 8 | Int(byte)
        case 3: header.type = byte
        case 4: header.flags = byte
        // The first bit is reserved.
        case 5: header.streamID = Int32(byte & 0x7F)
        case 6...8: header.streamID = header.streamID << 8 | Int32(byte)
        // The first bit tells whether it depends on it alone.
        case 9: header.parentID = Int32(byte & 0x7F)
        default: header.parentID = header.parentID << 8 | Int32(byte)
        }
        known += 1
    }
}
