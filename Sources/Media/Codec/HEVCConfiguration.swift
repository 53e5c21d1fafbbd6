/// An HEVCDecoderConfigurationRecord (`hvcC`, ISO/IEC 14496-15 8.3.3), as far as planning needs it.
public struct HEVCConfiguration: Sendable, Hashable {
    /// The record as it is stored.
    public let bytes: [UInt8]
    public let profileSpace: UInt8
    public let isHighTier: Bool
    public let profile: UInt8
    public let compatibility: UInt32
    /// Six bytes, from the most significant.
    public let constraints: [UInt8]
    /// Thirty times the level: 93 is 3.1.
    public let level: UInt8
    /// 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    public let chromaFormat: Int
    public let lumaBitDepth: Int
    public let chromaBitDepth: Int
    public let nalLengthSize: Int

    public init(_ bytes: [UInt8]) throws(CodecConfigurationError) {
        guard bytes.count >= 23 else { throw .truncated }
        // Version 0 was written by early encoders and is laid out the same.
        guard bytes[0] <= 1 else { throw .unsupported }
        self.bytes = bytes
        profileSpace = bytes[1] >> 6
        isHighTier = bytes[1] & 0x20 != 0
        profile = bytes[1] & 31
        compatibility = bytes[2..<6].reduce(0) { $0 << 8 | UInt32($1) }
        constraints = Array(bytes[6..<12])
        level = bytes[12]
        chromaFormat = Int(bytes[16] & 3)
        lumaBitDepth = 8 + Int(bytes[17] & 7)
        chromaBitDepth = 8 + Int(bytes[18] & 7)
        nalLengthSize = Int(bytes[21] & 3) + 1
    }
}
