/// Reads bits from the most significant down; used for parameter sets and AudioSpecificConfig.
struct BitReader {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var remaining: Int { bytes.count * 8 - position }

    mutating func bit() throws(CodecConfigurationError) -> Bool { try bits(1) == 1 }

    /// Up to 32 bits.
    mutating func bits(_ count: Int) throws(CodecConfigurationError) -> UInt32 {
        guard count <= remaining, count <= 32 else { throw .truncated }
        var value: UInt32 = 0
        for _ in 0..<count {
            value = value << 1 | UInt32(bytes[position >> 3] >> (7 - UInt8(position & 7)) & 1)
            position += 1
        }
        return value
    }

    mutating func skip(_ count: Int) throws(CodecConfigurationError) {
        guard count >= 0, count <= remaining else { throw .truncated }
        position += count
    }

    /// ue(v), ITU-T H.264 9.1.
    mutating func exponentialGolomb() throws(CodecConfigurationError) -> UInt32 {
        var zeros = 0
        while try !bit() {
            zeros += 1
            guard zeros <= 31 else { throw .malformed }
        }
        return try (1 << UInt32(zeros)) - 1 + bits(zeros)
    }

    /// se(v), ITU-T H.264 9.1.1.
    mutating func signedExponentialGolomb() throws(CodecConfigurationError) -> Int32 {
        let value = try exponentialGolomb()
        let half = Int32((value >> 1) + (value & 1))
        return value & 1 == 1 ? half : -half
    }

    /// A NAL unit's payload without its emulation prevention bytes (ITU-T H.264 7.4.1).
    static func unescape(_ unit: some Collection<UInt8>) -> [UInt8] {
        var payload: [UInt8] = []
        payload.reserveCapacity(unit.count)
        var zeros = 0
        for byte in unit {
            if zeros >= 2, byte == 3 {
                zeros = 0
                continue
            }
            zeros = byte == 0 ? zeros + 1 : 0
            payload.append(byte)
        }
        return payload
    }
}
