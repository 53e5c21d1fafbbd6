/// An AVCDecoderConfigurationRecord (`avcC`, ISO/IEC 14496-15 5.3.3).
public struct AVCConfiguration: Sendable, Hashable {
    /// The record as it is stored.
    public let bytes: [UInt8]
    public let profile: UInt8
    /// The constraint flags, from the most significant bit.
    public let compatibility: UInt8
    /// Ten times the level: 31 is 3.1.
    public let level: UInt8
    /// 1, 2 or 4 bytes before each NAL unit in a sample.
    public let nalLengthSize: Int
    public let sequenceParameterSets: [[UInt8]]
    public let pictureParameterSets: [[UInt8]]

    public init(_ bytes: [UInt8]) throws(CodecConfigurationError) {
        guard bytes.count >= 7 else { throw .truncated }
        guard bytes[0] == 1 else { throw .unsupported }
        self.bytes = bytes
        (profile, compatibility, level) = (bytes[1], bytes[2], bytes[3])
        nalLengthSize = Int(bytes[4] & 3) + 1
        guard nalLengthSize != 3 else { throw .malformed }
        var position = 6
        sequenceParameterSets = try Self.units(in: bytes, at: &position, count: Int(bytes[5] & 31))
        guard position < bytes.count else { throw .truncated }
        let pictureCount = Int(bytes[position])
        position += 1
        pictureParameterSets = try Self.units(in: bytes, at: &position, count: pictureCount)
    }

    private static func units(
        in bytes: [UInt8], at position: inout Int, count: Int
    ) throws(CodecConfigurationError) -> [[UInt8]] {
        var units: [[UInt8]] = []
        for _ in 0..<count {
            guard bytes.count - position >= 2 else { throw .truncated }
            let size = Int(bytes[position]) << 8 | Int(bytes[position + 1])
            position += 2
            guard bytes.count - position >= size else { throw .truncated }
            units.append(Array(bytes[position..<position + size]))
            position += size
        }
        return units
    }

    /// Of the first sequence parameter set.
    public func sequenceParameters() throws(CodecConfigurationError) -> AVCSequenceParameters {
        guard let unit = sequenceParameterSets.first else { throw .malformed }
        return try AVCSequenceParameters(unit)
    }
}

extension AVCConfiguration {
    /// Whether a sample begins with an IDR picture: its first slice NAL unit has type 5 (ITU-T H.264 7.4.1.2.4).
    /// A sample of broken lengths does not.
    public func isIDR(_ sample: some RandomAccessCollection<UInt8>) -> Bool {
        var rest = sample[...]
        while rest.count > nalLengthSize {
            let length = rest.prefix(nalLengthSize).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(nalLengthSize)
            guard length > 0, length <= rest.count, let header = rest.first else { return false }
            let type = header & 31
            if (1...5).contains(type) { return type == 5 }
            rest = rest.dropFirst(length)
        }
        return false
    }
}
