import Testing

@testable import Bus

@Suite("Replies of Redis")
struct RedisReplyReaderTests {
    private static let stream =
        "+OK\r\n:-42\r\n$5\r\nh\r\nyo\r\n$-1\r\n*-1\r\n*0\r\n-ERR no\r\n*3\r\n$7\r\nmessage\r\n$0\r\n\r\n*2\r\n:1\r\n$-1\r\n+end\r\n"
    private static let values: [RedisValue] = [
        .bytes(Array("OK".utf8)), .integer(-42), .bytes(Array("h\r\nyo".utf8)), .none, .none, .list([]),
        .error("ERR no"),
        .list([.bytes(Array("message".utf8)), .bytes([]), .list([.integer(1), .none])]), .bytes(Array("end".utf8)),
    ]

    private static func read(_ pieces: [[UInt8]]) throws -> [RedisValue] {
        let reader = RedisReplyReader()
        var values: [RedisValue] = []
        for piece in pieces {
            try piece.withUnsafeBytes { try reader.feed($0) }
            while let value = try reader.next() { values.append(value) }
        }
        return values
    }

    @Test("The same replies are found whole, byte by byte and cut anywhere")
    func cuts() throws {
        let bytes = Array(Self.stream.utf8)
        #expect(try Self.read([bytes]) == Self.values)
        #expect(try Self.read(bytes.map { [$0] }) == Self.values)
        for cut in 0...bytes.count {
            #expect(try Self.read([Array(bytes[..<cut]), Array(bytes[cut...])]) == Self.values, "cut at \(cut)")
        }
    }

    static let bad = [
        "HTTP/1.1 200 OK\r\n", "\u{15}\u{3}\u{1}", "*9\r\n*9\r\n*9\r\n*9\r\n*9\r\n*9\r\n*9\r\n*9\r\n*9\r\n*9\r\n",
        "*1025\r\n", "*2147483647\r\n", "*99999999999999999999\r\n", "*2\r\n*4096\r\n", "$-5\r\n",
    ]

    @Test("What is no reply, or more than may be, is an error", arguments: bad)
    func refused(text: String) {
        #expect(throws: RedisError.self) { _ = try Self.read([Array(text.utf8)]) }
        #expect(throws: RedisError.self) { _ = try Self.read(text.utf8.map { [$0] }) }
    }

    /// The same numbers in each run.
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64 = 7
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }

    @Test("Replies with changed bytes are read or refused, and nothing else happens")
    func changed() {
        var numbers = Numbers()
        let (bytes, marks) = (Array(Self.stream.utf8), Array("*$:+-0123456789\r\n\0\u{7f}".utf8))
        var (read, refused) = (0, 0)
        for _ in 0..<20_000 {
            var input = bytes
            for _ in 0..<Int.random(in: 1...6, using: &numbers) {
                input[Int.random(in: 0..<input.count, using: &numbers)] = marks.randomElement(using: &numbers) ?? 0
            }
            let cut = Int.random(in: 0...input.count, using: &numbers)
            do {
                _ = try Self.read([Array(input[..<cut]), Array(input[cut...])])
                read += 1
            } catch { refused += 1 }
        }
        #expect(read > 1000 && refused > 1000)
    }

    @Test("A reply that never ends takes so many bytes and no more")
    func endless() {
        let reader = RedisReplyReader()
        let piece = [UInt8](repeating: 0x61, count: 16 << 10)
        var fed = 0
        #expect(throws: RedisError.self) {
            try Array("$900000000\r\n".utf8).withUnsafeBytes { try reader.feed($0) }
            while fed < 1 << 30 {
                try piece.withUnsafeBytes { try reader.feed($0) }
                fed += piece.count
                _ = try reader.next()
            }
        }
        #expect(fed <= RedisReplyReader.mostBytes + 2 * piece.count)
    }

    @Test("Many replies behind each other are no long one")
    func many() throws {
        let piece = Array(String(repeating: ":1\r\n", count: 4096).utf8)
        let count = try Self.read(Array(repeating: piece, count: 200)).count
        #expect(count == 200 * 4096)
    }
}
