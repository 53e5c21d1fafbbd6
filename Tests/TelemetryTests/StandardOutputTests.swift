import Glibc
import Testing

@testable import Telemetry

@Suite("The log's way out")
struct StandardOutputTests {
    /// A pipe: where the log reads from and where it is written to.
    static func pipe() throws -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [0, 0]
        try #require(Glibc.pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    @Test("Lines of many threads come out whole, and flush waits for them")
    func wholeLines() async throws {
        let (reader, writer) = try Self.pipe()
        let output = StandardOutput(descriptor: writer)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask { @concurrent in
                    for line in 0..<50 { output.write(Array("\(task):\(line)\n".utf8)) }
                }
            }
        }
        output.flush()
        close(writer)
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(reader, &buffer, buffer.count)
        close(reader)
        let lines = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).split(separator: "\n")
        #expect(Set(lines).count == 200)
        #expect(lines.filter { $0.hasPrefix("2:") } == (0..<50).map { "2:\($0)" })
    }

    @Test("When nobody reads, writing does not wait: lines are dropped, counted, and the count is told")
    func dropping() throws {
        let (reader, writer) = try Self.pipe()
        let setPipeSize: Int32 = 1_031  // F_SETPIPE_SZ, linux/fcntl.h
        _ = fcntl(writer, setPipeSize, 4_096)
        let output = StandardOutput(descriptor: writer, capacity: 1_000)
        let line = Array(String(repeating: "x", count: 99).utf8) + [UInt8(ascii: "\n")]
        for _ in 0..<1_000 { output.write(line) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        // Room is made by reading; then the next line carries the news.
        while !String(decoding: text, as: UTF8.self).contains("log lines dropped") {
            let count = read(reader, &buffer, buffer.count)
            try #require(count > 0)
            text += buffer.prefix(count)
            output.write(line)
        }
        output.flush()
        #expect(text.count < 100 * 1_000)
        close(reader)
    }
}
