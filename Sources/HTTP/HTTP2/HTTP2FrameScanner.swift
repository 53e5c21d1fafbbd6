/// Finds where frames begin in what a client sends (RFC 9113 4.1), so that each can be judged before the session takes it:
/// nghttp2 is silent about frames that it does not know or that come for streams which it has forgotten.
struct HTTP2FrameScanner {
    struct Header: Equatable {
        var length = 0
        var type: UInt8 = 0
        var flags: UInt8 = 0
        var streamID: Int32 = 0
    }

    static let headerCount = 9

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
        while known < Self.headerCount, count < bytes.count {
            take(bytes[count])
            count += 1
        }
        guard known == Self.headerCount else { return (count, nil) }
        let complete = header
        known = 0
        header = Header()
        rest = complete.length
        let payload = min(rest, bytes.count - count)
        rest -= payload
        return (count + payload, complete)
    }

    private mutating func take(_ byte: UInt8) {
        switch known {
        case 0...2: header.length = header.length << 8 | Int(byte)
        case 3: header.type = byte
        case 4: header.flags = byte
        // The first bit is reserved.
        case 5: header.streamID = Int32(byte & 0x7F)
        default: header.streamID = header.streamID << 8 | Int32(byte)
        }
        known += 1
    }
}
