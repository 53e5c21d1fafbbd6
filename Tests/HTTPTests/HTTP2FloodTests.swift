import Reactor
import Synchronization
import Testing

@testable import HTTP
@testable import TestSupport

/// What the standard allows and what would keep a server busy for nothing.
@Suite("Floods over HTTP/2")
struct HTTP2FloodTests {
    struct Flood: Sendable, CustomStringConvertible {
        let description: String
        /// Sent first, once.
        var before: [UInt8] = []
        /// The number of the turn to frames.
        let frames: @Sendable (Int) -> [UInt8]
        var ends = ["GOAWAY ENHANCE_YOUR_CALM"]
    }

    private static let post = HTTP2Frame.request("/", method: "POST")

    static let floods: [Flood] = [
        Flood(description: "PING") { _ in HTTP2Frame.ping() },
        Flood(description: "SETTINGS") { _ in HTTP2Frame.settings([(4, 1 << 16)]) },
        Flood(description: "answers to PINGs that nobody sent") { _ in HTTP2Frame.ping(flags: HTTP2Frame.ack) },
        Flood(description: "PRIORITY") { HTTP2Frame.priority(2 * $0 + 1, on: 0) },
        Flood(description: "unknown frames") { _ in HTTP2Frame.frame(0x40, [1]) },
        Flood(description: "WINDOW_UPDATE of the connection") { _ in HTTP2Frame.windowUpdate(0, 1) },
        Flood(description: "empty DATA", before: HTTP2Frame.headers(1, post, ends: false)) { _ in
            HTTP2Frame.data(1, [])
        },
        Flood(description: "WINDOW_UPDATE of a stream", before: HTTP2Frame.headers(1, post, ends: false)) { _ in
            HTTP2Frame.windowUpdate(1, 1)
        },
        // CVE-2023-44487
        Flood(description: "streams that are reset at once") { turn in
            HTTP2Frame.headers(2 * turn + 1, HTTP2Frame.request("/wait")) + HTTP2Frame.reset(2 * turn + 1)
        },
        // CVE-2025-8671
        Flood(description: "streams that the server is made to reset") { turn in
            HTTP2Frame.headers(2 * turn + 1, HTTP2Frame.request("/wait"))
                + HTTP2Frame.windowUpdate(2 * turn + 1, 0x7FFF_FFFF)
        },
        // CVE-2024-28182
        Flood(description: "CONTINUATION", before: HTTP2Frame.headers(1, HTTP2Frame.request(), flags: 0)) { _ in
            HTTP2Frame.continuation(1, HTTP2Frame.fields([("x", "y")]), ends: false)
        },
        // A field of the dynamic table, named again and again by one byte (RFC 7541 7.3).
        Flood(description: "HPACK bombs") { turn in
            let stored =
                turn == 0
                ? [0x40] + HTTP2Frame.string("x") + HTTP2Frame.string(String(repeating: "x", count: 4_000)) : []
            let bomb = [UInt8](repeating: 0xBE, count: turn == 0 ? 4 : 12_000)
            return HTTP2Frame.headers(2 * turn + 1, HTTP2Frame.request() + stored + bomb)
        },
    ]

    @Test("end the connection with ENHANCE_YOUR_CALM; a neighbour is served", arguments: floods)
    func ended(by flood: Flood) async throws {
        let running = Mutex(0)
        let most = Mutex(0)
        // Where other tests have the processor, the peer needs long to read up to what was said last.
        let options = HostileClientTests.options { $0.lingering = .seconds(60) }
        try await TestServer.run(
            options: options,
            handler: { request in
                guard request.target == "/wait" else {
                    _ = try? await request.body.collect()
                    return .text("here")
                }
                let now = running.withLock { count in
                    count += 1
                    return count
                }
                most.withLock { $0 = max($0, now) }
                for await _ in AsyncStream<Void>.makeStream().stream {}
                running.withLock { $0 -= 1 }
                return .text("late")
            }
        ) { server in
            try await server.speakHTTP2 { neighbour in
                let words = try await server.speakHTTP2 { peer in
                    let connection = peer.connection
                    async let sending: Void = {
                        try? await connection.write(flood.before)
                        for turn in 0..<20_000 {
                            do { try await connection.write(flood.frames(turn)) } catch { return }
                        }
                    }()
                    var words = ""
                    while words != "end", !flood.ends.contains(words) { words = try await peer.next() }
                    connection.close()
                    await sending
                    return words
                }
                #expect(words != "end")
                try await neighbour.send(HTTP2Frame.headers(1, HTTP2Frame.request()))
                #expect(try await neighbour.answer(1).1 == Array("here".utf8))
            }
        }
        #expect(most.withLock { $0 } <= HTTP2Session.mostStreams)
        #expect(running.withLock { $0 } == 0)
    }

    @Test("Streams that were reset count as long as their work goes on")
    func workThatGoesOn() async throws {
        let begun = AsyncStream.makeStream(of: Void.self)
        let orders = AsyncStream.makeStream(of: Void.self)
        // Work that does not notice that nobody wants it any more.
        let work = Task { for await _ in orders.stream {} }
        try await TestServer.run(handler: { request in
            guard request.target == "/work" else { return .text("here") }
            begun.continuation.yield()
            await work.value
            return .text("late")
        }) { server in
            try await server.speakHTTP2 { peer in
                var stream = 1
                func ask(_ path: String) async throws {
                    stream += 2
                    try await peer.send(HTTP2Frame.headers(stream, HTTP2Frame.request(path)))
                }
                func isServed() async throws -> Bool {
                    try await ask("/")
                    var said = "SETTINGS ack"
                    while said == "SETTINGS ack" || said.hasPrefix("DATA") { said = try await peer.next() }
                    if said == "RST_STREAM \(stream) REFUSED_STREAM" { return false }
                    #expect(said == "HEADERS \(stream) 200")
                    return true
                }
                var beginnings = begun.stream.makeAsyncIterator()
                for _ in 0..<HTTP2Session.mostStreams {
                    #expect(try await isServed())
                    try await ask("/work")
                    await beginnings.next()
                    try await peer.send(HTTP2Frame.reset(stream))
                }
                #expect(try await !isServed())
                orders.continuation.finish()
                try await eventually("the work is over") { try await isServed() }
            }
        }
    }

    @Test("A window that stays shut holds nothing of the files that are asked for in memory")
    func shutWindows() async throws {
        try await FileDeliveryTests.withFile { file, _ in
            let written = Atomic(0)
            try await TestServer.run(handler: { request in
                if request.target == "/file" { return .file(file, type: "video/mp4") }
                return Response(
                    body: .stream(byteCount: nil) { writer in
                        while true {
                            written.add(10_000, ordering: .relaxed)
                            try await writer.write([UInt8](repeating: 0, count: 10_000))
                        }
                    })
            }) { server in
                try await server.speakHTTP2([(4, 0)]) { peer in
                    for number in 0..<100 {
                        let path = number < 50 ? "/file" : "/stream"
                        try await peer.send(HTTP2Frame.headers(2 * number + 1, HTTP2Frame.request(path)))
                        try await peer.reads("HEADERS \(2 * number + 1) 200")
                    }
                    try await peer.send(HTTP2Frame.ping())
                    try await peer.reads("PING ack 12345678")
                    #expect(peer.bodies.isEmpty)
                    #expect(written.load(ordering: .relaxed) <= 50 * 40_000)
                    // And a neighbour is served.
                    #expect(
                        try await server.speakHTTP2 { neighbour in
                            neighbour.givesWindow = true
                            try await neighbour.send(HTTP2Frame.headers(1, HTTP2Frame.request("/file")))
                            return try await neighbour.answer(1).1.count
                        } == 1_500_000)
                }
            }
        }
    }
}
