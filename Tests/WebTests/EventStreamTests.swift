import HTTP
import Reactor
import Synchronization
import Testing

@testable import Web

@Suite("Event streams")
struct EventStreamTests {
    @Test("messages are framed by lines")
    func framing() {
        let message = EventStream.Message(event: "pro\ngress", data: "a\nb\r\nc", id: "7")
        #expect(
            String(decoding: message.bytes, as: UTF8.self) == "event: progress\nid: 7\ndata: a\ndata: b\ndata: c\n\n")
        #expect(String(decoding: EventStream.Message(data: "").bytes, as: UTF8.self) == "data: \n\n")
    }

    @Test("all messages of a producer come in order and the stream ends with it")
    func producer() async throws {
        let response = EventStream.response { stream in
            for number in 0..<100 { try await stream.send(.init(data: "\(number)")) }
        }
        #expect(response.headers[.contentType] == "text/event-stream")
        let text = String(decoding: try await response.collect(), as: UTF8.self)
        #expect(text == "retry: 2000\n\n" + (0..<100).map { "data: \($0)\n\n" }.joined())
    }

    /// Takes a few writes, then says that the peer left.
    private final class LeavingPeer: ResponseWriter {
        var writes = 0
        func write(_ bytes: [UInt8]) async throws { writes += 1 }
        func keepsGoing() -> Bool { writes < 3 }
    }

    static func producer(of response: Response) -> ((any ResponseWriter) async throws -> Void)? {
        guard case .stream(_, let produce) = response.body else { return nil }
        return produce
    }

    @Test("a producer ends when its peer has left")
    func leaving() async throws {
        let outcome = Mutex("")
        let response = EventStream.response { stream in
            do { while true { try await stream.send(.init(data: "x")) } } catch {
                outcome.withLock { $0 = "\(error)" }
                throw error
            }
        }
        let produce = try #require(Self.producer(of: response))
        let peer = LeavingPeer()
        try await produce(peer)
        #expect(peer.writes == 3)
        #expect(outcome.withLock { $0 } == "CancellationError()")
    }

    @Test("a silent stream beats")
    func heartbeat() async throws {
        let group = try EventLoopGroup(count: 1)
        let beats = try await Task(executorPreference: group.loops[0]) {
            let peer = LeavingPeer()
            let (silence, _) = AsyncStream<Void>.makeStream()
            let response = EventStream.response(heartbeat: .milliseconds(10)) { _ in for await _ in silence {} }
            let produce = try #require(Self.producer(of: response))
            try await produce(peer)
            return peer.writes
        }.value
        #expect(beats == 3)
        await group.shutdown()
    }
}
