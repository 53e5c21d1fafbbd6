import Reactor
import Testing

@testable import HTTP

@Suite("Sockets that follow feeds")
struct WebSocketFeedTests {
    /// Gives what it was given.
    private final class List: WebSocketFeed {
        private var items: [WebSocketFeedItem]

        init(_ items: [WebSocketFeedItem]) { self.items = items.reversed() }

        func takeNext() -> WebSocketFeedItem? { items.popLast() }

        func add(_ item: WebSocketFeedItem) { items.insert(item, at: 0) }
    }

    private static func message(_ text: String) -> WebSocketFeedItem { .message(WebSocketBroadcast(.text(text))) }

    /// Takes part of a piece at once, or nothing, and the rest when the pump waits for it. Ends with our Close.
    private final class Narrow: WebSocketTransport {
        var isDraining: Bool { false }
        var stopping: (() -> Void)?
        var deadline = MonotonicTime.distantFuture
        var readDeadline = MonotonicTime.distantFuture
        private let share: Int
        private(set) var bytes: [UInt8] = []
        private var sawClose = false

        init(takingAtOnce share: Int) { self.share = share }

        func readNow(into inbound: inout Inbound, _ state: LoopState) throws -> Bool {
            if sawClose { inbound.end() }
            return false
        }
        func waitUntilReadable() async throws { await Task.yield() }
        func sendNow(_ bytes: [UInt8]) throws -> Int {
            self.bytes += bytes.prefix(share)
            return min(share, bytes.count)
        }
        func send(_ bytes: ArraySlice<UInt8>) async throws {
            await Task.yield()
            self.bytes += bytes
            sawClose = bytes.first == 0x88
        }
        func abort(_ reason: ConnectionError) {}
    }

    /// What leaves through a transport that takes so many bytes at once, while `talk` uses the socket.
    private static func sent(
        takingAtOnce share: Int, _ talk: @escaping @Sendable (WebSocket) async -> Void
    ) async throws -> [UInt8] {
        let group = try EventLoopGroup(count: 1)
        let bytes = try await Task(executorPreference: group.loops[0]) {
            var request = Request(target: "/")
            for (name, value) in [
                ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ] { request.headers[FieldName(name)] = value }
            let handshake = try WebSocketHandshake(request)
            let upgrade = WebSocketUpgrade(
                handshake: handshake, options: .init(), remoteAddress: request.remoteAddress, handler: talk)
            let transport = Narrow(takingAtOnce: share)
            let socket = WebSocket(
                upgrade, connection: transport, state: LoopState(loop: group.loops[0]), inbound: Inbound(),
                writePause: .seconds(60))
            _ = await socket.run(talk)
            return transport.bytes
        }.value
        await group.shutdown()
        return bytes
    }

    /// The texts of the frames, `close` for a Close.
    private static func texts(_ bytes: [UInt8]) -> [String] {
        var (texts, rest): ([String], ArraySlice<UInt8>) = ([], bytes[...])
        while let first = rest.popFirst(), var count = rest.popFirst().map(Int.init) {
            if count == 126 {
                count = rest.prefix(2).reduce(0) { $0 << 8 | Int($1) }
                rest = rest.dropFirst(2)
            }
            texts.append(first == 0x88 ? "close" : String(decoding: rest.prefix(count), as: UTF8.self))
            rest = rest.dropFirst(count)
        }
        return texts
    }

    @Test("Frames stay whole and in order, however little leaves at once", arguments: [0, 1, 5, 1000, 1 << 20])
    func order(share: Int) async throws {
        let long = String(repeating: "x", count: 5000)
        let bytes = try await Self.sent(takingAtOnce: share) { socket in
            let feed = List([Self.message("1"), Self.message("2"), Self.message(long), Self.message("3")])
            // The pump waits from now on.
            await Task.yield()
            socket.follow(feed)
            socket.send("own")
            await socket.flush()
            feed.add(Self.message("4"))
            feed.add(Self.message(long))
            socket.feedHasNews()
            for _ in 0..<50 { await Task.yield() }
        }
        let texts = Self.texts(bytes)
        #expect(texts.filter { $0 != "own" } == ["1", "2", long, "3", "4", long, "close"])
        #expect(texts.filter { $0 == "own" }.count == 1)
    }

    @Test("Feeds take turns, one that ends leaves the others, and nothing follows a Close")
    func turns() async throws {
        let bytes = try await Self.sent(takingAtOnce: 1 << 20) { socket in
            await Task.yield()
            let feeds = [List([]), List([])]
            for feed in feeds { socket.follow(feed) }
            for text in ["a", "b", "c"] { feeds[0].add(Self.message(text)) }
            for text in ["1", "2"] { feeds[1].add(Self.message(text)) }
            feeds[1].add(.end)
            feeds[0].add(.close(.goingAway, reason: ""))
            feeds[0].add(Self.message("d"))
            socket.feedHasNews()
            #expect(!socket.send("too late"))
        }
        let texts = Self.texts(bytes)
        #expect(texts.filter { "abc".contains($0) } == ["a", "b", "c"])
        #expect(texts.filter { "12".contains($0) } == ["1", "2"])
        #expect(texts.prefix(4).contains("a") && texts.prefix(4).contains("1") && texts.prefix(4).contains("2"))
        #expect(texts.last == "close" && texts.count == 6)
    }

    @Test("What was taken from a feed and did not leave before our Close does not leave after it")
    func closing() async throws {
        let bytes = try await Self.sent(takingAtOnce: 0) { socket in
            await Task.yield()
            socket.follow(List([Self.message("a"), Self.message(String(repeating: "x", count: 5000))]))
            socket.close()
        }
        #expect(Self.texts(bytes) == ["a", "close"])
    }
}
