/// An AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1), as far as AAC needs it.
public struct AudioSpecificConfiguration: Sendable, Hashable {
    public let bytes: [UInt8]
    /// Of the core codec: 2 is AAC-LC, also under HE-AAC.
    public private(set) var objectType: Int
    /// Spectral band replication (HE-AAC) is announced; implicit use cannot be seen here.
    public private(set) var usesSpectralBandReplication = false
    /// Parametric stereo (HE-AAC v2) is announced.
    public private(set) var usesParametricStereo = false
    /// Hertz, of the core codec.
    public private(set) var sampleRate: Int
    /// Hertz, of the decoded sound.
    public private(set) var outputSampleRate: Int
    /// Of the core codec, 0 where only an element in the stream tells.
    public private(set) var channelCount: Int
    /// Samples of the core codec in one frame: 1024 or 960.
    public private(set) var frameLength: Int

    public init(_ bytes: [UInt8]) throws(CodecConfigurationError) {
        self.bytes = bytes
        var reader = BitReader(bytes)
        var type = try Self.objectType(&reader)
        let rate = try Self.sampleRate(&reader)
        let configuration = Int(try reader.bits(4))
        var extensionRate: Int?
        if type == 5 || type == 29 {
            usesSpectralBandReplication = true
            usesParametricStereo = type == 29
            extensionRate = try Self.sampleRate(&reader)
            type = try Self.objectType(&reader)
        }
        // The general audio types: AAC main, LC, SSR, LTP, scalable, error resilient LC, LTP, scalable, LD.
        guard [1, 2, 3, 4, 6, 17, 19, 20, 23].contains(type) else { throw .unsupported }
        guard configuration < Self.channelCounts.count, let channels = Self.channelCounts[configuration] else {
            throw .unsupported
        }
        objectType = type
        sampleRate = rate
        outputSampleRate = extensionRate ?? rate
        channelCount = channels
        frameLength = try reader.bit() ? 960 : 1024
        if try reader.bit() { try reader.skip(14) }
        let hasExtension = try reader.bit()
        // The extension behind is only found where its place is known: plain AAC with a fixed channel layout.
        if extensionRate == nil, configuration > 0, !hasExtension { readBackwardCompatibleExtension(reader) }
    }

    /// SBR announced behind the plain configuration, so that old decoders do not see it (1.6.5.2).
    private mutating func readBackwardCompatibleExtension(_ rest: BitReader) {
        var reader = rest
        guard reader.remaining >= 16, (try? reader.bits(11)) == 0x2B7, (try? Self.objectType(&reader)) == 5,
            (try? reader.bit()) == true, let rate = try? Self.sampleRate(&reader)
        else { return }
        usesSpectralBandReplication = true
        outputSampleRate = rate
        if reader.remaining >= 12, (try? reader.bits(11)) == 0x548 {
            usesParametricStereo = (try? reader.bit()) == true
        }
    }

    private static func objectType(_ reader: inout BitReader) throws(CodecConfigurationError) -> Int {
        let type = Int(try reader.bits(5))
        return type == 31 ? 32 + Int(try reader.bits(6)) : type
    }

    private static func sampleRate(_ reader: inout BitReader) throws(CodecConfigurationError) -> Int {
        let index = Int(try reader.bits(4))
        if index == 15 {
            let rate = Int(try reader.bits(24))
            guard rate > 0 else { throw .malformed }
            return rate
        }
        guard sampleRates.indices.contains(index) else { throw .malformed }
        return sampleRates[index]
    }

    private static let sampleRates = [
        96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
    ]

    private static let channelCounts: [Int?] = [0, 1, 2, 3, 4, 5, 6, 8, nil, nil, nil, 7, 8, nil, 8]

    /// Plain AAC-LC, which every player decodes.
    public var isLowComplexity: Bool { objectType == 2 && !usesSpectralBandReplication }

    /// The object type that RFC 6381 wants in a codec string.
    var codecObjectType: Int {
        usesParametricStereo ? 29 : usesSpectralBandReplication ? 5 : objectType
    }
}
