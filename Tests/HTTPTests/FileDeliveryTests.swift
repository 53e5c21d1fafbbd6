import FoundationEssentials
import Reactor
import Synchronization
import Testing

@testable import HTTP
@testable import TestSupport

@Suite("Files and long answers over a socket")
struct FileDeliveryTests {
    /// A file of its own with a megabyte and a half of letters.
    static func withFile(_ body: (OpenFile, String) async throws -> Void) async throws {
        let text = String(decoding: (0..<1_500_000).map { UInt8(ascii: "a") + UInt8($0 * 7 % 26) }, as: UTF8.self)
        let path = FileManager.default.temporaryDirectory.path + "/palco-\(UInt64.random(in: .min ... .max))"
        try Data(text.utf8).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(try OpenFile(path: path), text)
    }

    static func serve(
        _ file: OpenFile, options: HTTPServer.Options = .init(), _ body: (TestServer) async throws -> Void
    ) async throws {
        let handler: HTTPServer.Handler = { request in
            var response = Response.file(file, type: "video/mp4", etag: EntityTag("v1"))
            response.applyConditions(of: request)
            return response
        }
        try await TestServer.run(options: options, handler: handler, body)
    }

    @Test("a file arrives whole, its head with it, and the connection goes on")
    func whole() async throws {
        let pool = try BlockingPool(name: "test-files", threads: 1)
        var options = HTTPServer.Options()
        options.warming = pool
        try await Self.withFile { file, text in
            try await Self.serve(file, options: options) { server in
                let request = "GET / HTTP/1.1\r\nHost: a\r\n"
                let answer = try await server.exchange("\(request)\r\n\(request)Connection: close\r\n\r\n")
                let parts = answer.split(separator: text, omittingEmptySubsequences: false)
                #expect(parts.count == 3)
                #expect(parts[0].contains("Content-Length: 1500000\r\n"))
                #expect(parts[0].contains("ETag: \"v1\"\r\n"))
            }
        }
        await pool.shutdown()
    }

    @Test("one range and several ranges of a file arrive as they were asked for")
    func ranges() async throws {
        try await Self.withFile { file, text in
            let bytes = Array(text.utf8)
            try await Self.serve(file) { server in
                let head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                let one = try await server.exchange(head + "Range: bytes=1000000-1400000\r\n\r\n")
                #expect(one.hasPrefix("HTTP/1.1 206 Partial Content\r\n"))
                #expect(one.hasSuffix("\r\n\r\n" + String(decoding: bytes[1_000_000...1_400_000], as: UTF8.self)))
                let several = try await server.exchange(head + "Range: bytes=0-9,-10\r\n\r\n")
                #expect(several.contains("bytes 0-9/1500000\r\n\r\n" + text.prefix(10) + "\r\n"))
                #expect(several.contains("bytes 1499990-1499999/1500000\r\n\r\n" + text.suffix(10) + "\r\n"))
                let none = try await server.exchange(head + "Range: bytes=1500000-\r\n\r\n")
                #expect(none.hasPrefix("HTTP/1.1 416 "))
                let known = try await server.exchange(head + "If-None-Match: \"v1\"\r\n\r\n")
                #expect(known.hasPrefix("HTTP/1.1 304 Not Modified\r\n"))
                #expect(known.hasSuffix("\r\n\r\n"))
                #expect(!known.contains("Content-Length"))
            }
        }
    }

    @Test("a peer that takes nothing is cut, and the log hears of it")
    func stalledReader() async throws {
        let outcome = AsyncStream<Bool>.makeStream()
        var options = HTTPServer.Options()
        options.limits.writePause = .milliseconds(300)
        let handler: HTTPServer.Handler = { _ in
            var response = Response(body: .bytes([UInt8](repeating: 65, count: 64 << 20)))
            response.completion = { outcome.continuation.yield($0.isWhole) }
            return response
        }
        try await TestServer.run(options: options, handler: handler) { server in
            try await server.connect { peer in
                try await peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                for await isWhole in outcome.stream {
                    #expect(!isWhole)
                    break
                }
            }
        }
    }

    @Test("stopping ends an endless answer")
    func endlessAnswer() async throws {
        let started = AsyncStream<Void>.makeStream()
        let group = try EventLoopGroup(count: 1)
        let handler: HTTPServer.Handler = { _ in
            Response(
                body: .stream(byteCount: nil) { writer in
                    try await writer.write("tick\n")
                    started.continuation.yield()
                    try await eventually("the server stops") { !writer.keepsGoing() }
                })
        }
        let server = HTTPServer(
            listener: try Listener.bind(host: "127.0.0.1", port: 0), connections: ConnectionSet(group), handler: handler
        )
        server.start()
        let peers = try EventLoopGroup(count: 1)
        async let answer = TestServer(group: peers, server: server).exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        for await _ in started.stream { break }
        let left = await server.stop(patience: .seconds(120))
        #expect(left == 0)
        let text = try await answer
        #expect(text.hasSuffix("0\r\n\r\n"))
        await group.shutdown()
        await peers.shutdown()
    }

    @Test("an endless answer ends when its peer leaves")
    func leavingPeer() async throws {
        let ended = AsyncStream<Void>.makeStream()
        let handler: HTTPServer.Handler = { _ in
            Response(
                body: .stream(byteCount: nil) { writer in
                    try await writer.write("first")
                    // Cancelled with the peer's leaving, so it throws.
                    defer { ended.continuation.yield() }
                    try await eventually("nobody is there") { false }
                })
        }
        try await TestServer.run(handler: handler) { server in
            try await server.connect { peer in
                try await peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                _ = try await peer.read(until: "first\r\n")
            }
            for await _ in ended.stream { break }
        }
    }
}
