import CZlib

/// zlib's memory for WebSocket messages (RFC 7692), shared by the sockets of one loop: no context is kept between
/// messages, so a socket holds an inflater only while a compressed message is coming, and a deflater never.
final class DeflateContexts {
    /// Inflaters beyond this are given back to the system.
    private static let mostSpares = 8

    private var inflaters: [Inflater] = []
    private var deflaters: [Int: Deflater] = [:]

    /// Nil when there is no memory.
    func takeInflater() -> Inflater? {
        guard let inflater = inflaters.popLast() else { return Inflater() }
        inflater.reset()
        return inflater
    }

    func giveBack(_ inflater: Inflater) {
        if inflaters.count < Self.mostSpares { inflaters.append(inflater) }
    }

    /// - Parameter windowBits: 9 to 15, as the client wants it.
    func deflater(windowBits: Int) -> Deflater? {
        if let known = deflaters[windowBits] { return known }
        let made = Deflater(windowBits: windowBits)
        deflaters[windowBits] = made
        return made
    }
}

/// Undoes raw DEFLATE (RFC 1951) piece by piece.
final class Inflater {
    private static let pieceByteCount = 16 << 10
    /// What compressors leave out at the end of each message (RFC 7692 7.2.2).
    private static let tail: [UInt8] = [0, 0, 0xFF, 0xFF]

    /// At a fixed place, because zlib keeps its address.
    private let stream: UnsafeMutablePointer<z_stream>
    private var piece = [UInt8](repeating: 0, count: Inflater.pieceByteCount)
    /// A final block has ended and nothing came behind it.
    private var isBehindFinalBlock = false

    init?() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard inflateInit2_(stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            stream.deallocate()
            return nil
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    func reset() {
        inflateReset(stream)
        isBehindFinalBlock = false
    }

    /// Adds what `bytes` inflate to, up to the first fault. `output` never has more than `limit` bytes, however well they
    /// are packed.
    func inflate(_ bytes: [UInt8], into output: inout [UInt8], limit: Int) throws(WebSocketError) {
        var bytes = bytes
        let failure = bytes.withUnsafeMutableBufferPointer { input -> WebSocketError? in
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = uInt(clamping: input.count)
            defer { stream.pointee.next_in = nil }
            return inflateInput(into: &output, limit: limit)
        }
        if let failure { throw failure }
    }

    private func inflateInput(into output: inout [UInt8], limit: Int) -> WebSocketError? {
        var isFull = false
        while stream.pointee.avail_in > 0 || isFull {
            if isBehindFinalBlock {
                // Some compressors end each message with a final block (RFC 7692 7.2.3.4): what follows begins anew.
                inflateReset(stream)
                isBehindFinalBlock = false
            }
            let (status, count) = piece.withUnsafeMutableBufferPointer { buffer in
                stream.pointee.next_out = buffer.baseAddress
                stream.pointee.avail_out = uInt(buffer.count)
                let status = CZlib.inflate(stream, Z_NO_FLUSH)
                stream.pointee.next_out = nil
                return (status, buffer.count - Int(stream.pointee.avail_out))
            }
            let room = max(0, limit - output.count)
            output.append(contentsOf: piece[..<min(count, room)])
            if count > room { return .messageTooBig }
            isFull = count == Self.pieceByteCount
            switch status {
            case Z_OK: break
            case Z_STREAM_END:
                isBehindFinalBlock = true
                isFull = false
            // Nothing was left to do: the piece before was filled by the last byte.
            case Z_BUF_ERROR: isFull = false
            default: return .invalidCompression
            }
        }
        return nil
    }

    /// Adds what the message's last bytes held back.
    func finish(into output: inout [UInt8], limit: Int) throws(WebSocketError) {
        if isBehindFinalBlock { return }
        try inflate(Self.tail, into: &output, limit: limit)
        // zlib's mark for being between two blocks: a message that was cut is inside of one.
        if stream.pointee.data_type & 128 == 0 { throw .invalidCompression }
    }
}

/// Makes raw DEFLATE of whole messages.
final class Deflater {
    /// Fast, because it runs on the loop: the higher levels take several times as long for a tenth fewer bytes.
    private static let level: Int32 = 1

    /// At a fixed place, because zlib keeps its address.
    private let stream: UnsafeMutablePointer<z_stream>

    init?(windowBits: Int) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let status = deflateInit2_(
            stream, Self.level, Z_DEFLATED, -Int32(windowBits), 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            stream.deallocate()
            return nil
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// The message without the four bytes that the peer adds by itself; nil when zlib does not take it.
    func deflate(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count < Int(UInt32.max), deflateReset(stream) == Z_OK else { return nil }
        var input = bytes
        var isWhole = false
        // zlib's bound, and the flush.
        let capacity = Int(deflateBound(stream, uLong(bytes.count))) + 16
        let output = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            input.withUnsafeMutableBufferPointer { input in
                stream.pointee.next_in = input.baseAddress
                stream.pointee.avail_in = uInt(input.count)
                stream.pointee.next_out = buffer.baseAddress
                stream.pointee.avail_out = uInt(capacity)
                let status = CZlib.deflate(stream, Z_SYNC_FLUSH)
                // With room left zlib has nothing more to give.
                isWhole = status == Z_OK && stream.pointee.avail_in == 0 && stream.pointee.avail_out > 0
                stream.pointee.next_in = nil
                stream.pointee.next_out = nil
            }
            count = isWhole ? max(0, capacity - Int(stream.pointee.avail_out) - 4) : 0
        }
        return isWhole ? output : nil
    }
}
