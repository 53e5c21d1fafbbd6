import Reactor
import Testing

@testable import HTTP
@testable import HTTPClient
@testable import TestSupport

@Suite("Requests to other servers")
struct ExchangeTests {
    @Test("A request arrives as it was meant, and so does the answer")
    func exchange() async throws {
        try await ClientHouse.run { (house) async throws in
            let base = try house.serve { request in
                var lines = ["\(request.method) \(request.target)"]
                lines += request.headers.map { "\($0.name): \($0.value)" }
                return Response(
                    status: .created, headers: [.contentType: "text/plain", "X-Twice": "a", "X-Twice": "b"],
                    body: .string(lines.joined(separator: "\n")))
            }
            let answer = try await house.fetch(
                ClientRequest(url: base + "/a/b?c=d#e", headers: [.accept: "text/plain", "X-Empty": ""]))
            #expect(answer.status == 201)
            #expect(answer.headers[.contentType] == "text/plain")
            #expect(answer.headers.values(of: "x-twice") == ["a", "b"])
            let lines = answer.text.split(separator: "\n")
            #expect(lines.first == "GET /a/b?c=d")
            #expect(lines.contains("User-Agent: palco") && lines.contains("Accept: text/plain"))
            #expect(lines.contains { $0.hasPrefix("X-Empty:") })
            #expect(!lines.contains { $0.lowercased().hasPrefix("cookie") || $0.lowercased().hasPrefix("expect") })
        }
    }

    @Test("Every method with and without a body", arguments: ["POST", "PUT", "PATCH", "DELETE", "REPORT"])
    func methods(name: String) async throws {
        try await ClientHouse.run { (house) async throws in
            let base = try house.serve { request in
                let body = try? await request.body.collect()
                let length = request.headers[.contentLength] ?? request.headers[.transferEncoding] ?? "none"
                return .text("\(request.method) \(length) \(String(decoding: body ?? [], as: UTF8.self))")
            }
            let method = Request.Method(rawValue: name)
            var request = ClientRequest(method: method, url: base, body: .bytes(Array("whole".utf8)))
            #expect(try await house.fetch(request).text == "\(name) 5 whole")
            request.body = .stream(byteCount: 6, Pieces(["in ", "two"]).next)
            #expect(try await house.fetch(request).text == "\(name) 6 in two")
            request.body = .stream(byteCount: nil, Pieces(["of ", "any ", "", "length"]).next)
            #expect(try await house.fetch(request).text == "\(name) chunked of any length")
            request.body = .stream(byteCount: nil, Pieces([]).next)
            #expect(try await house.fetch(request).text == "\(name) chunked ")
            request.body = .none
            #expect(try await house.fetch(request).text.hasPrefix("\(name) "))
        }
    }

    @Test("A WebSocket is offered where that is asked for, and a server that does not begin one answers as ever")
    func offer() async throws {
        try await ClientHouse.run { (house) async throws in
            let base = try house.serve { request in
                .text("\(request.headers[.upgrade] ?? "none") \(request.headers[.connection] ?? "none")")
            }
            var request = ClientRequest(url: base)
            #expect(try await house.fetch(request).text == "none none")
            request.offersWebSocket = true
            #expect(try await house.fetch(request).text == "websocket Upgrade")
        }
    }

    @Test(
        "An answer is seen that comes while the body pauses, whether all of it arrived or not",
        arguments: [1 << 20, 1 << 16])
    func earlyAnswer(taken: Int) async throws {
        try await ClientHouse.run { (house) async throws in
            let base = try house.listen { connection in
                var (buffer, count) = (ByteBuffer(capacity: 1 << 16), 0)
                while count < taken {
                    let more = try await connection.read(into: &buffer)
                    guard more > 0 else { return }
                    count += more
                    buffer.removeAll()
                }
                try await connection.write(Array("HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno".utf8))
                while try await connection.read(into: &buffer) > 0 { buffer.removeAll() }
            }
            let beginning = Pieces([String](repeating: String(repeating: "x", count: 1 << 14), count: 65))
            let (silence, held) = AsyncStream.makeStream(of: Void.self)
            var request = ClientRequest(method: .post, url: base)
            request.body = .stream(byteCount: 4 << 30) {
                if let piece = try await beginning.next() { return piece }
                for await _ in silence {}
                return nil
            }
            request.timeouts.whole = .seconds(20)
            let answer = try await house.fetch(request)
            #expect(answer.status == 413 && answer.text == "no")
            held.finish()
        }
    }

    @Test("HEAD has a length and no body")
    func head() async throws {
        try await ClientHouse.run { (house) async throws in
            let base = try house.serve { _ in .bytes([UInt8](repeating: 7, count: 5 << 20), type: "video/mp4") }
            let answer = try await house.fetch(ClientRequest(method: .head, url: base))
            #expect(answer.status == 200 && answer.text.isEmpty)
            #expect(answer.headers[.contentLength] == "\(5 << 20)")
        }
    }

    @Test("A connection is used again, and one that the server closed meanwhile is replaced")
    func kept() async throws {
        try await ClientHouse.run { (house) async throws in
            let connections = Counter()
            let base = try house.listen { connection in
                connections.add()
                for _ in 0..<2 {
                    guard try await !connection.readHead().isEmpty else { return }
                    try await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                }
            }
            let loop = house.group.loops[0]
            for round in 1...6 {
                let text = try await Task(executorPreference: loop) {
                    try await house.fetch(ClientRequest(method: .post, url: base, body: .bytes([1, 2, 3]))).text
                }.value
                #expect(text == "ok", "\(round)")
            }
            #expect(connections.value == 3)
        }
    }

    @Test("A streamed body has a connection of its own, unless its maker can send it again", arguments: [false, true])
    func keptForStreams(reuses: Bool) async throws {
        try await ClientHouse.run { (house) async throws in
            let connections = Counter()
            let base = try house.listen { connection in
                connections.add()
                for _ in 0..<2 {
                    var (buffer, text) = (ByteBuffer(capacity: 1 << 16), "")
                    while !text.hasSuffix("\r\n\r\none") {
                        guard try await connection.read(into: &buffer) > 0 else { return }
                        text += String(decoding: buffer.readableBytes, as: UTF8.self)
                        buffer.removeAll()
                    }
                    try await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                }
            }
            let send = { () async throws -> HTTPClientError.Code? in
                var request = ClientRequest(method: .put, url: base, body: .stream(byteCount: 3, Pieces(["one"]).next))
                request.reusesConnections = reuses
                return try await house.failure(of: request)
            }
            try await Task(executorPreference: house.group.loops[0]) {
                for round in 1...4 {
                    var failure = try await send()
                    // The server closed the connection just when it was taken up.
                    if reuses, failure == .disconnected { failure = try await send() }
                    #expect(failure == nil, "\(round)")
                }
            }.value
            #expect(connections.value == (reuses ? 2 : 4))
        }
    }

    @Test("Many requests at once share a few connections")
    func crowd() async throws {
        try await ClientHouse.run { (house) async throws in
            let base = try house.serve { request in .text(request.target) }
            try await withThrowingTaskGroup(of: Bool.self) { tasks in
                for number in 0..<200 {
                    tasks.addTask {
                        try await house.fetch(ClientRequest(url: "\(base)/\(number)")).text == "/\(number)"
                    }
                }
                for try await isRight in tasks { #expect(isRight) }
            }
            // Eight for each of two loops.
            #expect(await house.connections.count() <= 16)
        }
    }

    @Test(
        "What cannot be sent is refused before anything leaves",
        arguments: [
            ClientRequest(method: .init(rawValue: "GET / HTTP/1.1\r\nX:"), url: "http://127.0.0.1/"),
            ClientRequest(method: .init(rawValue: ""), url: "http://127.0.0.1/"),
            ClientRequest(method: .connect, url: "http://127.0.0.1/"),
            ClientRequest(method: .trace, url: "http://127.0.0.1/"),
            ClientRequest(url: "http://127.0.0.1/", body: .bytes([1])),
            ClientRequest(url: "http://127.0.0.1/", headers: [.host: "other"]),
            ClientRequest(url: "http://127.0.0.1/", headers: ["content-length": "3"]),
            ClientRequest(url: "http://127.0.0.1/", headers: [.transferEncoding: "chunked"]),
            ClientRequest(url: "http://127.0.0.1/", headers: ["X-A: b\r\nX-C": "d"]),
            ClientRequest(url: "http://127.0.0.1/", headers: ["": "d"]),
        ])
    func invalid(request: ClientRequest) async throws {
        try await ClientHouse.run { (house) async throws in
            #expect(try await house.failure(of: request) == .invalidRequest)
        }
    }

    @Test(
        "Only http and https addresses without credentials are taken",
        arguments: [
            "", "/path", "ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "javascript:alert(1)",
            "http://", "http://user@127.0.0.1/", "http://user:word@127.0.0.1/",
            "http://127.0.0.1:99999/",
            "http://127.0.0.1/\r\nX: y", "http://127.0.0.1/\u{0}", "http://[::1/",
            "http://127.0.0.1/" + String(repeating: "a", count: 9000),
        ])
    func addresses(text: String) async throws {
        try await ClientHouse.run { (house) async throws in
            #expect(try await house.failure(of: ClientRequest(url: text)) == .invalidURL)
        }
    }

    @Test("The configured proxy is asked with whole addresses, and for no private ones")
    func proxy() async throws {
        let heads = Pieces<String>([])
        try await ClientHouse.run { (house) async throws in
            let proxy = try house.listen { connection in
                heads.append(try await connection.readHead())
                try await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nproxied")
            }
            try await ClientHouse.run(allowing: [], proxy: proxy) { (house) async throws in
                #expect(try await house.fetch(ClientRequest(url: "http://video.example/x")).text == "proxied")
                for host in ["10.0.0.1", "localhost", "[fd00::1]", "0x0a000001"] {
                    #expect(try await house.failure(of: ClientRequest(url: "http://\(host)/")) == .forbiddenAddress)
                }
                // A tunnel that the proxy does not open.
                #expect(try await house.failure(of: ClientRequest(url: "https://video.example/y")) != nil)
            }
        }
        let lines = heads.all.compactMap { $0.split(separator: "\r\n").first.map { String($0) } }
        #expect(lines == ["GET http://video.example/x HTTP/1.1", "CONNECT video.example:443 HTTP/1.1"])
    }

    @Test("After shutdown nothing is sent, and what was under way has ended")
    func shutdown() async throws {
        try await ClientHouse.run { (house) async throws in
            let arrived = Counter()
            let base = try house.listen { connection in
                _ = try await connection.readHead()
                arrived.add()
                _ = await connection.readToEnd()
            }
            async let running = house.failure(of: ClientRequest(url: base))
            try await eventually("the request arrived") { arrived.value == 1 }
            await house.client.shutdown()
            #expect(try await running == .stopping)
            #expect(try await house.failure(of: ClientRequest(url: base)) == .stopping)
            #expect(arrived.value == 1)
        }
    }

    @Test("Nobody listens, and nobody knows the name")
    func unreachable() async throws {
        try await ClientHouse.run { (house) async throws in
            // No port that the kernel gives to another test.
            let port = 1
            #expect(try await house.failure(of: ClientRequest(url: "http://127.0.0.1:\(port)/")) == .cannotConnect)
            // A name that cannot be: no resolver is asked.
            #expect(try await house.failure(of: ClientRequest(url: "http://a..invalid/")) == .unknownHost)
        }
    }
}
