import Testing

@testable import HTTP

/// Autobahn's section 6: text is UTF-8, checked as it comes.
@Suite("WebSocket text")
struct WebSocketTextTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let id: String
        let bytes: [UInt8]

        init(_ id: String, _ bytes: UInt8...) {
            self.id = id
            self.bytes = bytes
        }

        init(_ id: String, _ text: String, _ bytes: UInt8...) {
            self.id = id
            self.bytes = Array(text.utf8) + bytes
        }

        var testDescription: String { id }
    }

    static let valid: [Sample] = [
        Sample("6.1.1", ""), Sample("6.2.1", "Hello-µ@ßöäüàá-UTF-8!!"), Sample("6.2.4, 6.5", "κόσμε"),
        Sample("6.7.1", 0), Sample("6.7.2", 0xC2, 0x80), Sample("6.7.3", 0xE0, 0xA0, 0x80),
        Sample("6.7.4", 0xF0, 0x90, 0x80, 0x80), Sample("6.9.1", 0x7F), Sample("6.9.2", 0xDF, 0xBF),
        Sample("6.9.3", 0xEF, 0xBF, 0xBF), Sample("6.9.4", 0xF4, 0x8F, 0xBF, 0xBF),
        Sample("6.11.1", 0xED, 0x9F, 0xBF), Sample("6.11.2", 0xEE, 0x80, 0x80), Sample("6.11.3", 0xEF, 0xBF, 0xBD),
        Sample("6.11.4", 0xF4, 0x8F, 0xBF, 0xBF), Sample("6.22 no characters, but encoded", 0xEF, 0xBF, 0xBE),
        Sample("6.22 in the last plane", 0xF4, 0x8F, 0xBF, 0xBE), Sample("6.23 specials", 0xEF, 0xBF, 0xB9),
    ]

    static let invalid: [Sample] = [
        Sample("6.3.1", "κόσμε", 0xED, 0xA0, 0x80, 0x65), Sample("6.6.1", 0xCE), Sample("6.6.3", 0xCE, 0xBA, 0xE1),
        Sample("6.6.4", 0xCE, 0xBA, 0xE1, 0xBD), Sample("6.8.1", 0xF8, 0x88, 0x80, 0x80, 0x80),
        Sample("6.8.2", 0xFC, 0x84, 0x80, 0x80, 0x80, 0x80), Sample("6.10.1", 0xF7, 0xBF, 0xBF, 0xBF),
        Sample("6.10.2", 0xFB, 0xBF, 0xBF, 0xBF, 0xBF), Sample("6.10.3", 0xFD, 0xBF, 0xBF, 0xBF, 0xBF, 0xBF),
        Sample("6.11.5", 0xF4, 0x90, 0x80, 0x80), Sample("6.12.1", 0x80), Sample("6.12.2", 0xBF),
        Sample("6.12.3-8", "a", 0x80, 0xBF, 0x80), Sample("6.13.1", 0xC2, 0x20), Sample("6.13.2", 0xE1, 0x20),
        Sample("6.13.3", 0xF1, 0x20), Sample("6.13.4", 0xF8, 0x20), Sample("6.13.5", 0xFC, 0x20),
        Sample("6.14.1", 0xC2), Sample("6.14.2", 0xE0, 0xA0), Sample("6.14.3", 0xF0, 0x90, 0x80),
        Sample("6.14.6", 0xDF), Sample("6.14.7", 0xEF, 0xBF), Sample("6.14.8", 0xF3, 0xBF, 0xBF),
        Sample("6.15", 0xC0, 0xE0, 0x80, 0xF0, 0x80, 0x80), Sample("6.16.1", 0xFE), Sample("6.16.2", 0xFF),
        Sample("6.17.1", 0xC0, 0xAF), Sample("6.17.2", 0xE0, 0x80, 0xAF), Sample("6.17.3", 0xF0, 0x80, 0x80, 0xAF),
        Sample("6.17.4", 0xF8, 0x80, 0x80, 0x80, 0xAF), Sample("6.18.1", 0xC1, 0xBF),
        Sample("6.18.2", 0xE0, 0x9F, 0xBF),
        Sample("6.18.3", 0xF0, 0x8F, 0xBF, 0xBF), Sample("6.19.1", 0xC0, 0x80), Sample("6.19.2", 0xE0, 0x80, 0x80),
        Sample("6.20.1", 0xED, 0xA0, 0x80), Sample("6.20.4", 0xED, 0xAF, 0xBF), Sample("6.20.7", 0xED, 0xBF, 0xBF),
        Sample("6.21.1", 0xED, 0xA0, 0x80, 0xED, 0xB0, 0x80), Sample("6.21.8", 0xED, 0xAF, 0xBF, 0xED, 0xBF, 0xBF),
    ]

    @Test("text is taken in one frame, in frames of one byte and from pieces of one byte", arguments: valid)
    func taken(_ sample: Sample) {
        let text = String(decoding: sample.bytes, as: UTF8.self)
        let words = [text.isEmpty ? "text" : "text \(text)"]
        #expect(DecodedStream.words([ClientFrame.frame(1, sample.bytes)]) == words)
        #expect(DecodedStream.words([ClientFrame.message(1, sample.bytes, by: 1)]) == words)
        #expect(DecodedStream.words(DecodedStream.pieces(ClientFrame.frame(1, sample.bytes), of: 1)) == words)
        // The fast way over ASCII begins and ends anywhere.
        let framed = Array("12345678901".utf8) + sample.bytes + Array("1234567890123456".utf8)
        let long = String(decoding: framed, as: UTF8.self)
        #expect(DecodedStream.words([ClientFrame.frame(1, framed)]) == ["text \(long)"])
    }

    @Test("what is no text is refused, and so is the same in frames of one byte", arguments: invalid)
    func refused(_ sample: Sample) {
        #expect(DecodedStream.words([ClientFrame.frame(1, sample.bytes)]) == ["!invalidText"])
        #expect(DecodedStream.words([ClientFrame.message(1, sample.bytes, by: 1)]) == ["!invalidText"])
        #expect(DecodedStream.words([ClientFrame.frame(2, sample.bytes)]) == ["binary #\(sample.bytes.count)"])
    }

    @Test("6.1.2-3: frames without bytes are part of a text")
    func emptyFrames() {
        typealias F = ClientFrame
        #expect(DecodedStream.words([F.text("", isFinal: false), F.more(""), F.more("", isFinal: true)]) == ["text"])
        #expect(
            DecodedStream.words([F.text("", isFinal: false), F.more("a"), F.more("", isFinal: true)]) == ["text a"])
    }

    @Test("6.4: text that cannot become valid any more is refused at that byte")
    func failsFast() {
        let start = Array("κόσμε".utf8)
        let first = ClientFrame.frame(1, start + [0xF4], isFinal: false)
        #expect(DecodedStream.words([first]) == [])
        #expect(DecodedStream.words([first, ClientFrame.frame(0, [0x90], isFinal: false)]) == ["!invalidText"])
        // Inside of one frame, whose other bytes have not come.
        let whole = ClientFrame.frame(1, start + [0xF4, 0x90, 0x80, 0x80] + start)
        let head = whole.count - 2 * start.count - 4
        #expect(DecodedStream.words([Array(whole.prefix(head + start.count + 1))]) == [])
        #expect(DecodedStream.words([Array(whole.prefix(head + start.count + 2))]) == ["!invalidText"])
    }

    @Test("a control frame between two halves of a character changes nothing")
    func pingInsideCharacter() {
        let frames = [
            ClientFrame.frame(1, [0xC3], isFinal: false), ClientFrame.ping("x"), ClientFrame.frame(0, [0xA9]),
        ]
        #expect(DecodedStream.words(frames) == ["ping x", "text é"])
    }
}
