import Reactor
import Synchronization
import Testing

@testable import HTTP
@testable import TestSupport

@Suite("Ends of streams and connections of HTTP/2")
struct HTTP2EndingTests {
    private static func untilCancelled() async {
        for await _ in AsyncStream<Void>.makeStream().stream {}
    }

    private static func first(of stream: AsyncStream<String>) async -> String? {
        for await value in stream { return value }
        return nil
    }

    @Test("A reset stream and a lost connection end the work that is done for them", arguments: ["reset", "closed"])
    func cancelled(_ how: String) async throws {
        let begun = AsyncStream<String>.makeStream()
        let ended = AsyncStream<String>.makeStream()
        try await TestServer.run(handler: { request in
            guard request.target == "/wait" else { return .text("here") }
            begun.continuation.yield("")
            await Self.untilCancelled()
            ended.continuation.yield("cancelled: \(Task.isCancelled)")
            return .text("late")
        }) { server in
            try await server.speakHTTP2 { peer in
                try await peer.send(HTTP2Frame.headers(1, HTTP2Frame.request("/wait")))
                _ = await Self.first(of: begun.stream)
                guard how == "reset" else { return }
                try await peer.send(HTTP2Frame.reset(1), HTTP2Frame.headers(3, HTTP2Frame.request()))
                #expect(await Self.first(of: ended.stream) == "cancelled: true")
                #expect(try await peer.answer(3).0 == "200")
            }
            if how == "closed" { #expect(await Self.first(of: ended.stream) == "cancelled: true") }
        }
    }

    @Test("Who only closed its sending side gets what needs no waiting, as far as its window reaches")
    func halfClosed() async throws {
        let begun = AsyncStream<String>.makeStream()
        let sizes = ["/small": 5, "/large": 60_000, "/huge": 300_000]
        try await TestServer.run(handler: { request in
            if request.target == "/wait" {
                begun.continuation.yield("")
                await Self.untilCancelled()
                return .text("late")
            }
            let body = try? await request.body.collect()
            if body == nil { return .text("cut", status: .badRequest) }
            let bytes = [UInt8](repeating: 1, count: sizes[request.target] ?? body?.count ?? 0)
            guard request.target == "/large" else { return Response(body: .bytes(bytes)) }
            return Response(body: .stream(byteCount: nil) { try await $0.write(bytes) })
        }) { server in
            // The connection's window is one that no setting widens.
            try await server.speakHTTP2([(4, 100_000)]) { peer in
                try await peer.send(
                    HTTP2Frame.windowUpdate(0, 100_000), HTTP2Frame.headers(1, HTTP2Frame.request("/wait")))
                _ = await Self.first(of: begun.stream)
                try await peer.send(
                    HTTP2Frame.headers(3, HTTP2Frame.request("/small")),
                    HTTP2Frame.headers(5, HTTP2Frame.request("/large")),
                    HTTP2Frame.headers(7, HTTP2Frame.request("/", method: "POST"), ends: false),
                    HTTP2Frame.data(7, [1, 2, 3], ends: true),
                    HTTP2Frame.headers(9, HTTP2Frame.request("/", method: "POST"), ends: false))
                peer.connection.shutdownWrite()
                let said = try await peer.reads("end")
                #expect(said.contains { $0 == "HEADERS 9 400" }, "\(said)")
                #expect(!said.contains { $0.hasPrefix("GOAWAY") || $0.hasSuffix("CANCEL") }, "\(said)")
                #expect([1, 3, 5, 7].map { peer.bodies[$0]?.count } == [4, 5, 60_000, 3], "\(said)")
            }
            try await server.speakHTTP2 { peer in
                try await peer.send(HTTP2Frame.headers(1, HTTP2Frame.request("/huge")))
                peer.connection.shutdownWrite()
                let said = try await peer.reads("end")
                #expect(said.last == "RST_STREAM 1 CANCEL", "\(said)")
                #expect(peer.bodies[1]?.count == 65_535)
            }
        }
    }

    @Test("A connection that breaks while a frame of an answer waits to leave ends alone")
    func brokenWhileSending() async throws {
        let ended = AsyncStream<String>.makeStream()
        try await TestServer.run(handler: { _ in
            // More than the sockets between hold.
            var response = Response(body: .bytes([UInt8](repeating: 1, count: 32 << 20)))
            response.completion = { ended.continuation.yield("whole: \($0.isWhole)") }
            return response
        }) { server in
            try await server.speakHTTP2([(4, 1 << 30)]) { peer in
                try await peer.send(HTTP2Frame.windowUpdate(0, 1 << 30), HTTP2Frame.headers(1, HTTP2Frame.request()))
                try await peer.reads("HEADERS 1 200")
                // Nothing is read until the server has given the connection up.
                try await peer.send((0..<1_200).flatMap { _ in HTTP2Frame.ping() })
                #expect(await Self.first(of: ended.stream) == "whole: false")
                try await peer.reads("GOAWAY ENHANCE_YOUR_CALM")
                try await peer.reads("end")
            }
            #expect(try await server.speakHTTP2 { try await Self.isServed($0) })
        }
    }

    private static func isServed(_ peer: HTTP2Peer) async throws -> Bool {
        try await peer.send(HTTP2Frame.headers(1, HTTP2Frame.request()))
        return try await peer.reads("HEADERS 1 200").allSatisfy { $0 == "SETTINGS ack" }
    }

    @Test("What came of a body that was cut is read, and then why it ended", arguments: ["reset", "closed"])
    func cutBody(_ how: String) async throws {
        let ended = AsyncStream<String>.makeStream()
        try await TestServer.run(handler: { request in
            var text = ""
            do {
                while let piece = try await request.body.next() { text += String(decoding: piece, as: UTF8.self) }
            } catch { text += " \(error) \(Task.isCancelled)" }
            ended.continuation.yield(text)
            return .noContent
        }) { server in
            try await server.speakHTTP2 { peer in
                try await peer.send(
                    HTTP2Frame.headers(1, HTTP2Frame.request("/", method: "POST"), ends: false),
                    HTTP2Frame.data(1, Array("abc".utf8)))
                guard how == "reset" else { return }
                try await peer.send(HTTP2Frame.reset(1))
                #expect(await Self.first(of: ended.stream) == "abc disconnected false")
            }
            if how == "closed" { #expect(await Self.first(of: ended.stream) == "abc disconnected false") }
        }
    }

    @Test("A body's reading ends from elsewhere, and the client is answered")
    func interrupted() async throws {
        let begun = AsyncStream<@Sendable () -> Void>.makeStream()
        try await TestServer.run(handler: { request in
            if let interrupter = request.body.interrupter { begun.continuation.yield(interrupter) }
            do { _ = try await request.body.collect() } catch {
                return .text("\(error)", status: (error as? RequestBodyError)?.status ?? .badRequest)
            }
            return .noContent
        }) { server in
            try await server.speakHTTP2 { peer in
                try await peer.send(HTTP2Frame.headers(1, HTTP2Frame.request("/", method: "POST"), ends: false))
                for await interrupt in begun.stream {
                    interrupt()
                    break
                }
                #expect(try await peer.answer(1).1 == Array("interrupted".utf8))
            }
        }
    }

    @Test("A server that stops says so, lets what is in flight finish and takes nothing more")
    func draining() async throws {
        let begun = AsyncStream<String>.makeStream()
        let gate = AsyncStream<String>.makeStream()
        try await TestServer.run(handler: { _ in
            begun.continuation.yield("")
            _ = await Self.first(of: gate.stream)
            return .text("done")
        }) { server in
            try await server.speakHTTP2 { peer in
                try await peer.send(HTTP2Frame.headers(1, HTTP2Frame.request()))
                _ = await Self.first(of: begun.stream)
                async let cut = server.server.stop(patience: .seconds(30))
                try await peer.reads("PING goodbye!")
                try await peer.reads("GOAWAY NO_ERROR")
                try await peer.send(HTTP2Frame.ping("goodbye!", flags: HTTP2Frame.ack))
                try await peer.reads("GOAWAY NO_ERROR")
                gate.continuation.yield("")
                #expect(try await peer.answer(1).1 == Array("done".utf8))
                #expect(try await peer.reads("end").allSatisfy { $0 == "GOAWAY NO_ERROR" })
                #expect(await cut == 0)
            }
        }
    }

    @Test("A server that stops ends an idle connection at once")
    func drainingIdle() async throws {
        try await TestServer.run(handler: { _ in .text("done") }) { server in
            try await server.speakHTTP2 { peer in
                try await peer.send(HTTP2Frame.headers(1, HTTP2Frame.request()))
                #expect(try await peer.answer(1).0 == "200")
                #expect(await server.server.stop(patience: .seconds(30)) == 0)
                try await peer.reads("end")
            }
        }
    }

    @Test("A connection that asks nothing ends, and so does a head that does not")
    func idle() async throws {
        var options = HTTPServer.Options()
        options.limits.idleTimeout = .milliseconds(300)
        options.limits.headTimeout = .milliseconds(300)
        try await TestServer.run(options: options, handler: { _ in .text("x") }) { server in
            try await server.speakHTTP2 { _ = try await $0.reads("GOAWAY NO_ERROR") }
            try await server.speakHTTP2 { peer in
                try await peer.send(HTTP2Frame.headers(1, HTTP2Frame.request()))
                #expect(try await peer.answer(1).0 == "200")
                let half = Array(HTTP2Frame.request().prefix(5))
                try await peer.send(HTTP2Frame.headers(3, half, flags: 0))
                try await peer.reads("GOAWAY NO_ERROR")
            }
        }
    }

    @Test("Where places are short a connection that asks nothing makes room, and one whose answer is coming does not")
    func room() async throws {
        var options = HTTPServer.Options()
        options.limits.connections = 2
        let begun = AsyncStream<String>.makeStream()
        let orders = AsyncStream<String>.makeStream()
        try await TestServer.run(
            options: options,
            handler: { request in
                guard request.target == "/wait" else { return .text("here") }
                begun.continuation.yield("")
                return .text(await Self.first(of: orders.stream) ?? "")
            }
        ) { server in
            try await server.speakHTTP2 { busy in
                try await busy.send(HTTP2Frame.headers(1, HTTP2Frame.request("/wait")))
                _ = await Self.first(of: begun.stream)
                try await server.speakHTTP2 { idle in
                    try await idle.send(HTTP2Frame.headers(1, HTTP2Frame.request()))
                    #expect(try await idle.answer(1).0 == "200")
                    try await eventually("there is room") {
                        try await server.exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                            .hasSuffix("here")
                    }
                    try await idle.reads("end")
                }
                orders.continuation.yield("go on")
                #expect(try await busy.answer(1) == ("200", Array("go on".utf8)))
            }
        }
    }

    @Test("A body that stands still is refused, and an answer that is not taken is given up, on its stream only")
    func tooSlow() async throws {
        var options = HTTPServer.Options()
        options.limits.bodyGrace = .milliseconds(300)
        options.limits.writePause = .milliseconds(300)
        let whole = Mutex<[Bool]>([])
        try await TestServer.run(
            options: options,
            handler: { request in
                do { _ = try await request.body.collect() } catch {
                    return .text("\(error)", status: (error as? RequestBodyError)?.status ?? .badRequest)
                }
                let bytes = [UInt8](repeating: 1, count: 10_000)
                var response = Response(body: .bytes(bytes))
                if request.target == "/stream" { response.body = .stream(byteCount: nil) { try await $0.write(bytes) } }
                response.completion = { completion in whole.withLock { $0.append(completion.isWhole) } }
                return response
            }
        ) { server in
            try await server.speakHTTP2([(4, 100)]) { peer in
                try await peer.send(HTTP2Frame.headers(1, HTTP2Frame.request("/bytes")))
                try await peer.reads("RST_STREAM 1 CANCEL")
                try await peer.send(HTTP2Frame.headers(3, HTTP2Frame.request("/stream")))
                try await peer.reads("RST_STREAM 3 CANCEL")
                try await peer.send(HTTP2Frame.headers(5, HTTP2Frame.request("/", method: "POST"), ends: false))
                try await peer.reads("HEADERS 5 408")
            }
        }
        #expect(whole.withLock { $0 } == [false, false])
    }
}
