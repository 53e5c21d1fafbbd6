import Reactor
import Testing

@testable import HTTP
@testable import TestSupport

@Suite("Peers that leave before their answer")
struct LeavingPeerTests {
    /// Waits until its task is cancelled, and tells that.
    private static func untilCancelled(_ ends: AsyncStream<String>.Continuation) async -> Response {
        for await _ in AsyncStream<Void>.makeStream().stream {}
        ends.yield("cancelled: \(Task.isCancelled)")
        return .text("late")
    }

    private static func first(of stream: AsyncStream<String>) async -> String? {
        for await value in stream { return value }
        return nil
    }

    @Test("end the work that is done for them", arguments: ["before", "after"])
    func cancelled(_ body: String) async throws {
        let begun = AsyncStream<String>.makeStream()
        let ended = AsyncStream<String>.makeStream()
        try await TestServer.run(handler: { request in
            // With a body, the peer counts as gone only behind it.
            if body == "after" { _ = try? await request.body.collect() }
            begun.continuation.yield("")
            return await Self.untilCancelled(ended.continuation)
        }) { server in
            try await server.connect { peer in
                let content = body == "after" ? "Content-Length: 2\r\n\r\nab" : "\r\n"
                try await peer.send("POST / HTTP/1.1\r\nHost: a\r\n\(content)")
                _ = await Self.first(of: begun.stream)
            }
            #expect(await Self.first(of: ended.stream) == "cancelled: true")
        }
    }

    @Test("and only closed their sending side get what needs no waiting")
    func halfClosed() async throws {
        try await TestServer.run(handler: { request in
            var count = 0
            while let piece = try? await request.body.next() { count += piece.count }
            return .text("\(count) bytes")
        }) { server in
            let answer = try await server.connect { peer in
                try await peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
                peer.connection.shutdownWrite()
                return try await peer.readToEnd()
            }
            #expect(answer.hasSuffix("3 bytes"))
        }
    }

    @Test("keep what they had sent of a body")
    func cutBody() async throws {
        let ended = AsyncStream<String>.makeStream()
        try await TestServer.run(handler: { request in
            var text = ""
            do {
                while let piece = try await request.body.next() {
                    text += String(decoding: piece, as: UTF8.self)
                }
            } catch { text += " \(error) \(Task.isCancelled)" }
            ended.continuation.yield(text)
            return .noContent
        }) { server in
            try await server.connect { peer in
                try await peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
            }
            #expect(await Self.first(of: ended.stream) == "abc disconnected false")
        }
    }

    /// How many calls are scheduled on the loops of the server.
    private static func timerCount(of group: EventLoopGroup) async -> Int {
        var count = 0
        for loop in group.loops { count += await Task(executorPreference: loop) { loop.timerCount }.value }
        return count
    }

    @Test("leave no timers behind")
    func timers() async throws {
        let begun = AsyncStream<String>.makeStream()
        let ended = AsyncStream<String>.makeStream()
        try await TestServer.run(handler: { _ in
            begun.continuation.yield("")
            try? await EventLoop.current?.sleep(for: .seconds(3600))
            ended.continuation.yield("cancelled: \(Task.isCancelled)")
            return .noContent
        }) { server in
            for _ in 0..<20 {
                try await server.connect { peer in
                    try await peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    _ = await Self.first(of: begun.stream)
                }
                #expect(await Self.first(of: ended.stream) == "cancelled: true")
            }
            // The sweep over connections ends with the last of them.
            try await eventually("no timer is left") { await Self.timerCount(of: server.group) == 0 }
            #expect(await server.server.connections.count() == 0)
        }
    }

    @Test("A body's reading ends from elsewhere, and the peer is told")
    func interrupted() async throws {
        let begun = AsyncStream<@Sendable () -> Void>.makeStream()
        try await TestServer.run(handler: { request in
            if let interrupter = request.body.interrupter { begun.continuation.yield(interrupter) }
            do { _ = try await request.body.collect() } catch {
                return .text("\(error)", status: (error as? RequestBodyError)?.status ?? .ok)
            }
            return .noContent
        }) { server in
            async let answer = server.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
            for await interrupt in begun.stream {
                interrupt()
                break
            }
            let text = try await answer
            #expect(text.hasPrefix("HTTP/1.1 409 Conflict\r\n") && text.hasSuffix("interrupted"))
        }
    }
}
