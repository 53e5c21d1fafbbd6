/// Codec strings for `CODECS` and `MediaSource.isTypeSupported` (RFC 6381, ISO/IEC 14496-15 annex E).
public enum CodecString {
    /// `avc1.PPCCLL`: profile, constraint flags and level of the record, in hexadecimal.
    public static func avc(_ configuration: AVCConfiguration, sampleEntry: FourCC = "avc1") -> String {
        let parts = [configuration.profile, configuration.compatibility, configuration.level]
        return "\(sampleEntry)." + parts.map(hexadecimal).joined()
    }

    /// `hvc1.1.6.L93.B0`.
    public static func hevc(_ configuration: HEVCConfiguration, sampleEntry: FourCC = "hvc1") -> String {
        let space = ["", "A", "B", "C"][Int(configuration.profileSpace & 3)]
        var reversed: UInt32 = 0
        for bit in 0..<32 as Range<UInt32> { reversed |= (configuration.compatibility >> bit & 1) << (31 - bit) }
        var parts = [
            "\(sampleEntry)", space + String(configuration.profile), String(reversed, radix: 16, uppercase: true),
        ]
        parts.append((configuration.isHighTier ? "H" : "L") + String(configuration.level))
        let constraints = configuration.constraints.reversed().drop { $0 == 0 }.reversed()
        parts += constraints.map { String($0, radix: 16, uppercase: true) }
        return parts.joined(separator: ".")
    }

    /// `mp4a.40.2` for AAC-LC.
    public static func aac(_ configuration: AudioSpecificConfiguration) -> String {
        "mp4a.40.\(configuration.codecObjectType)"
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }
}

extension VideoFormat {
    /// Nil for a codec that is not read here.
    public var codecString: String? {
        switch codec {
        case .avc(let configuration): CodecString.avc(configuration, sampleEntry: sampleEntry)
        case .hevc(let configuration): CodecString.hevc(configuration, sampleEntry: sampleEntry)
        case .other: nil
        }
    }
}

extension AudioFormat {
    /// Nil for a codec that is not read here.
    public var codecString: String? {
        if case .aac(let configuration) = codec { CodecString.aac(configuration) } else { nil }
    }
}
