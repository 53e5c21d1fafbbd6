import FoundationEssentials
import Reactor
import Synchronization
import Testing

@testable import HTTP
@testable import TestSupport

@Suite("HTTP/2 server")
struct HTTP2ServerTests {
    /// Tells what was asked, and says a body again.
    private static let echo: HTTPServer.Handler = { request in
        do {
            let body = try await request.body.collect()
            if request.method == .post { return .bytes(body, type: "application/octet-stream") }
        } catch { return .text("\(error)", status: (error as? RequestBodyError)?.status ?? .badRequest) }
        let host = request.headers[.host] ?? "-"
        return .text("\(request.method) \(request.target) \(host) \(request.headers[.cookie] ?? "-")")
    }

    @Test("answers requests of prior knowledge, several on one connection")
    func requests() async throws {
        try await TestServer.run(handler: Self.echo) { server in
            try await server.speakHTTP2 { peer in
                let crumbs = [("cookie", "a=1"), ("cookie", "b=2")]
                try await peer.send(
                    HTTP2Frame.headers(1, HTTP2Frame.request("/x?y=1", crumbs)),
                    HTTP2Frame.headers(3, HTTP2Frame.request("/z")))
                let first = try await peer.answer(1)
                #expect(first.0 == "200")
                #expect(String(decoding: first.1, as: UTF8.self) == "GET /x?y=1 a a=1; b=2")
                let second = try await peer.answer(3)
                #expect(String(decoding: second.1, as: UTF8.self) == "GET /z a -")
            }
            #expect(
                try await server.exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").hasSuffix(
                    "GET / a -"))
        }
    }

    @Test("knows the preface in pieces, and what only begins like it")
    func prefaceInPieces() async throws {
        try await TestServer.run(handler: Self.echo) { server in
            try await server.speakHTTP2(saysHello: false) { peer in
                for byte in HTTP2Frame.preface + HTTP2Frame.settings() {
                    try await peer.send([byte])
                    await Task.yield()
                }
                try await peer.send(HTTP2Frame.headers(1, HTTP2Frame.request()))
                #expect(try await peer.answer(1).0 == "200")
            }
            for text in [
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r!", "PROPFIND / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            ] {
                #expect(try await server.exchange(text).hasPrefix("HTTP/1.1 "))
            }
        }
    }

    @Test("answers HEAD, 204 and 304 without a body and with their fields")
    func withoutBody() async throws {
        try await TestServer.run(handler: { request in
            switch request.target {
            case "/none": .noContent
            case "/same": Response(status: .notModified)
            default: .text("eleven byte")
            }
        }) { server in
            try await server.speakHTTP2 { peer in
                try await peer.send(HTTP2Frame.headers(1, HTTP2Frame.request("/", method: "HEAD")))
                try await peer.reads("HEADERS 1 200 end")
                try await peer.send(HTTP2Frame.headers(3, HTTP2Frame.request("/none")))
                try await peer.reads("HEADERS 3 204 end")
                try await peer.send(HTTP2Frame.headers(5, HTTP2Frame.request("/same")))
                try await peer.reads("HEADERS 5 304 end")
                #expect(peer.bodies.isEmpty)
            }
        }
    }

    @Test("takes a large body within its windows, which grow for it, and answers with the same")
    func largeBody() async throws {
        let bytes = (0..<6_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        try await TestServer.run(handler: Self.echo) { server in
            try await server.speakHTTP2([(4, 1 << 20)]) { peer in
                peer.givesWindow = true
                try await peer.send(HTTP2Frame.headers(1, HTTP2Frame.request("/", method: "POST"), ends: false))
                try await peer.upload(bytes, on: 1)
                let answer = try await peer.answer(1)
                #expect(answer.0 == "200")
                #expect(answer.1 == bytes)
            }
        }
    }

    @Test("a body ends with trailers, and waits for leave where the client asks for it")
    func trailersAndLeave() async throws {
        try await TestServer.run(handler: Self.echo) { server in
            try await server.speakHTTP2 { peer in
                let asks = HTTP2Frame.request("/", method: "POST", [("expect", "100-continue")])
                try await peer.send(HTTP2Frame.headers(1, asks, ends: false))
                try await peer.reads("HEADERS 1 100")
                try await peer.send(
                    HTTP2Frame.data(1, Array("abc".utf8)),
                    HTTP2Frame.headers(1, HTTP2Frame.fields([("checksum", "1")])))
                let answer = try await peer.answer(1)
                #expect(answer.1 == Array("abc".utf8))
            }
        }
    }

    @Test("files come whole and in ranges, in pieces of the client's window")
    func files() async throws {
        try await FileDeliveryTests.withFile { file, text in
            try await FileDeliveryTests.serve(file) { server in
                try await server.speakHTTP2 { peer in
                    peer.givesWindow = true
                    try await peer.send(HTTP2Frame.headers(1, HTTP2Frame.request()))
                    let whole = try await peer.answer(1)
                    #expect(whole.0 == "200")
                    #expect(String(decoding: whole.1, as: UTF8.self) == text)
                    let range = HTTP2Frame.request("/", [("range", "bytes=1000000-1400000")])
                    try await peer.send(HTTP2Frame.headers(3, range))
                    let part = try await peer.answer(3)
                    #expect(part.0 == "206")
                    #expect(part.1 == Array(Array(text.utf8)[1_000_000...1_400_000]))
                    let several = HTTP2Frame.request("/", [("range", "bytes=0-9,-10")])
                    try await peer.send(HTTP2Frame.headers(5, several))
                    let parts = String(decoding: try await peer.answer(5).1, as: UTF8.self)
                    #expect(parts.contains("bytes 0-9/1500000\r\n\r\n" + text.prefix(10) + "\r\n"))
                    let same = HTTP2Frame.request("/", [("if-none-match", "\"v1\"")])
                    try await peer.send(HTTP2Frame.headers(7, same))
                    #expect(try await peer.answer(7).0 == "304")
                }
            }
        }
    }

    @Test("a hundred megabytes of a file come whole over a wide window, a piece at a time")
    func largeFile() async throws {
        let block = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 11) }
        let path = FileManager.default.temporaryDirectory.path + "/palco-\(UInt64.random(in: .min ... .max))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        var content = Data()
        for number in 0..<100 {
            content += block
            content.append(UInt8(number))
        }
        try content.write(to: URL(filePath: path))
        let file = try OpenFile(path: path)
        let expected = [UInt8](content)
        try await FileDeliveryTests.serve(file) { server in
            try await server.speakHTTP2([(4, 8 << 20)]) { peer in
                peer.givesWindow = true
                try await peer.send(
                    HTTP2Frame.windowUpdate(0, 8 << 20), HTTP2Frame.headers(1, HTTP2Frame.request()))
                let answer = try await peer.answer(1)
                #expect(answer.0 == "200")
                #expect(answer.1 == expected)
            }
        }
    }

    @Test("a streamed body comes as it is made, and no faster than it is taken")
    func streamed() async throws {
        let written = Atomic(0)
        try await TestServer.run(handler: { request in
            Response(
                body: .stream(byteCount: nil) { writer in
                    try await writer.write("first")
                    guard request.target != "/one" else { return }
                    for _ in 0..<1_000 {
                        try await writer.write([UInt8](repeating: 1, count: 10_000))
                        written.add(10_000, ordering: .relaxed)
                    }
                })
        }) { server in
            try await server.speakHTTP2 { peer in
                try await peer.send(HTTP2Frame.headers(1, HTTP2Frame.request("/one")))
                #expect(try await peer.answer(1).1 == Array("first".utf8))
                try await peer.send(HTTP2Frame.headers(3, HTTP2Frame.request("/many")))
                while peer.bodies[3]?.count ?? 0 < 60_000 { _ = try await peer.next() }
                // The window of 65,535 is used up, and a little more waits in memory.
                try await peer.send(HTTP2Frame.ping())
                try await peer.reads("PING ack 12345678")
                #expect(written.load(ordering: .relaxed) < 65_536 + 50_000)
                peer.givesWindow = true
                try await peer.send(HTTP2Frame.windowUpdate(0, 1 << 20), HTTP2Frame.windowUpdate(3, 1 << 20))
                #expect(try await peer.answer(3).1.count == 10_000_005)
            }
        }
    }

    @Test("a body that breaks its promise ends its stream with an error, and the connection goes on")
    func brokenPromise() async throws {
        let whole = Mutex<[Bool]>([])
        try await TestServer.run(handler: { request in
            var response =
                request.target == "/short"
                ? Response(body: .stream(byteCount: 10) { try await $0.write("five!") }) : .text("fine")
            response.completion = { completion in whole.withLock { $0.append(completion.isWhole) } }
            return response
        }) { server in
            try await server.speakHTTP2 { peer in
                try await peer.send(HTTP2Frame.headers(1, HTTP2Frame.request("/short")))
                try await peer.reads("RST_STREAM 1 INTERNAL_ERROR")
                try await peer.send(HTTP2Frame.headers(3, HTTP2Frame.request("/")))
                #expect(try await peer.answer(3).1 == Array("fine".utf8))
            }
        }
        #expect(whole.withLock { $0 } == [false, true])
    }

    @Test("heads that are too large are refused by name, and the connection goes on")
    func largeHeads() async throws {
        let refusals = Mutex<[Int]>([])
        var options = HTTPServer.Options()
        options.refused = { status, _ in refusals.withLock { $0.append(status.code) } }
        try await TestServer.run(options: options, handler: Self.echo) { server in
            try await server.speakHTTP2 { peer in
                let large = HTTP2Frame.request("/", [("x", String(repeating: "x", count: 15_900))])
                try await peer.send(
                    HTTP2Frame.headers(1, Array(large.prefix(16_000)), flags: 0),
                    HTTP2Frame.continuation(1, Array(large.dropFirst(16_000))))
                #expect(try await peer.answer(1).0 == "200")
                let more = HTTP2Frame.request("/", [("x", String(repeating: "x", count: 17_000))])
                try await peer.send(
                    HTTP2Frame.headers(3, Array(more.prefix(16_000)), flags: 0),
                    HTTP2Frame.continuation(3, Array(more.dropFirst(16_000))))
                #expect(try await peer.answer(3).0 == "431")
                let path = "/" + String(repeating: "x", count: 9_000)
                try await peer.send(HTTP2Frame.headers(5, HTTP2Frame.request(path)))
                #expect(try await peer.answer(5).0 == "414")
                try await peer.send(HTTP2Frame.headers(7, HTTP2Frame.request()))
                #expect(try await peer.answer(7).0 == "200")
            }
        }
        #expect(refusals.withLock { $0 } == [431, 414])
    }

    @Test("an answer that leaves the body unread ends the stream, and gives the window back")
    func unreadBody() async throws {
        try await TestServer.run(handler: { request in
            request.method == .post ? .text("no", status: .forbidden) : .text("yes")
        }) { server in
            try await server.speakHTTP2 { peer in
                for stream in stride(from: 1, to: 200, by: 2) {
                    try await peer.send(
                        HTTP2Frame.headers(stream, HTTP2Frame.request("/", method: "POST"), ends: false),
                        HTTP2Frame.data(stream, [UInt8](repeating: 0, count: 16_000)))
                    try await peer.reads("HEADERS \(stream) 403")
                    try await peer.reads("RST_STREAM \(stream) NO_ERROR")
                }
                try await peer.send(HTTP2Frame.headers(201, HTTP2Frame.request()))
                #expect(try await peer.answer(201).0 == "200")
            }
        }
    }

    @Test("what players need first comes first: playlists before segments")
    func priorities() async throws {
        try await TestServer.run(handler: { request in
            let count = 200_000
            return request.target == "/segment"
                ? .bytes([UInt8](repeating: 1, count: count), type: "video/mp4")
                : .bytes([UInt8](repeating: 2, count: 3_000), type: "application/vnd.apple.mpegurl")
        }) { server in
            try await server.speakHTTP2([(4, 1 << 20)]) { peer in
                try await peer.send(HTTP2Frame.headers(1, HTTP2Frame.request("/segment", [("priority", "u=1")])))
                while peer.bodies[1]?.count ?? 0 < 65_535 { _ = try await peer.next() }
                try await peer.send(HTTP2Frame.headers(3, HTTP2Frame.request("/playlist", [("priority", "u=3")])))
                try await peer.reads("HEADERS 3 200")
                try await peer.send(HTTP2Frame.windowUpdate(0, 3_000))
                #expect(try await peer.answer(3).1.count == 3_000)
                #expect(peer.bodies[1]?.count == 65_535)
            }
        }
    }
}
