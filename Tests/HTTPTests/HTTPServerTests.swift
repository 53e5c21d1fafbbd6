import Reactor
import Synchronization
import Testing

@testable import HTTP

@Suite("Server")
struct HTTPServerTests {
    static let echo: HTTPServer.Handler = { request in
        let body = (try? await request.body.collect()) ?? Array("broken".utf8)
        return .text("\(request.method) \(request.target) \(String(decoding: body, as: UTF8.self))")
    }

    @Test("requests on one connection are answered in order, pipelined ones too")
    func pipelining() async throws {
        try await TestServer.run(handler: Self.echo) { server in
            let text = try await server.exchange(
                "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
                    + "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            let bodies = text.split(separator: "\r\n\r\n", omittingEmptySubsequences: false)
            #expect(bodies.count == 4)
            #expect(bodies[1].hasPrefix("GET /1 HTTP/1.1 200 OK"))
            #expect(bodies[2].hasPrefix("POST /2 hiHTTP/1.1 200 OK"))
            #expect(bodies[2].contains("Connection: close"))
            #expect(bodies[3] == "GET /3 ")
        }
    }

    @Test("a thousand pipelined requests get a thousand answers")
    func longPipeline() async throws {
        try await TestServer.run(handler: { _ in .text("x") }) { server in
            let text = try await server.connect { peer in
                try await peer.send(String(repeating: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", count: 1000))
                try await peer.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                return try await peer.readToEnd()
            }
            #expect(text.split(separator: "HTTP/1.1 200 OK", omittingEmptySubsequences: false).count == 1002)
        }
    }

    @Test("a head that comes byte by byte is a head")
    func slowHead() async throws {
        try await TestServer.run(handler: Self.echo) { server in
            let text = try await server.connect { peer in
                for byte in "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc" {
                    try await peer.send(String(byte))
                    await Task.yield()
                }
                return try await peer.readToEnd()
            }
            #expect(text.hasSuffix("POST /a abc"))
        }
    }

    @Test("HEAD has the head of GET and no body")
    func head() async throws {
        try await TestServer.run(handler: { _ in .text("hello") }) { server in
            let text = try await server.exchange("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(text.contains("Content-Length: 5\r\n"))
            #expect(text.hasSuffix("\r\n\r\n"))
        }
    }

    @Test("an answer has a date, and the server alone frames it")
    func framingFields() async throws {
        let handler: HTTPServer.Handler = { _ in
            Response(headers: [.contentLength: "99", .transferEncoding: "chunked", "X-A": "b"], body: .string("abc"))
        }
        try await TestServer.run(handler: handler) { server in
            let text = try await server.exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(text.contains("\r\nDate: "))
            #expect(text.contains("\r\nContent-Length: 3\r\n"))
            #expect(!text.contains("99"))
            #expect(!text.contains("chunked"))
            #expect(text.contains("\r\nX-A: b\r\n"))
        }
    }

    @Test("a stream is chunked, or ends with the connection for HTTP/1.0")
    func streaming() async throws {
        let handler: HTTPServer.Handler = { _ in
            Response(
                body: .stream(byteCount: nil) { writer in
                    try await writer.write("hello ")
                    try await writer.write("")
                    try await writer.write(String(repeating: "x", count: 300))
                })
        }
        try await TestServer.run(handler: handler) { server in
            let new = try await server.exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(new.contains("Transfer-Encoding: chunked\r\n"))
            #expect(
                new.hasSuffix("\r\n\r\n6\r\nhello \r\n12c\r\n" + String(repeating: "x", count: 300) + "\r\n0\r\n\r\n"))
            let old = try await server.exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(old.contains("Connection: close\r\n"))
            #expect(old.hasSuffix("\r\n\r\nhello " + String(repeating: "x", count: 300)))
        }
    }

    @Test("a stream that fails half way ends the connection, so that the peer notices")
    func failingStream() async throws {
        let completions = Mutex<[Bool]>([])
        struct Broken: Error {}
        let handler: HTTPServer.Handler = { _ in
            var response = Response(
                body: .stream(byteCount: nil) { writer in
                    try await writer.write("half")
                    throw Broken()
                })
            response.completion = { completion in completions.withLock { $0.append(completion.isWhole) } }
            return response
        }
        try await TestServer.run(handler: handler) { server in
            let text = try await server.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(text.hasSuffix("4\r\nhalf\r\n"))
            #expect(completions.withLock { $0 } == [false])
        }
    }

    @Test("100 is sent when the handler begins to read, and not before")
    func expectation() async throws {
        let handler: HTTPServer.Handler = { request in
            if request.path == "/no" { return Response(status: .forbidden) }
            return await Self.echo(request)
        }
        try await TestServer.run(handler: handler) { server in
            let head = "Host: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n"
            let taken = try await server.connect { peer in
                try await peer.send("POST /yes HTTP/1.1\r\n\(head)Connection: close\r\n\r\n")
                let first = try await peer.read(until: "\r\n\r\n")
                try await peer.send("abc")
                return [first, try await peer.readToEnd()]
            }
            #expect(taken[0] == "HTTP/1.1 100 Continue\r\n\r\n")
            #expect(taken[1].hasSuffix("POST /yes abc"))
            let refused = try await server.exchange("POST /no HTTP/1.1\r\n\(head)\r\n")
            #expect(refused.hasPrefix("HTTP/1.1 403 Forbidden\r\n"))
            #expect(refused.contains("Connection: close\r\n"))
        }
    }

    @Test("a small body that nobody read does not end the connection, a large one does")
    func unreadBody() async throws {
        try await TestServer.run(handler: { _ in .text("ok") }) { server in
            let small = try await server.exchange(
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
                    + "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(small.split(separator: "200 OK", omittingEmptySubsequences: false).count == 3)
            let large = try await server.exchange(
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n" + String(repeating: "a", count: 100_000)
            )
            #expect(large.split(separator: "200 OK", omittingEmptySubsequences: false).count == 2)
            #expect(large.contains("Connection: close\r\n"))
        }
    }

    @Test("a large body streams through, chunked or not, without being held in memory")
    func largeBody() async throws {
        let largest = Mutex(0)
        let handler: HTTPServer.Handler = { request in
            var sum = 0
            var count = 0
            do {
                for try await piece in request.body {
                    count += piece.count
                    sum &+= piece.reduce(0) { $0 &+ Int($1) }
                    largest.withLock { $0 = max($0, piece.count) }
                }
            } catch { return .text("\(error)") }
            return .text("\(count) \(sum)")
        }
        try await TestServer.run(handler: handler) { server in
            let piece = String(repeating: "a", count: 50_000)
            let plain = try await server.connect { peer in
                try await peer.send(
                    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\nConnection: close\r\n\r\n")
                for _ in 0..<100 { try await peer.send(piece) }
                return try await peer.readToEnd()
            }
            #expect(plain.hasSuffix("\r\n\r\n5000000 \(5_000_000 * 97)"))
            let chunked = try await server.connect { peer in
                try await peer.send(
                    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
                for _ in 0..<100 { try await peer.send("c350\r\n\(piece)\r\n") }
                try await peer.send("0\r\n\r\n")
                return try await peer.readToEnd()
            }
            #expect(chunked.hasSuffix("\r\n\r\n5000000 \(5_000_000 * 97)"))
            #expect(largest.withLock { $0 } <= LoopState.inboundCapacity)
        }
    }
}
