import FoundationEssentials
import Testing

@testable import Web

@Suite("Writing JSON")
struct JSONBytesTests {
    private struct Everything: Encodable {
        struct Part: Encodable {
            var someName: String
            var b: Int?
            var nothing: [Int] = []
        }
        enum Word: String, Encodable { case one, two }
        struct Empty: Encodable {}
        /// Adds a field to those of another one.
        struct More: Encodable {
            var part: Part
            enum CodingKeys: String, CodingKey { case addedHere }
            func encode(to encoder: any Encoder) throws {
                try part.encode(to: encoder)
                var fields = encoder.container(keyedBy: CodingKeys.self)
                try fields.encode(true, forKey: .addedHere)
                try fields.encodeNil(forKey: .addedHere)
            }
        }
        /// Names that are written as they are.
        struct Written: Encodable {
            var b_c = 1
            var b_c_d2 = [""]
            var _a = true
            var a__b_ = "x"
            var é_é = 0
        }
        var written = [Written()]
        var zuluTime = Date(timeIntervalSince1970: 1_700_000_000.123_456)
        var aURLOfIt = "https://example.org/a?b=c&d"
        var word = Word.two
        var missing: String?
        var parts = [Part(someName: "x", b: 1), Part(someName: "y")]
        var names = ["keptAsIs": 1, "b c": 2, "a": 3]
        var numbers: [Int: Bool] = [2: true, 1: false]
        var doubles = [0.1, 1, -0.0, 1e20, 1e-7, 12345678.9, 5e15, 5e17]
        var float: Float = 0.1
        var bytes: [UInt8] = [0, 255]
        var large = UInt64.max
        var small = Int8.min
        var empty = Empty()
        var nested: [[String?]] = [["a", nil], []]
        var more = More(part: Part(someName: "z"))
    }

    private func isSame(_ value: some Encodable) throws -> Bool {
        let (ours, foundations) = (try JSON.encode(value), try JSON.encodeByFoundation(value))
        if ours != foundations {
            print(String(decoding: ours, as: UTF8.self), String(decoding: foundations, as: UTF8.self), separator: "\n")
        }
        return ours == foundations
    }

    @Test("It is written as Foundation writes it, byte for byte")
    func everything() throws {
        let out = JSONBytes()
        try out.write(Everything())
        #expect(try out.bytes == JSON.encodeByFoundation(Everything()))
        #expect(try isSame(Everything()))
        #expect(try isSame("a text"))
        #expect(try isSame(String?.none))
        #expect(try isSame([String: [String]]()))
    }

    @Test("Every character is written as Foundation writes it")
    func characters() throws {
        for value in UInt32(0)...0x3000 {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = "a\(scalar)b"
            #expect(try JSON.encode([text]) == JSON.encodeByFoundation([text]), "\(value)")
        }
        #expect(try isSame(["\u{1F600}", "e\u{301}", "\"\\/"]))
    }

    @Test("What it does not write itself is Foundation's")
    func foundations() throws {
        struct Nested: Encodable {
            enum Keys: String, CodingKey { case outerName, innerName }
            func encode(to encoder: any Encoder) throws {
                var outer = encoder.container(keyedBy: Keys.self)
                var one = outer.nestedContainer(keyedBy: Keys.self, forKey: .outerName)
                var list = outer.nestedUnkeyedContainer(forKey: .innerName)
                try one.encode(1, forKey: .innerName)
                try list.encode("x")
            }
        }
        #expect(try isSame(Nested()))
        #expect(try isSame(["data": Data([1, 2, 3])]))
        #expect(throws: EncodingError.self) { try JSON.encode([Double.nan]) }
    }

    @Test("Times are written as Foundation writes them")
    func times() throws {
        var random = SystemRandomNumberGenerator()
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for _ in 0..<20_000 {
            let microseconds = Int64.random(in: 0..<253_402_300_000_000_000, using: &random)
            let date = Date(timeIntervalSince1970: Double(microseconds) / 1_000_000)
            #expect(InternetTime(date).description == date.formatted(style))
        }
        for day in 0..<60_000 {
            let date = Date(timeIntervalSince1970: Double(day) * 86_400)
            #expect(InternetTime(date).description == date.formatted(style))
        }
        let before = Date(timeIntervalSince1970: -1.5)
        #expect(InternetTime(before).description == before.formatted(style))
    }
}
