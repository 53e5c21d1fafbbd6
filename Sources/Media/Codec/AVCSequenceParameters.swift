/// What a sequence parameter set of H.264 says (ITU-T H.264 7.3.2.1.1, E.1.1).
public struct AVCSequenceParameters: Sendable, Hashable {
    public private(set) var profile: UInt8 = 0
    public private(set) var constraints: UInt8 = 0
    /// Ten times the level.
    public private(set) var level: UInt8 = 0
    /// 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    public private(set) var chromaFormat = 1
    public private(set) var lumaBitDepth = 8
    public private(set) var chromaBitDepth = 8
    /// In pixels, after cropping.
    public private(set) var width = 0
    public private(set) var height = 0
    /// `frame_mbs_only_flag`: no picture is or holds a field.
    public private(set) var isProgressive = true
    public private(set) var referenceFrameCount = 0
    public private(set) var pixelAspectRatio: PixelAspectRatio?
    /// Nil where the usability information does not say.
    public private(set) var color: ColorDescription?

    /// `unit`: the NAL unit with its header byte and emulation prevention bytes.
    public init(_ unit: [UInt8]) throws(CodecConfigurationError) {
        guard let header = unit.first, header & 31 == 7 else { throw .malformed }
        var reader = BitReader(BitReader.unescape(unit.dropFirst()))
        profile = UInt8(try reader.bits(8))
        constraints = UInt8(try reader.bits(8))
        level = UInt8(try reader.bits(8))
        _ = try reader.exponentialGolomb()
        if Self.profilesWithChroma.contains(profile) { try readChroma(&reader) }
        _ = try reader.exponentialGolomb()
        try Self.skipPictureOrder(&reader)
        referenceFrameCount = Int(try reader.exponentialGolomb())
        try reader.skip(1)
        try readSize(&reader)
        if try reader.bit() { try readUsability(&reader) }
    }

    private static let profilesWithChroma: Set<UInt8> = [
        100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135,
    ]

    private mutating func readChroma(_ reader: inout BitReader) throws(CodecConfigurationError) {
        chromaFormat = Int(try reader.exponentialGolomb())
        guard chromaFormat <= 3 else { throw .malformed }
        if chromaFormat == 3 { try reader.skip(1) }
        let (luma, chroma) = (try reader.exponentialGolomb(), try reader.exponentialGolomb())
        guard luma <= 6, chroma <= 6 else { throw .malformed }
        lumaBitDepth = 8 + Int(luma)
        chromaBitDepth = 8 + Int(chroma)
        try reader.skip(1)
        guard try reader.bit() else { return }
        for list in 0..<(chromaFormat == 3 ? 12 : 8) where try reader.bit() {
            try Self.skipScalingList(&reader, size: list < 6 ? 16 : 64)
        }
    }

    private static func skipScalingList(_ reader: inout BitReader, size: Int) throws(CodecConfigurationError) {
        var (last, next): (Int32, Int32) = (8, 8)
        for _ in 0..<size {
            if next != 0 {
                let delta = try reader.signedExponentialGolomb()
                guard (-128...127).contains(delta) else { throw .malformed }
                next = (last + delta + 256) % 256  // bound: two bytes
            }
            last = next == 0 ? last : next
        }
    }

    private static func skipPictureOrder(_ reader: inout BitReader) throws(CodecConfigurationError) {
        switch try reader.exponentialGolomb() {
        case 0: _ = try reader.exponentialGolomb()
        case 1:
            try reader.skip(1)
            _ = try reader.signedExponentialGolomb()
            _ = try reader.signedExponentialGolomb()
            let count = try reader.exponentialGolomb()
            guard count <= 255 else { throw .malformed }
            for _ in 0..<count { _ = try reader.signedExponentialGolomb() }
        case 2: break
        default: throw .malformed
        }
    }

    private mutating func readSize(_ reader: inout BitReader) throws(CodecConfigurationError) {
        let (columns, rows) = (try reader.exponentialGolomb(), try reader.exponentialGolomb())
        guard columns < 4096, rows < 4096 else { throw .unsupported }
        isProgressive = try reader.bit()
        if !isProgressive { try reader.skip(1) }
        try reader.skip(1)
        let fields = isProgressive ? 1 : 2
        width = (Int(columns) + 1) * 16
        height = (Int(rows) + 1) * 16 * fields
        guard try reader.bit() else { return }
        let unitX = chromaFormat == 1 || chromaFormat == 2 ? 2 : 1
        let unitY = (chromaFormat == 1 ? 2 : 1) * fields
        let left = Int(try reader.exponentialGolomb())
        let right = Int(try reader.exponentialGolomb())
        let top = Int(try reader.exponentialGolomb())
        let bottom = Int(try reader.exponentialGolomb())
        width -= (left + right) * unitX
        height -= (top + bottom) * unitY
        guard width > 0, height > 0 else { throw .malformed }
    }

    private mutating func readUsability(_ reader: inout BitReader) throws(CodecConfigurationError) {
        if try reader.bit() {
            let index = Int(try reader.bits(8))
            if index == 255 {
                let (horizontal, vertical) = (try reader.bits(16), try reader.bits(16))
                if horizontal > 0, vertical > 0 {
                    pixelAspectRatio = PixelAspectRatio(horizontal: horizontal, vertical: vertical)
                }
            } else if Self.aspectRatios.indices.contains(index) {
                pixelAspectRatio = Self.aspectRatios[index]
            }
        }
        if try reader.bit() { try reader.skip(1) }
        guard try reader.bit() else { return }
        try reader.skip(3)
        let isFullRange = try reader.bit()
        var description = ColorDescription(primaries: 2, transfer: 2, matrix: 2, isFullRange: isFullRange)
        if try reader.bit() {
            description.primaries = UInt16(try reader.bits(8))
            description.transfer = UInt16(try reader.bits(8))
            description.matrix = UInt16(try reader.bits(8))
        }
        color = description
    }

    /// ITU-T H.264 table E-1; index 0 is unspecified.
    private static let aspectRatios: [PixelAspectRatio?] =
        [nil]
        + [
            (1, 1), (12, 11), (10, 11), (16, 11), (40, 33), (24, 11), (20, 11), (32, 11), (80, 33), (18, 11), (15, 11),
            (64, 33), (160, 99), (4, 3), (3, 2), (2, 1),
        ].map { PixelAspectRatio(horizontal: $0.0, vertical: $0.1) }
}
