import HTTP
import Telemetry
import Testing

@testable import Web

@Suite("Traces over several servers")
struct TraceContextTests {
    static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    static let parent = "00f067aa0ba902b7"

    @Test(
        "A well-formed field is read, of later versions too",
        arguments: [
            "00-\(trace)-\(parent)-01", "00-\(trace)-\(parent)-00", "00-\(trace)-\(parent)-ff",
            "01-\(trace)-\(parent)-01", "cc-\(trace)-\(parent)-01-what-will-be",
        ])
    func reads(field: String) throws {
        let context = try #require(TraceContext(field))
        #expect(context.traceID == Self.trace)
        #expect(context.parentID == Self.parent)
    }

    @Test(
        "Anything else is not believed",
        arguments: [
            "", "00", "ff-\(trace)-\(parent)-01", "00-\(trace)-\(parent)-01-more", "00-\(trace)-\(parent)-01,",
            "cc-\(trace)-\(parent)-01.more", "00-\(trace.uppercased())-\(parent)-01",
            "00-\(trace)-\(parent.uppercased())-01", "00-\(String(repeating: "0", count: 32))-\(parent)-01",
            "00-\(trace)-\(String(repeating: "0", count: 16))-01", "00-\(trace)-\(parent)-0x",
            "0-\(trace)-\(parent)-01",
            "0x-\(trace)-\(parent)-01", "00_\(trace)_\(parent)_01", " 00-\(trace)-\(parent)-01",
            "00-\(trace)-\(parent)-1", "00-\(trace.dropLast())g-\(parent)-01", "00-\(trace)\(parent)--01",
            "00-\(trace)-\(parent)-01, 00-\(trace)-\(parent)-01", "00-\(trace)-é0f067aa0ba902b-01",
        ])
    func refuses(field: String) {
        #expect(TraceContext(field) == nil)
    }

    @Test("Cut anywhere, it is none")
    func cut() {
        let field = "00-\(Self.trace)-\(Self.parent)-01"
        for count in 0..<field.count { #expect(TraceContext(String(field.prefix(count))) == nil) }
    }

    @Test("New traces are well-formed and all different")
    func new() throws {
        let made = (0..<1000).map { _ in TraceContext(startedBy: RequestID()) }
        #expect(Set(made.map(\.traceID)).count == 1000)
        for trace in made {
            #expect(trace.parentID == nil)
            #expect(try #require(TraceContext("00-\(trace.traceID)-\(Self.parent)-00")).traceID == trace.traceID)
        }
    }

    @Test("A trace that came is kept in the access log and in what the handler says; without one there is a new one")
    func logged() async throws {
        let captured = CapturedLog()
        let router = RouterBuilder(log: Log(sink: captured))
        router.get("/a", access: .public) { _, context in
            context.log.info("handled")
            return .text(context.trace.traceID)
        }
        let client = InProcessClient(try router.build())
        let field = "00-\(Self.trace)-\(Self.parent)-01"
        #expect(try await client.get("/a", headers: [.traceparent: field]).text == Self.trace)
        #expect(captured.lines.count == 2)
        #expect(captured.lines.allSatisfy { $0.contains(#""trace_id":"\#(Self.trace)""#) })
        #expect(captured.lines[1].contains(#""parent_id":"\#(Self.parent)""#))
        for wrong: HeaderFields in [[:], [.traceparent: "nonsense"], [.traceparent: "\(field), \(field)"]] {
            let made = try await client.get("/a", headers: wrong).text
            #expect(made.count == 32 && made != Self.trace)
            #expect(captured.lines.last?.contains(#""trace_id":"\#(made)""#) == true)
            #expect(captured.lines.last?.contains("parent_id") == false)
        }
    }
}
