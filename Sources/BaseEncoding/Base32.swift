/// Base 32 (RFC 4648 6) without padding, in capitals: what people type from one screen into another. It has neither 0 nor 1,
/// so nothing is taken for an O or an I.
public enum Base32 {
    private static let characters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 8 + 4) / 5)
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 5 {
                count -= 5
                text.append(characters[Int(bits >> count & 0x1F)])
            }
            // Fewer than five bits are left of what came.
            bits &= 0x1F
        }
        if count > 0 { text.append(characters[Int(bits << (5 - count) & 0x1F)]) }
        return String(decoding: text, as: UTF8.self)
    }
}
