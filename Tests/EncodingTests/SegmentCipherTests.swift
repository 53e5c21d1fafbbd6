import Cryptography
import Testing

@testable import Encoding

@Suite("Segments are sealed as players open them")
struct SegmentCipherTests {
    @Test(
        "The initialization vector is the segment's number, in network order (RFC 8216 5.2)", arguments: [0, 5, 0x1234])
    func vectors(number: Int) throws {
        let (key, segment) = (Random.bytes(16), Array("a segment of any length".utf8))
        let sealed = try SegmentCipher(key: key).seal(segment, number: number)
        let vector = [UInt8](repeating: 0, count: 14) + [UInt8(number >> 8), UInt8(number & 0xFF)]
        #expect(try AES128CBC.decrypt(key: key, iv: vector, sealed) == segment)
        #expect(try SegmentCipher(key: nil).seal(segment, number: number) == segment)
    }
}
