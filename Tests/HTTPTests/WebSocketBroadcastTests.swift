import Synchronization
import Testing

@testable import HTTP

@Suite("Messages for many sockets")
struct WebSocketBroadcastTests {
    /// - Parameter offer: of the client; nil where it offers no compression.
    private static func encoder(_ offer: String?, _ contexts: DeflateContexts) -> WebSocketEncoder {
        let deflate = offer.flatMap(WebSocketOffers.init(parsing:)).flatMap(PerMessageDeflate.init)
        return WebSocketEncoder(deflate: deflate, leastByteCount: 100, contexts: contexts)
    }

    private static func place(_ bytes: [UInt8]) -> Int { bytes.withUnsafeBytes { Int(bitPattern: $0.baseAddress) } }

    private static let text = String(repeating: "abc ", count: 500)

    @Test("All sockets send the same frame, which is the one of a message for one socket")
    func plain() {
        for message in [WebSocketMessage.text("Hello"), .text(Self.text), .binary(Array(repeating: 7, count: 70_000))] {
            let broadcast = WebSocketBroadcast(message)
            let encoders = [nil, nil, "permessage-deflate; server_max_window_bits=10"].map { Self.encoder($0, .init()) }
            let frames = encoders.map(broadcast.bytes(for:))
            var expected: [UInt8] = []
            encoders[0].append(message, to: &expected)
            #expect(frames.allSatisfy { $0 == expected })
            #expect(Set(frames.map(Self.place)).count == 1)
            #expect(broadcast.byteCount == expected.count)
        }
    }

    @Test("It is compressed once, by whoever wants that first, and reads the same")
    func packed() throws {
        let broadcast = WebSocketBroadcast(.text(Self.text))
        let frames = (0..<3).map { _ in broadcast.bytes(for: Self.encoder("permessage-deflate", .init())) }
        #expect(Set(frames.map(Self.place)).count == 1)
        let frame = frames[0]
        #expect(frame[0] == 0xC1 && frame.count < 200)
        let inflater = try #require(Inflater())
        var inflated: [UInt8] = []
        try inflater.inflate(Array(frame[2...]), into: &inflated, limit: 10_000)
        try inflater.finish(into: &inflated, limit: 10_000)
        #expect(String(decoding: inflated, as: UTF8.self) == Self.text)
        #expect(broadcast.bytes(for: Self.encoder(nil, .init()))[0] == 0x81)
    }

    @Test("What does not become smaller, or is small, is sent as it is")
    func useless() {
        var generator = SystemRandomNumberGenerator()
        let noise = (0..<500).map { _ in UInt8.random(in: 0...255, using: &generator) }
        for message in [WebSocketMessage.binary(noise), .text("short")] {
            let frame = WebSocketBroadcast(message).bytes(for: Self.encoder("permessage-deflate", .init()))
            #expect(frame[0] & 0x40 == 0)
        }
    }
}
