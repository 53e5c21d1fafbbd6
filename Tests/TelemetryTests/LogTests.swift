import FoundationEssentials
import Testing

@testable import Telemetry

@Suite("The log")
struct LogTests {
    let captured = CapturedLog()

    struct Line: Decodable {
        var time: String
        var level: String
        var message: String
        var text: String?
        var number: Int?
        var seconds: Double?
        var flag: Bool?
    }

    func line(_ fields: LogFields) throws -> Line {
        Log(sink: captured).info("hello", fields)
        return try JSONDecoder().decode(Line.self, from: Data(try #require(captured.lines.last).utf8))
    }

    @Test("A line is one JSON object with its fields in order")
    func json() throws {
        let line = try line(["text": "a", "number": 7, "seconds": .seconds(.milliseconds(1_250)), "flag": true])
        #expect(line.level == "info" && line.message == "hello")
        #expect(line.text == "a" && line.number == 7 && line.seconds == 1.25 && line.flag == true)
        let last = try #require(captured.lines.last)
        #expect(last.hasSuffix(#","message":"hello","text":"a","number":7,"seconds":1.25,"flag":true}"#))
    }

    @Test(
        "Whatever a text holds, the line stays one line of JSON and gives the text back",
        arguments: ["", "\"\\\n\r\t", "\u{0}\u{1F}\u{7F}", "привет 👋", "a\u{2028}b", "}{,"])
    func escaping(text: String) throws {
        #expect(try line(["text": .string(text)]).text == text)
        #expect(try #require(captured.lines.last).contains("\n") == false)
    }

    @Test("A long text is cut at a character", arguments: ["a", "я", "👋"])
    func cutting(character: String) throws {
        for offset in 0..<4 {
            let text = String(repeating: "-", count: offset) + String(repeating: character, count: 10_000)
            let kept = try #require(try line(["text": .string(text)]).text)
            #expect(kept.hasSuffix("…") && text.hasPrefix(kept.dropLast()) && kept.utf8.count <= 4_099)
        }
    }

    @Test("Numbers that JSON does not know are null")
    func infinities() throws {
        #expect(try line(["seconds": .real(.infinity)]).seconds == nil)
        #expect(try line(["seconds": .real(.nan)]).seconds == nil)
    }

    @Test("Fields of a context come first in each of its lines")
    func context() throws {
        let log = Log(sink: captured).with(["request": "r1"])
        log.with(["user": "u1"]).error("no", ["code": 3])
        log.info("yes")
        #expect(captured.lines[0].hasSuffix(#""error","message":"no","request":"r1","user":"u1","code":3}"#))
        #expect(captured.lines[1].hasSuffix(#""message":"yes","request":"r1"}"#))
    }

    @Test("Lines below the level are neither written nor made")
    func level() {
        let log = Log(level: .warning, sink: captured)
        var isMade = false
        log.info(
            "quiet",
            {
                isMade = true
                return [:]
            }())
        log.debug("quiet")
        log.warning("loud")
        #expect(!isMade && captured.lines.count == 1)
        #expect(LogLevel(name: "warning") == .warning && LogLevel(name: "loud") == nil)
    }

    @Test(
        "Fields whose names speak of secrets are masked",
        arguments: ["password", "access_token", "Authorization", "Set-Cookie", "csrf", "client_secret", "otp", "grant"])
    func secretNames(name: String) {
        var fields: LogFields = [:]
        fields[name] = "hunter2"
        Log(sink: captured).with(fields).info("hello", fields)
        #expect(captured.lines.allSatisfy { !$0.contains("hunter2") })
    }

    /// As long as those in addresses.
    static let grant = String(repeating: "aB-_9", count: 17).dropLast(3)

    @Test(
        "Secrets inside a value are masked up to their end",
        arguments: [
            ("/v/1/hls/a.m3u8?token=hunter2", "/v/1/hls/a.m3u8?token=[redacted]"),
            ("/x?token=hunter2&t=5", "/x?token=[redacted]&t=5"),
            ("Authorization: Bearer hunter2, again", "Authorization: Bearer [redacted], again"),
            ("palco_session=hunter2; palco_csrf=hunter2", "palco_session=[redacted]; palco_csrf=[redacted]"),
            ("nothing = here to hide", "nothing = here to hide"),
            ("/play/\(grant)/720p/3.m4s", "/play/[redacted]/720p/3.m4s"),
            ("/play/\(grant)", "/play/[redacted]"),
            ("see /play/\(grant)?token=x", "see /play/[redacted]?token=[redacted]"),
            ("/\(grant)/\(grant)//", "/[redacted]/[redacted]//"), ("%2F\(grant)", "[redacted]"),
            (String(repeating: "a", count: 64), String(repeating: "a", count: 64)),
        ])
    func secretValues(text: String, shown: String) throws {
        #expect(try line(["text": .string(text)]).text == shown)
    }

    @Test("The readable form shows control characters instead of obeying them")
    func readable() throws {
        let log = Log(form: .readable(colored: false), sink: captured)
        log.warning("careful", ["name": "\u{1B}[31mred\u{9B}0m\n", "plain": "yes", "n": 3, "password": "hunter2"])
        let line = try #require(captured.lines.last)
        #expect(line.hasSuffix(#" WARN  careful name="\x1b[31mred\x9b0m\n" plain=yes n=3 password=[redacted]"#))
        Log(form: .readable(colored: true), sink: captured).error("bad")
        #expect(try #require(captured.lines.last).contains("\u{1B}[31mERROR\u{1B}[0m bad"))
    }

    @Test(
        "Times are those of the calendar",
        arguments: [
            (0, 0, "1970-01-01T00:00:00.000Z"), (951_782_399, 999, "2000-02-28T23:59:59.999Z"),
            (951_782_400, 1, "2000-02-29T00:00:00.001Z"), (4_102_444_799, 0, "2099-12-31T23:59:59.000Z"),
            (-1, 0, "1969-12-31T23:59:59.000Z"), (1_798_761_600, 50, "2027-01-01T00:00:00.050Z"),
        ])
    func times(seconds: Int64, milliseconds: Int, text: String) {
        var bytes: [UInt8] = []
        bytes.append(upTo: Timestamp.mostBytes) {
            Timestamp(seconds: seconds, milliseconds: milliseconds).write(to: &$0)
        }
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }
}
