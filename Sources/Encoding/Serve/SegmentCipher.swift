import Cryptography

/// AES-128 of whole segments, one key for each rendition.
struct SegmentCipher: Sendable {
    /// Nil: segments stay in the clear.
    var key: [UInt8]?

    func seal(_ segment: [UInt8], number: Int) throws -> [UInt8] {
        guard let key else { return segment }
        return try AES128CBC.encrypt(key: key, iv: Self.initializationVector(of: number), segment)
    }

    /// The number as a 128-bit integer, the highest byte first: what players take where a playlist names no vector
    /// (RFC 8216 5.2). Each rendition has a key of its own, so no key meets a vector twice.
    static func initializationVector(of number: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: 8) + (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
    }
}
