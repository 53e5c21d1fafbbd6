import Testing

@testable import HTTP

/// permessage-deflate (RFC 7692), Autobahn's sections 12 and 13 as far as no socket is needed.
@Suite("WebSocket compression")
struct WebSocketDeflateTests {
    /// Text like that of a conversation, which compresses.
    static func text(_ count: Int) -> [UInt8] {
        let words = ["{\"type\":\"chat\",", "\"message\":\"", "hello ", "what a film! ", "ñandú ", "привет ", "\"}\n"]
        var bytes: [UInt8] = []
        var state: UInt32 = 7
        while bytes.count < count {
            state = state &* 1_664_525 &+ 1_013_904_223
            bytes += Array(words[Int(state >> 24) % words.count].utf8)
        }
        var text = Array(bytes.prefix(count))
        // A character must not be cut at the end.
        for index in text.indices.suffix(4) { text[index] = UInt8(ascii: ".") }
        return text
    }

    /// Bytes that do not compress.
    static func noise(_ count: Int) -> [UInt8] {
        var state: UInt64 = 42
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }

    @Test(
        "12-13: messages of all sizes, with each window, in one frame and in many",
        arguments: [16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131_072], [9, 10, 12, 15])
    func roundTrip(size: Int, windowBits: Int) throws {
        let contexts = DeflateContexts()
        let deflater = try #require(contexts.deflater(windowBits: windowBits))
        let text = Self.text(size)
        let packed = try #require(deflater.deflate(text))
        #expect(packed.count < size || size < 64)
        for fragment in [packed.count, 256, 7] where packed.count / fragment < 4096 {
            let bytes = ClientFrame.message(1, packed, by: fragment, isCompressed: true)
            #expect(
                DecodedStream.words([bytes], contexts: contexts) == [
                    size > 60 ? "text #\(size)" : "text \(String(decoding: text, as: UTF8.self))"
                ])
            #expect(DecodedStream.words(DecodedStream.pieces(bytes, of: 100), contexts: contexts).count == 1)
        }
    }

    @Test(
        "the examples of RFC 7692 7.2.3 say Hello",
        arguments: [
            [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],
            [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00],
            [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00],
            [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00],
        ] as [[UInt8]])
    func examples(_ packed: [UInt8]) {
        for size in 1...packed.count {
            let bytes = ClientFrame.message(1, packed, by: size, isCompressed: true)
            #expect(DecodedStream.words([bytes], contexts: DeflateContexts()) == ["text Hello"])
        }
    }

    @Test("an empty message is one byte; a message that ends with a final block is taken")
    func edges() {
        let empty = ClientFrame.frame(2, [0], reserved: 4)
        #expect(DecodedStream.words([empty], contexts: DeflateContexts()) == ["binary #0"])
        let final = ClientFrame.frame(1, [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], reserved: 4)
        #expect(DecodedStream.words([final], contexts: DeflateContexts()) == ["text Hello"])
    }

    @Test("one message does not use the window of another, and plain messages stand between compressed ones")
    func contexts() throws {
        let contexts = DeflateContexts()
        let packed = try #require(contexts.deflater(windowBits: 15)?.deflate(Self.text(2000)))
        let again = try #require(contexts.deflater(windowBits: 15)?.deflate(Self.text(2000)))
        #expect(packed == again)
        let frames = [
            ClientFrame.frame(1, packed, reserved: 4), ClientFrame.text("plain"),
            ClientFrame.frame(1, again, reserved: 4),
        ]
        #expect(DecodedStream.words(frames, contexts: contexts) == ["text #2000", "text plain", "text #2000"])
        let two = DecodedStream.words([frames[0] + frames[2]], contexts: contexts)
        #expect(two == ["text #2000", "text #2000"])
    }

    @Test("the compressed bit stands on the first frame of a message, on no other, and only where it was agreed on")
    func bits() {
        let contexts = DeflateContexts()
        let packed: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]
        let first = ClientFrame.frame(1, Array(packed.prefix(3)), isFinal: false, reserved: 4)
        let second = ClientFrame.frame(0, Array(packed.dropFirst(3)), reserved: 4)
        #expect(DecodedStream.words([first, second], contexts: contexts) == ["!reservedBit"])
        #expect(DecodedStream.words([ClientFrame.frame(9, reserved: 4)], contexts: contexts) == ["!reservedBit"])
        #expect(DecodedStream.words([first]) == ["!reservedBit"])
    }

    @Test("a bomb is refused at the limit of what it inflates to")
    func bomb() throws {
        let contexts = DeflateContexts()
        let million = [UInt8](repeating: 0, count: 1 << 20)
        let packed = try #require(contexts.deflater(windowBits: 15)?.deflate(million))
        #expect(packed.count < 8192)
        let bytes = ClientFrame.frame(2, packed, reserved: 4)
        #expect(DecodedStream.words([bytes], limit: million.count, contexts: contexts) == ["binary #\(million.count)"])
        #expect(DecodedStream.words([bytes], limit: million.count - 1, contexts: contexts) == ["!messageTooBig"])
        // Before all of it has come.
        let half = Array(bytes.prefix(bytes.count / 2))
        #expect(DecodedStream.words([half], limit: 64 << 10, contexts: contexts) == ["!messageTooBig"])
    }

    @Test("blocks without bytes cannot go on for ever")
    func emptyBlocks() {
        let block: [UInt8] = [0, 0, 0, 0xFF, 0xFF]
        let frame = ClientFrame.frame(2, Array(repeatElement(block, count: 100).joined()), isFinal: false, reserved: 4)
        let more = ClientFrame.frame(0, Array(repeatElement(block, count: 100).joined()), isFinal: false)
        let words = DecodedStream.words(
            [frame] + Array(repeating: more, count: 10), limit: 1000, contexts: DeflateContexts())
        #expect(words == ["!messageTooBig"])
    }

    @Test(
        "what cannot be inflated is refused",
        arguments: [
            [0x07], [0xFF, 0xFF, 0xFF], [0x00, 0x05, 0x00, 0x00, 0x00, 0x48], [0xF2, 0x48, 0xCD, 0xC9], [],
            // A distance before the beginning: the window of another message is not to be seen.
            [0x02, 0x13, 0x00, 0x00],
        ] as [[UInt8]])
    func broken(_ packed: [UInt8]) {
        let frame = ClientFrame.frame(2, packed, reserved: 4)
        #expect(DecodedStream.words([frame], contexts: DeflateContexts()) == ["!invalidCompression"])
    }

    @Test("compressed text is checked as it is inflated")
    func text() throws {
        let contexts = DeflateContexts()
        var bytes = Self.text(200_000)
        bytes[1000] = 0xFF
        let packed = try #require(contexts.deflater(windowBits: 15)?.deflate(bytes))
        let frame = ClientFrame.frame(1, packed, reserved: 4)
        #expect(DecodedStream.words([frame], contexts: contexts) == ["!invalidText"])
        #expect(DecodedStream.words([Array(frame.prefix(frame.count / 2))], contexts: contexts) == ["!invalidText"])
    }

    // MARK: What the server sends

    func encoded(_ message: WebSocketMessage, offer: String?) -> [UInt8] {
        let deflate = offer.flatMap(WebSocketOffers.init(parsing:)).flatMap(PerMessageDeflate.init)
        var bytes: [UInt8] = []
        WebSocketEncoder(deflate: deflate, leastByteCount: 1024, contexts: DeflateContexts()).append(
            message, to: &bytes)
        return bytes
    }

    @Test("lengths are said in the fewest bytes", arguments: [(0, 2), (125, 2), (126, 4), (65535, 4), (65536, 10)])
    func lengths(count: Int, head: Int) {
        let bytes = encoded(.binary(Self.noise(count)), offer: nil)
        #expect(bytes.count == head + count)
        #expect(bytes[0] == 0x82)
        #expect(bytes[1] == (head == 2 ? UInt8(count) : head == 4 ? 126 : 127))
    }

    @Test("small messages leave as they are, larger ones compressed where that was agreed on")
    func threshold() {
        #expect(encoded(.text("Hello"), offer: "permessage-deflate") == [0x81, 5] + Array("Hello".utf8))
        let text = String(decoding: Self.text(5000), as: UTF8.self)
        #expect(encoded(.text(text), offer: nil).count == 5004)
        let packed = encoded(.text(text), offer: "permessage-deflate")
        #expect(packed[0] == 0xC1)
        #expect(packed.count < 2500)
        let binary = encoded(.binary(Self.noise(5000)), offer: "permessage-deflate")
        #expect(binary[0] == 0xC2)
        #expect((5000..<5050).contains(binary.count), "what does not compress is hardly longer: \(binary.count)")
    }

    @Test("a Close has a code that may be sent, and a reason that is cut between characters")
    func close() {
        var bytes: [UInt8] = []
        WebSocketEncoder.appendClose(.normal, reason: String(repeating: "é", count: 100), to: &bytes)
        #expect(bytes.count == 2 + 2 + 122)
        #expect(Array(bytes.prefix(4)) == [0x88, 124, 0x03, 0xE8])
        for code in [nil, WebSocketCloseCode.noStatus, .abnormal] {
            bytes = []
            WebSocketEncoder.appendClose(code, reason: "x", to: &bytes)
            #expect(bytes == [0x88, 0])
        }
    }
}
