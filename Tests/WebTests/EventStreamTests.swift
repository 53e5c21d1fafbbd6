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
            try await stream.beat()
        }
        #expect(response.headers[.contentType] == "text/event-stream")
        let text = String(decoding: try await response.collect(), as: UTF8.self)
        #expect(text == "retry: 2000\n\n" + (0..<100).map { "data: \($0)\n\n" }.joined() + ":\n\n")
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

    @Test("a producer ends when its peer has left, and the stream with it")
    func leaving() async throws {
        var outcome = ""
        let response = EventStream.response { stream in
            do { while true { try await stream.send(.init(data: "x")) } } catch {
                outcome = "\(error)"
                throw error
            }
        }
        let produce = try #require(Self.producer(of: response))
        let peer = LeavingPeer()
        try await produce(peer)
        #expect(peer.writes == 3)
        #expect(outcome == "CancellationError()")
    }

    @Test("what makes a producer fail fails the answer, so that nobody takes it for whole")
    func failing() async throws {
        struct Failure: Error {}
        let response = EventStream.response { _ in throw Failure() }
        let produce = try #require(Self.producer(of: response))
        await #expect(throws: Failure.self) { try await produce(LeavingPeer()) }
    }
}
