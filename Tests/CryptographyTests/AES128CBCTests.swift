import BaseEncoding
import Testing

@testable import Cryptography

@Suite("AES-128-CBC")
struct AES128CBCTests {
    /// NIST SP 800-38A, F.2.1.
    let key = Hex.decode("2b7e151628aed2a6abf7158809cf4f3c") ?? []
    let iv = Hex.decode("000102030405060708090a0b0c0d0e0f") ?? []
    let plaintext =
        Hex.decode(
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
                + "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710") ?? []
    let ciphertext =
        "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
        + "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7"

    @Test("Whole blocks are those of NIST, and a block of padding follows")
    func vectors() throws {
        let encrypted = try AES128CBC.encrypt(key: key, iv: iv, plaintext)
        #expect(encrypted.count == 80)
        #expect(Hex.encode(encrypted.prefix(64)) == ciphertext)
        #expect(try AES128CBC.decrypt(key: key, iv: iv, encrypted) == plaintext)
    }

    @Test("Any length comes back, padded up to the next block", arguments: [0, 1, 15, 16, 17, 4_095])
    func lengths(length: Int) throws {
        let bytes = Random.bytes(length)
        let encrypted = try AES128CBC.encrypt(key: key, iv: iv, bytes)
        #expect(encrypted.count == (length / 16 + 1) * 16)
        #expect(try AES128CBC.decrypt(key: key, iv: iv, encrypted) == bytes)
    }

    @Test("Piece by piece gives the same as at once", arguments: [1, 5, 16, 33])
    func pieces(size: Int) throws {
        let bytes = Random.bytes(1_000)
        let stream = try AES128CBCStream(.encrypt, key: key, iv: iv)
        var encrypted: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            encrypted += try stream.update(Array(bytes[start..<min(start + size, bytes.count)]))
        }
        encrypted += try stream.finish()
        #expect(encrypted == (try AES128CBC.encrypt(key: key, iv: iv, bytes)))
    }

    @Test("A wrong key, a damaged end and keys of other lengths are refused")
    func refusals() throws {
        var encrypted = try AES128CBC.encrypt(key: key, iv: iv, plaintext)
        #expect(throws: CryptographyError.self) {
            try AES128CBC.decrypt(key: [UInt8](repeating: 0, count: 16), iv: iv, encrypted)
        }
        encrypted.removeLast()
        #expect(throws: CryptographyError.self) { try AES128CBC.decrypt(key: key, iv: iv, encrypted) }
        #expect(throws: CryptographyError.self) { try AES128CBC.encrypt(key: [1], iv: iv, plaintext) }
        #expect(throws: CryptographyError.self) { try AES128CBC.encrypt(key: key, iv: [], plaintext) }
    }
}
