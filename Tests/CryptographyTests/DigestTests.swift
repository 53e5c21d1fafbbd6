import BaseEncoding
import Testing

@testable import Cryptography

@Suite("Hashes and authentication codes")
struct DigestTests {
    @Test(
        "SHA-256 gives the digests of FIPS 180-4",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func sha256(message: String, digest: String) {
        #expect(Hex.encode(SHA256.hash(message)) == digest)
    }

    @Test("MD5 gives the digests of RFC 1321")
    func md5() throws {
        for (message, digest) in [
            ("", "d41d8cd98f00b204e9800998ecf8427e"), ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        ] {
            let md5 = try #require(MD5())
            md5.update(Array(message.utf8))
            #expect(Hex.encode(md5.value()) == digest && md5.value().count == MD5.byteCount)
        }
    }

    @Test("A hash fed piece by piece is the hash of the whole", arguments: [1, 7, 64, 1_000])
    func pieces(size: Int) {
        let digest = SHA256()
        let message = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        for start in stride(from: 0, to: message.count, by: size) {
            digest.update(message[start..<min(start + size, message.count)])
        }
        #expect(Hex.encode(digest.value()) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test("Asking for the value does not disturb what follows, and a copy goes its own way")
    func valueAndCopy() {
        let digest = SHA256()
        digest.update(Array("a".utf8))
        #expect(digest.value() == SHA256.hash("a"))
        let copy = digest.copy()
        digest.update(Array("bc".utf8))
        #expect(digest.value() == SHA256.hash("abc"))
        copy.update(Array("z".utf8))
        #expect(copy.value() == SHA256.hash("az"))
        digest.reset()
        #expect(digest.value() == SHA256.hash(""))
    }

    @Test("SHA-1 gives the digests of FIPS 180-4")
    func sha1() {
        #expect(Hex.encode(SHA1.hash(Array("abc".utf8))) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(Hex.encode(SHA1.hash([])) == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
    }

    struct AuthenticationCase: Sendable {
        var key: [UInt8]
        var message: [UInt8]
        var code: String
    }

    @Test(
        "HMAC-SHA-256 gives the codes of RFC 4231, again and again under one key",
        arguments: [
            AuthenticationCase(
                key: .init(repeating: 0x0B, count: 20), message: Array("Hi There".utf8),
                code: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            AuthenticationCase(
                key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8),
                code: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            AuthenticationCase(
                key: .init(repeating: 0xAA, count: 20), message: .init(repeating: 0xDD, count: 50),
                code: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
            AuthenticationCase(
                key: Array(1...25), message: .init(repeating: 0xCD, count: 50),
                code: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
            AuthenticationCase(
                key: .init(repeating: 0xAA, count: 131),
                message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                code: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        ])
    func authenticationCodes(test: AuthenticationCase) {
        let key = HMACSHA256(key: test.key)
        for _ in 0..<3 { #expect(Hex.encode(key.authenticationCode(for: test.message)) == test.code) }
        let code = key.authenticationCode(for: test.message)
        #expect(key.isValid(code, for: test.message))
        #expect(key.isValid(Array(code.prefix(16)), for: test.message))
        #expect(!key.isValid(Array(code.prefix(15)), for: test.message))
        #expect(!key.isValid([], for: test.message))
        #expect(!key.isValid(code, for: test.message + [0]))
    }

    @Test("An empty key and an empty message have a code too")
    func emptyKeyAndMessage() {
        let code = HMACSHA256(key: []).authenticationCode(for: [UInt8]())
        #expect(Hex.encode(code) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test("Equality in constant time is equality")
    func equality() {
        #expect(constantTimeEqual([1, 2, 3], [1, 2, 3]))
        #expect(!constantTimeEqual([1, 2, 3], [1, 2, 4]))
        #expect(!constantTimeEqual([1, 2, 3], [1, 2]))
        #expect(constantTimeEqual([UInt8](), []))
        #expect(constantTimeEqual("ключ", "ключ") && !constantTimeEqual("ключ", "ключи"))
    }
}
