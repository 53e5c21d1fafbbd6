import Reactor
import Testing

@testable import HTTP
@testable import HTTPClient
@testable import TestSupport

@Suite("What other servers may take")
struct LimitTests {
    @Test("A body larger than the limit is refused, announced or not; one of just the size is taken")
    func sizes() async throws {
        try await ClientHouse.run { (house) async throws in
            let base = try house.serve { request in
                let bytes = [UInt8](repeating: 65, count: 100_000)
                if request.path == "/announced" { return .bytes(bytes, type: "text/plain") }
                return Response(body: .stream(byteCount: nil) { writer in try await writer.write(bytes) })
            }
            for path in ["/announced", "/chunked"] {
                var request = ClientRequest(url: base + path)
                request.maxBodyBytes = 100_000
                #expect(try await house.fetch(request).text.utf8.count == 100_000)
                request.maxBodyBytes = 99_999
                #expect(try await house.failure(of: request) == .bodyTooLarge)
            }
        }
    }

    @Test(
        "Answers that are none, or too much",
        arguments: [
            (
                "HTTP/1.1 200 OK\r\n" + String(repeating: "X-A: \(String(repeating: "a", count: 1000))\r\n", count: 66)
                    + "\r\n", HTTPClientError.Code.headTooLarge
            ),
            (
                String(repeating: "HTTP/1.1 103 Early\r\nX: \(String(repeating: "a", count: 1000))\r\n\r\n", count: 66),
                .headTooLarge
            ),
            ("HTTP/1.1 200 OK\r\nX-A: b\r\n folded: c\r\nContent-Length: 0\r\n\r\n", .malformedResponse),
            ("HTTP/1.1 200 OK\r\n: b\r\nContent-Length: 0\r\n\r\n", .malformedResponse),
            ("HTTP/1.1 200 OK\r\nX Y: b\r\nContent-Length: 0\r\n\r\n", .malformedResponse),
            ("SSH-2.0-OpenSSH_9.2\r\n", .malformedResponse), ("plain text of HTTP/0.9", .malformedResponse),
            ("", .disconnected), ("HTTP/1.1 200 OK\r\nContent-Le", .disconnected),
            ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", .disconnected),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n", .disconnected),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsho", .disconnected),
        ])
    func broken(answer: String, code: HTTPClientError.Code) async throws {
        try await ClientHouse.run { (house) async throws in
            let base = try house.listen { connection in
                _ = try await connection.readHead()
                try await connection.write(answer)
            }
            #expect(try await house.failure(of: ClientRequest(url: base)) == code)
        }
    }

    @Test("What came before a cut is handed over")
    func cut() async throws {
        try await ClientHouse.run { (house) async throws in
            let base = try house.listen { connection in
                _ = try await connection.readHead()
                try await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort")
            }
            try await house.client.withResponse(to: ClientRequest(url: base)) { (response) async throws in
                #expect(try await response.body.next() == Array("short".utf8))
                await #expect(throws: HTTPClientError.self) { try await response.body.next() }
            }
        }
    }

    @Test("Interim answers and trailers are passed over")
    func interim() async throws {
        try await ClientHouse.run { (house) async throws in
            let base = try house.listen { connection in
                _ = try await connection.readHead()
                try await connection.write("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\n")
                try await connection.write("Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n")
            }
            let answer = try await house.fetch(ClientRequest(url: base))
            #expect(answer.status == 200 && answer.text == "ok")
            #expect(!answer.headers.contains("Link") && !answer.headers.contains("X-Trailer"))
        }
    }

    @Test(
        "A server that stands still is left",
        arguments: [
            ("", HTTPClientError.Phase.firstByte), ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", .stalled),
            ("HTTP/1.1 200 OK\r\n", .firstByte),
        ])
    func slow(answer: String, phase: HTTPClientError.Phase) async throws {
        try await ClientHouse.run { (house) async throws in
            let base = try house.listen { connection in
                _ = try await connection.readHead()
                try await connection.write(answer)
                _ = await connection.readToEnd()
            }
            var request = ClientRequest(url: base)
            request.timeouts.firstByte = .milliseconds(phase == .firstByte ? 50 : 100_000)
            request.timeouts.stalled = .milliseconds(50)
            #expect(try await house.failure(of: request) == .timedOut(phase))
            request.timeouts = .init()
            request.timeouts.whole = .milliseconds(50)
            #expect(try await house.failure(of: request) == .timedOut(.whole))
        }
    }

    @Test("A handshake that does not end is a connection that does not come")
    func connecting() async throws {
        try await ClientHouse.run { (house) async throws in
            let base = try house.listen { connection in _ = await connection.readToEnd() }
            var request = ClientRequest(url: base.replacing("http:", with: "https:"))
            request.timeouts.connect = .milliseconds(200)
            #expect(try await house.failure(of: request) == .timedOut(.connect))
        }
    }

    @Test("A reader who takes his time slows the server down")
    func slowReader() async throws {
        try await ClientHouse.run { (house) async throws in
            let size = 64 << 20
            let written = Counter()
            let base = try house.serve { request in
                if request.path == "/small" { return .text("ok") }
                return Response(
                    body: .stream(byteCount: size) { writer in
                        let piece = [UInt8](repeating: 1, count: 64 << 10)
                        for _ in 0..<(size / piece.count) {
                            try await writer.write(piece)
                            written.add(piece.count)
                        }
                    })
            }
            var request = ClientRequest(url: base + "/large")
            request.maxBodyBytes = size
            let largest = Transfer.bufferLimit + EasyHandle.largeBuffer
            try await house.client.withResponse(to: request) { response in
                var count = 0
                var before = -1
                // Until the server is not let go on any more.
                try await eventually("the server waits") {
                    defer { before = written.value }
                    return written.value > 0 && written.value == before
                }
                #expect(written.value < size / 2)
                while let piece = try await response.body.next() {
                    #expect(piece.count <= largest)
                    count += piece.count
                }
                #expect(count == size)
            }
        }
    }

    @Test("Time in which nobody reads is not the server's")
    func patience() async throws {
        try await ClientHouse.run { (house) async throws in
            let large = try house.serve { _ in .bytes([UInt8](repeating: 1, count: 1 << 20), type: "video/mp4") }
            let silent = try house.listen { connection in _ = await connection.readToEnd() }
            var request = ClientRequest(url: large)
            request.timeouts.stalled = .milliseconds(1)
            // On one loop, so that its look at the time falls on both.
            try await Task(executorPreference: house.group.loops[0]) { [request] in
                try await house.client.withResponse(to: request) { (response) async throws in
                    var clock = ClientRequest(url: silent)
                    clock.timeouts.whole = .milliseconds(20)
                    #expect(try await house.failure(of: clock) == .timedOut(.whole))
                    #expect(try await response.body.next() != nil)
                    #expect(try await response.body.next() != nil)
                }
            }.value
        }
    }

    @Test("A server that takes its time slows the maker of the body down")
    func slowServer() async throws {
        try await ClientHouse.run { (house) async throws in
            let made = Counter()
            let size = 64 << 20
            let gate = Counter()
            let base = try house.listen { connection in
                _ = try await connection.readHead()
                try await eventually("the test has seen it") { gate.value == 1 }
                var left = size
                var buffer = ByteBuffer(capacity: 256 << 10)
                while left > 64 << 10 {
                    let count = try await connection.read(into: &buffer)
                    if count == 0 { return }
                    left -= count
                    buffer.removeAll()
                }
                try await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
                _ = await connection.readToEnd()
            }
            let body = ClientRequest.Body.stream(byteCount: size) {
                if made.value == size { return nil }
                made.add(1 << 20)
                return [UInt8](repeating: 2, count: 1 << 20)
            }
            async let answer = house.fetch(ClientRequest(method: .put, url: base, body: body))
            var before = -1
            try await eventually("the maker waits") {
                defer { before = made.value }
                return made.value > 0 && made.value == before
            }
            #expect(made.value < size / 2)
            gate.add()
            #expect(try await answer.text == "ok")
        }
    }

    @Test("A body that fails, or is not as long as it said, ends the request")
    func failingBody() async throws {
        try await ClientHouse.run { (house) async throws in
            let base = try house.serve { request in
                _ = try? await request.body.collect()
                return .text("all of it")
            }
            struct Spilled: Error {}
            let broken = ClientRequest.Body.stream(byteCount: nil) { throw Spilled() }
            await #expect(throws: Spilled.self) {
                try await house.fetch(ClientRequest(method: .post, url: base, body: broken))
            }
            for count in [2, 4] {
                let body = ClientRequest.Body.stream(byteCount: count, Pieces(["one"]).next)
                let request = ClientRequest(method: .post, url: base, body: body)
                #expect(try await house.failure(of: request) == .invalidRequest)
            }
        }
    }

    @Test("When the task is cancelled the connection ends, before the head and in the body", arguments: [false, true])
    func cancelled(hasHead: Bool) async throws {
        try await ClientHouse.run { (house) async throws in
            let arrived = Counter()
            let left = Counter()
            let base = try house.listen { connection in
                _ = try await connection.readHead()
                if hasHead { try await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort") }
                arrived.add()
                _ = await connection.readToEnd()
                left.add()
            }
            let task = Task { try await house.fetch(ClientRequest(url: base)) }
            try await eventually("the request arrived") { arrived.value == 1 }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            try await eventually("the server saw the end") { left.value == 1 }
        }
    }

    @Test("So many connections to one server, and no more; the other requests wait", arguments: [3, 12])
    func connections(count: Int) async throws {
        try await ClientHouse.run(connectionsPerHost: count) { (house) async throws in
            let (open, gate, seen) = (Counter(), Counter(), Pieces<Int>([]))
            let base = try house.listen { connection in
                _ = try await connection.readHead()
                seen.append(open.add())
                try await eventually("all that may come are there") { open.value == count || gate.value > 0 }
                gate.add()
                open.add(-1)
                try await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            }
            try await Task(executorPreference: house.group.loops[0]) {
                try await withThrowingTaskGroup(of: String.self) { tasks in
                    for _ in 0..<(2 * count) {
                        tasks.addTask { try await house.fetch(ClientRequest(url: base)).text }
                    }
                    for try await text in tasks { #expect(text == "ok") }
                }
            }.value
            #expect(seen.all.max() == count)
        }
    }

    @Test("A body that nobody reads is not fetched")
    func unread() async throws {
        try await ClientHouse.run { (house) async throws in
            let left = Counter()
            let base = try house.listen { connection in
                _ = try await connection.readHead()
                try await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort")
                _ = await connection.readToEnd()
                left.add()
            }
            let status = try await house.client.withResponse(to: ClientRequest(url: base)) { $0.status }
            #expect(status == .ok)
            try await eventually("the server saw the end") { left.value == 1 }
        }
    }
}
