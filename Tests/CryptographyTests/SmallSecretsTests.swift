import BaseEncoding
import Cryptography
import Testing

@Suite("Small secrets")
struct SmallSecretsTests {
    @Test("HMAC-SHA-1 as in RFC 2202 3, cases 1, 2 and 6")
    func hmacSHA1() throws {
        func code(_ message: String, _ key: [UInt8]) throws -> String {
            Hex.encode(try HMACSHA1.authenticationCode(for: Array(message.utf8), key: key))
        }
        #expect(
            try code("Hi There", .init(repeating: 0x0B, count: 20)) == "b617318655057264e28bc0b6fb378c8ef146be00")
        #expect(
            try code("what do ya want for nothing?", Array("Jefe".utf8)) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
        #expect(
            try code("Test Using Larger Than Block-Size Key - Hash Key First", .init(repeating: 0xAA, count: 80))
                == "aa4ae5e15272d00e95705637ce8a3b55ed402112")
    }

    @Test("PBKDF2 with HMAC-SHA-256 as in RFC 7914 11, scrypt as in 12")
    func derivation() throws {
        let pbkdf2 = try PasswordDerivation.pbkdf2SHA256(
            Array("passwd".utf8), salt: Array("salt".utf8), iterations: 1, byteCount: 64)
        #expect(Hex.encode(pbkdf2).hasPrefix("55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"))
        let scrypt = try PasswordDerivation.scrypt(
            Array("password".utf8), salt: Array("NaCl".utf8), cost: .init(n: 1024, r: 8, p: 16),
            maximumMemory: 16 << 20, byteCount: 64)
        #expect(Hex.encode(scrypt).hasPrefix("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"))
        let empty = try PasswordDerivation.scrypt(
            [], salt: [], cost: .init(n: 16, r: 1, p: 1), maximumMemory: 1 << 20, byteCount: 64)
        #expect(Hex.encode(empty).hasPrefix("77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"))
    }

    @Test("What is sealed opens under the same key and context only, and never twice the same")
    func sealing() throws {
        let cipher = try AES256GCM(key: .init(repeating: 7, count: 32))
        let sealed = try cipher.seal([1, 2, 3], for: [9])
        #expect(sealed.count == 12 + 3 + 16)
        #expect(try cipher.open(sealed, for: [9]) == [1, 2, 3])
        #expect(try cipher.seal([1, 2, 3], for: [9]) != sealed)
        #expect(try cipher.open(cipher.seal([], for: []), for: []) == [])
        #expect(throws: CryptographyError.self) { try cipher.open(sealed, for: [8]) }
        #expect(throws: CryptographyError.self) { try cipher.open(sealed, for: []) }
        let other = try AES256GCM(key: .init(repeating: 8, count: 32))
        #expect(throws: CryptographyError.self) { try other.open(sealed, for: [9]) }
        #expect(throws: CryptographyError.self) { try AES256GCM(key: .init(repeating: 8, count: 16)) }
    }

    @Test("What was changed or cut anywhere does not open")
    func tampering() throws {
        let cipher = try AES256GCM(key: .init(repeating: 7, count: 32))
        let sealed = try cipher.seal([1, 2, 3], for: [9])
        for position in sealed.indices {
            var changed = sealed
            changed[position] ^= 1
            #expect(throws: CryptographyError.self) { try cipher.open(changed, for: [9]) }
            #expect(throws: CryptographyError.self) { try cipher.open(Array(sealed.prefix(position)), for: [9]) }
        }
    }
}
