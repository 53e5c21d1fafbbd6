import BaseEncoding
import Cryptography
import Testing

@Suite("Base 64 and hexadecimal")
struct BaseEncodingTests {
    @Test(
        "The vectors of RFC 4648 10 go both ways",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func vectors(text: String, encoded: String) {
        #expect(Base64.standard.encode(text.utf8) == encoded)
        #expect(Base64.standard.decode(encoded) == Array(text.utf8))
        let bare = encoded.filter { $0 != "=" }
        #expect(Base64.url.encode(text.utf8) == bare && Base64.url.decode(bare) == Array(text.utf8))
    }

    @Test("Each alphabet reads its own characters only")
    func alphabets() {
        let bytes: [UInt8] = [0xFB, 0xEF, 0xFF]
        #expect(Base64.standard.encode(bytes) == "++//" && Base64.url.encode(bytes) == "--__")
        #expect(Base64.standard.decode("--__") == nil && Base64.url.decode("++//") == nil)
    }

    @Test(
        "Second spellings of a value are refused",
        arguments: ["Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z", "Zg==\n", " Zg==", "Zg==Zg==", "=", "===="])
    func strictness(text: String) {
        #expect(Base64.standard.decode(text) == nil)
    }

    @Test("Random bytes come back from every coding", arguments: 0..<40)
    func roundTrip(length: Int) {
        let bytes = Random.bytes(length)
        for coding in [Base64.standard, .url, .unpadded] { #expect(coding.decode(coding.encode(bytes)) == bytes) }
        #expect(Hex.decode(Hex.encode(bytes)) == bytes)
    }

    @Test("Half a byte and other letters are no hexadecimal", arguments: ["0", "0g", "zz", "0x", "абв"])
    func hexadecimal(text: String) {
        #expect(Hex.decode(text) == nil)
    }
}
