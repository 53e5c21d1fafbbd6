import Reactor
import Testing

@testable import HTTP

/// The clauses that h2spec tries, and some more, one line for each.
@Suite("HTTP/2 by its clauses")
struct HTTP2ConformanceTests {
    /// Where the bytes of a case are cut: that makes no difference.
    enum Cut: CaseIterable {
        case nowhere, behindHello, behindEachByte
    }

    private func check(_ clauses: [HTTP2Clause], _ cut: Cut) async throws {
        // Where nothing comes, that shows soon.
        var options = HTTPServer.Options()
        options.limits.idleTimeout = .seconds(5)
        options.limits.bodyGrace = .seconds(5)
        options.limits.writePause = .seconds(5)
        try await TestServer.run(
            loops: 1, options: options,
            handler: { request in
                let body = (try? await request.body.collect()) ?? []
                return .text("hello \(body.count)")
            }
        ) { server in
            for clause in clauses {
                let (seen, end) = try await server.speakHTTP2(saysHello: cut != .nowhere) { peer in
                    switch cut {
                    case .nowhere: try? await peer.send(HTTP2Frame.hello(), clause.frames)
                    case .behindHello: try? await peer.send(clause.frames)
                    case .behindEachByte: try? await peer.sendBytes(clause.frames)
                    }
                    var seen: [String] = []
                    while true {
                        let next = try await peer.next()
                        seen.append(next)
                        guard clause.outcomes.contains(where: { next == $0 || next.hasPrefix($0 + " ") }) else {
                            if next == "end" { return (seen, false) }
                            continue
                        }
                        // An error of the connection ends it.
                        if next.hasPrefix("GOAWAY") { return (seen, try await peer.next() == "end") }
                        return (seen, true)
                    }
                }
                #expect(end, "\(clause), cut \(cut): \(seen.joined(separator: ", "))")
            }
        }
    }

    /// The stream has ended on both sides before the frame comes.
    @Test(
        "a stream that is over stays so (RFC 9113 5.1)",
        arguments: [
            (HTTP2Frame.data(1, [1]), "RST_STREAM 1 STREAM_CLOSED"),
            (HTTP2Frame.headers(1, HTTP2Frame.request()), "GOAWAY STREAM_CLOSED"),
            (HTTP2Frame.continuation(1, HTTP2Frame.request()), "GOAWAY PROTOCOL_ERROR"),
            (HTTP2Frame.windowUpdate(1, 1) + HTTP2Frame.reset(1) + HTTP2Frame.ping(), "PING ack 12345678"),
        ])
    func closed(frame: [UInt8], outcome: String) async throws {
        try await TestServer.run(handler: { _ in .text("x") }) { server in
            try await server.speakHTTP2 { peer in
                try await peer.send(HTTP2Frame.headers(1, HTTP2Frame.request()))
                #expect(try await peer.answer(1).0 == "200")
                try await peer.send(frame)
                try await peer.reads(outcome)
            }
        }
    }

    @Test("a window may fall below zero, and is waited for until it is above (RFC 9113 6.9.2)")
    func negativeWindow() async throws {
        try await TestServer.run(handler: { _ in .text("hello") }) { server in
            try await server.speakHTTP2([(4, 3)]) { peer in
                try await peer.send(HTTP2Frame.headers(1, HTTP2Frame.request()))
                try await peer.reads("DATA 1 #3")
                try await peer.send(HTTP2Frame.settings([(4, 1)]), HTTP2Frame.windowUpdate(1, 2), HTTP2Frame.ping())
                #expect(try await peer.reads("PING ack 12345678").allSatisfy { $0 == "SETTINGS ack" })
                try await peer.send(HTTP2Frame.windowUpdate(1, 1))
                try await peer.reads("DATA 1 #1")
            }
        }
    }

    @Test("frames (RFC 9113 4 and 6)", arguments: Cut.allCases)
    func framing(cut: Cut) async throws { try await check(HTTP2Clause.framing, cut) }

    @Test("streams (RFC 9113 5)", arguments: Cut.allCases)
    func streams(cut: Cut) async throws { try await check(HTTP2Clause.streams, cut) }

    @Test("messages (RFC 9113 8)", arguments: Cut.allCases)
    func messages(cut: Cut) async throws { try await check(HTTP2Clause.messages, cut) }

    @Test("compression of fields (RFC 7541)", arguments: Cut.allCases)
    func compression(cut: Cut) async throws { try await check(HTTP2Clause.compression, cut) }
}
