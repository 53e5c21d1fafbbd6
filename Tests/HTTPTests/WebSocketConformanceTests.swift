import Testing

@testable import HTTP

/// Autobahn's case list as far as the decoder decides it, one line for each case or family.
@Suite("WebSocket conformance")
struct WebSocketConformanceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let id: String
        let bytes: [UInt8]
        let words: [String]

        init(_ id: String, _ frames: [[UInt8]], _ words: String...) {
            self.id = id
            bytes = frames.flatMap { $0 }
            self.words = words
        }

        var testDescription: String { id }
    }

    typealias F = ClientFrame

    static let sizes: [Case] = [
        Case("1.1.1", [F.text("")], "text"), Case("1.1.2", [F.frame(1, stars(125))], "text #125"),
        Case("1.1.3", [F.frame(1, stars(126))], "text #126"), Case("1.1.4", [F.frame(1, stars(127))], "text #127"),
        Case("1.1.5", [F.frame(1, stars(128))], "text #128"),
        Case("1.1.6", [F.frame(1, stars(65535))], "text #65535"),
        Case("1.1.7-8", [F.frame(1, stars(65536))], "text #65536"),
        Case("1.2.1", [F.frame(2)], "binary #0"), Case("1.2.2", [F.frame(2, stars(125))], "binary #125"),
        Case("1.2.3", [F.frame(2, stars(126))], "binary #126"), Case("1.2.4", [F.frame(2, stars(127))], "binary #127"),
        Case("1.2.5", [F.frame(2, stars(128))], "binary #128"),
        Case("1.2.6", [F.frame(2, stars(65535))], "binary #65535"),
        Case("1.2.7-8", [F.frame(2, stars(65536))], "binary #65536"),
    ]

    static let pings: [Case] = [
        Case("2.1", [F.ping()], "ping"), Case("2.2", [F.ping("Hello")], "ping Hello"),
        Case(
            "2.3", [F.frame(9, [0, 0xFF, 0xFE, 0xFD, 0xFC, 0xFB, 0, 0xFF])],
            "ping \0\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\0\u{FFFD}"),
        Case("2.4, 2.6", [F.frame(9, stars(125))], "ping #125"), Case("2.5", [F.frame(9, stars(126))], "!longControl"),
        Case("2.7", [F.pong()], "pong"), Case("2.8", [F.pong("a")], "pong a"),
        Case("2.9", [F.pong("a"), F.ping("b")], "pong a", "ping b"),
        Case("2.10-11", (0..<3).map { F.ping("\($0)") }, "ping 0", "ping 1", "ping 2"),
    ]

    static let reserved: [Case] = [
        Case("3.1", [F.text("a", reserved: 1)], "!reservedBit"),
        Case("3.2", [F.text("a"), F.text("b", reserved: 2), F.ping()], "text a", "!reservedBit"),
        Case("3.3", [F.text("a"), F.text("b", reserved: 3), F.ping()], "text a", "!reservedBit"),
        Case("3.4", [F.text("a"), F.text("b", reserved: 4), F.ping()], "text a", "!reservedBit"),
        Case("3.5", [F.frame(2, [0], reserved: 5)], "!reservedBit"),
        Case("3.6", [F.frame(9, reserved: 6)], "!reservedBit"),
        Case("3.7", [F.frame(8, reserved: 7)], "!reservedBit"),
        Case("4.1.1", [F.frame(3)], "!reservedOpcode"), Case("4.1.2", [F.frame(4, stars(9))], "!reservedOpcode"),
        Case("4.1.3", [F.text("a"), F.frame(5), F.ping()], "text a", "!reservedOpcode"),
        Case("4.1.4", [F.text("a"), F.frame(6, stars(9)), F.ping()], "text a", "!reservedOpcode"),
        Case("4.1.5", [F.text("a"), F.frame(7, stars(9)), F.ping()], "text a", "!reservedOpcode"),
        Case("4.2.1", [F.frame(11)], "!reservedOpcode"), Case("4.2.2", [F.frame(12, stars(9))], "!reservedOpcode"),
        Case("4.2.3", [F.text("a"), F.frame(13)], "text a", "!reservedOpcode"),
        Case("4.2.4", [F.text("a"), F.frame(14)], "text a", "!reservedOpcode"),
        Case("4.2.5", [F.text("a"), F.frame(15)], "text a", "!reservedOpcode"),
    ]

    static let fragments: [Case] = [
        Case("5.1", [F.frame(9, [1], isFinal: false), F.more("b", isFinal: true)], "!fragmentedControl"),
        Case("5.2", [F.frame(10, [1], isFinal: false), F.more("b", isFinal: true)], "!fragmentedControl"),
        Case("5.3-5", [F.text("a", isFinal: false), F.more("b", isFinal: true)], "text ab"),
        Case("5.6-8", [F.text("a", isFinal: false), F.ping("p"), F.more("b", isFinal: true)], "ping p", "text ab"),
        Case("5.9-11", [F.more("a", isFinal: true), F.text("b")], "!unexpectedContinuation"),
        Case("5.12-14", [F.more("a"), F.text("b")], "!unexpectedContinuation"),
        Case(
            "5.15", [F.text("a", isFinal: false), F.more("b", isFinal: true), F.more("c"), F.text("d")], "text ab",
            "!unexpectedContinuation"),
        Case(
            "5.16-17", [F.more("a"), F.text("b", isFinal: false), F.more("c", isFinal: true)], "!unexpectedContinuation"
        ),
        Case("5.18", [F.text("a", isFinal: false), F.text("b")], "!interruptedMessage"),
        Case(
            "5.19-20",
            [
                F.text("a", isFinal: false), F.more("b"), F.ping("1"), F.more("c"), F.more("d"), F.ping("2"),
                F.more("e", isFinal: true),
            ], "ping 1", "ping 2", "text abcde"),
        Case("a binary one inside", [F.frame(2, [1], isFinal: false), F.frame(2, [2])], "!interruptedMessage"),
    ]

    static let closes: [Case] = [
        Case("7.3.1", [F.frame(8)], "close"), Case("7.3.2", [F.frame(8, [3])], "!invalidClose"),
        Case("7.3.3", [F.close(1000)], "close 1000"), Case("7.3.4", [F.close(1000, "Hello")], "close 1000 Hello"),
        Case("7.3.5", [F.close(1000, stars(123))], "close 1000 \(String(repeating: "*", count: 40))"),
        Case("7.3.6", [F.close(1000, stars(124))], "!longControl"),
        Case("7.5.1", [F.close(1000, [0xCE, 0xBA, 0xED, 0xA0, 0x80])], "!invalidText"),
        Case("a cut character", [F.close(1000, [0xCE])], "!invalidText"),
    ]

    static let heads: [Case] = [
        Case("5.1 of the RFC: not masked", [F.frame(1, [97], isMasked: false)], "!unmasked"),
        Case("5.2: 125 in two bytes", [[0x82, 0xFE, 0, 125, 0, 0, 0, 0]], "!invalidLength"),
        Case("5.2: 65535 in eight", [[0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0]], "!invalidLength"),
        Case("5.2: the highest bit", [[0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]], "!invalidLength"),
        Case(
            "a length for no memory", [[0x82, 0xFF, 0x7F, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0]],
            "!messageTooBig"),
    ]

    static func stars(_ count: Int) -> [UInt8] { Array(repeating: UInt8(ascii: "*"), count: count) }

    @Test(
        "sizes, pings, reserved bits and opcodes, fragments, closes: whole, in pieces of 997, byte by byte",
        arguments: sizes + pings + reserved + fragments + closes + heads)
    func cases(_ row: Case) {
        #expect(DecodedStream.words([row.bytes]) == row.words)
        #expect(DecodedStream.words(DecodedStream.pieces(row.bytes, of: 997)) == row.words)
        #expect(DecodedStream.words(DecodedStream.pieces(row.bytes, of: 1)) == row.words)
    }

    @Test(
        "7.7: these codes may close a conversation",
        arguments: [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
            as [UInt16])
    func validCode(_ code: UInt16) {
        #expect(DecodedStream.words([ClientFrame.close(code)]) == ["close \(code)"])
    }

    @Test(
        "7.9, 7.13: these may not",
        arguments: [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] as [UInt16])
    func invalidCode(_ code: UInt16) {
        #expect(DecodedStream.words([ClientFrame.close(code)]) == ["!invalidClose"])
    }

    @Test(
        "9.1-9.4: a large message in one frame and in many is the same message", arguments: [64, 4096, 65536, 1 << 20])
    func large(fragment: Int) {
        let payload = Self.stars(1 << 20)
        for (opcode, word) in [(1, "text"), (2, "binary")] as [(UInt8, String)] {
            let bytes = ClientFrame.message(opcode, payload, by: fragment)
            #expect(DecodedStream.words([bytes]) == ["\(word) #\(1 << 20)"])
        }
    }

    @Test("9.5-9.6: a large message in small pieces", arguments: [64, 128, 1024])
    func chopped(size: Int) {
        let pieces = DecodedStream.pieces(ClientFrame.frame(1, Self.stars(1 << 18)), of: size)
        #expect(DecodedStream.words(pieces) == ["text #\(1 << 18)"])
    }

    @Test("a message over the limit is refused by what its frames announce")
    func limit() {
        let whole = ClientFrame.frame(2, Self.stars(1001))
        #expect(DecodedStream.words([Array(whole.prefix(8))], limit: 1000) == ["!messageTooBig"])
        #expect(DecodedStream.words([ClientFrame.frame(2, Self.stars(1000))], limit: 1000) == ["binary #1000"])
        let parts = ClientFrame.message(2, Self.stars(1001), by: 500)
        #expect(DecodedStream.words([Array(parts.dropLast(1))], limit: 1000) == ["!messageTooBig"])
        #expect(
            DecodedStream.words([ClientFrame.message(2, Self.stars(1000), by: 500)], limit: 1000) == ["binary #1000"])
    }
}
