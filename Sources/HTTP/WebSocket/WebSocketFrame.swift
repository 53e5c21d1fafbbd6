/// The head of a frame (RFC 6455 5.2).
struct WebSocketFrame {
    enum Opcode: UInt8 {
        case continuation = 0
        case text = 1
        case binary = 2
        case close = 8
        case ping = 9
        case pong = 10

        var isControl: Bool { rawValue >= 8 }
    }

    /// The most bytes of a control frame's payload.
    static let controlLimit = 125
    /// The most bytes of an unmasked frame's head.
    static let longestHead = 10

    var opcode: Opcode
    var isFinal: Bool
    /// Bytes of payload that have not come yet.
    var remaining: Int
    var mask: MaskingKey

    /// Adds the head of an unmasked frame that is a whole message: servers never mask.
    static func appendHead(
        _ opcode: Opcode, isCompressed: Bool = false, byteCount: Int, to bytes: inout [UInt8]
    ) {
        bytes.append(0x80 | (isCompressed ? 0x40 : 0) | opcode.rawValue)
        switch byteCount {
        case ...125: bytes.append(UInt8(byteCount))
        case ...0xFFFF:
            bytes.append(126)
            append(UInt16(byteCount), to: &bytes)
        default:
            bytes.append(127)
            append(UInt64(byteCount), to: &bytes)
        }
    }

    static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

/// The four bytes that a client's payload is combined with (RFC 6455 5.3), turned so that the next byte of the payload
/// belongs to the first of them.
struct MaskingKey {
    /// The first byte of the key is the lowest.
    private var key: UInt32

    init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
        key = UInt32(a) | UInt32(b) << 8 | UInt32(c) << 16 | UInt32(d) << 24
    }

    mutating func apply(to bytes: UnsafeMutableRawBufferPointer) {
        let wide = (UInt64(key) | UInt64(key) << 32).littleEndian
        var index = 0
        while bytes.count - index >= 8 {
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            bytes.storeBytes(of: word ^ wide, toByteOffset: index, as: UInt64.self)
            index += 8
        }
        while index < bytes.count {
            bytes[index] ^= UInt8(truncatingIfNeeded: key >> UInt32(index % 4 * 8))
            index += 1
        }
        let turn = UInt32(bytes.count % 4 * 8)
        if turn > 0 { key = key >> turn | key << (32 - turn) }
    }
}
