import FoundationEssentials
import Reactor
import Synchronization
import Testing

@testable import HTTP
@testable import TestSupport

/// A server whose handler knows some answers without waiting and others not.
@Suite("Server that answers at once")
struct AnswersAtOnceTests {
    /// `/later…` waits for its turn; `/many` is more than gathers; `/made` is made while it is sent.
    @Sendable private static func answer(
        _ request: consuming Request, _ response: inout Response?
    ) -> HTTPServer.Later? {
        let target = request.target
        if target.hasPrefix("/later") {
            return {
                await Task.yield()
                return .text(target)
            }
        }
        response =
            switch target {
            case "/many": .bytes(Self.many, type: "application/octet-stream")
            case "/made":
                Response(
                    body: .stream(byteCount: nil) { writer in for word in ["a", "b"] { try await writer.write(word) } })
            default: .text(target)
            }
        return nil
    }

    private static let many = [UInt8](repeating: UInt8(ascii: "m"), count: 300_000)

    @Test("pipelined requests are answered in their order, whatever each has to wait for")
    func order() async throws {
        try await TestServer.run(answer: Self.answer) { server in
            let targets = ["/1", "/later2", "/3", "/made", "/many", "/5", "/later6", "/7"]
            let text = targets.map { target in
                "GET \(target) HTTP/1.1\r\nHost: a\r\n\(target == "/7" ? "Connection: close\r\n" : "")\r\n"
            }.joined()
            let answer = try await server.exchange(text)
            var rest = answer[...]
            for target in targets {
                let body =
                    switch target {
                    case "/made": "1\r\na\r\n1\r\nb\r\n0\r\n\r\n"
                    case "/many": String(decoding: Self.many, as: UTF8.self)
                    default: target
                    }
                let end = try #require(rest.firstRange(of: "\r\n\r\n" + body), "\(target)")
                rest = rest[end.upperBound...]
            }
            #expect(rest.isEmpty)
            #expect(answer.components(separatedBy: "HTTP/1.1 200 OK").count == targets.count + 1)
        }
    }

    @Test("a thousand requests in a row are answered, and others of the loop have their turn between them")
    func turns() async throws {
        try await TestServer.run(answer: Self.answer) { server in
            let text = String(repeating: "GET /x HTTP/1.1\r\nHost: a\r\n\r\n", count: 999)
            let answer = try await server.exchange(text + "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(answer.components(separatedBy: "\r\n\r\n/x").count == 1001)
        }
    }

    @Test("a request that is kept stays as it was, whatever is asked next on the connection")
    func kept() async throws {
        let kept = Mutex<[Request.Head]>([])
        let answer: HTTPServer.Answer = { request, response in
            kept.withLock { $0.append(request.head) }
            response = .text("told")
            return nil
        }
        try await TestServer.run(answer: answer) { server in
            let text = (1...20).map { number in
                "\(number % 2 == 0 ? "GET" : "HEAD") /\(number) HTTP/1.1\r\nHost: a\r\nX-Mark: \(number)\r\n"
                    + "\(number == 20 ? "Connection: close\r\n" : "")\r\n"
            }.joined()
            _ = try await server.exchange(text)
        }
        let heads = kept.withLock { $0 }
        #expect(heads.map(\.target) == (1...20).map { "/\($0)" })
        #expect(heads.map(\.method) == (1...20).map { $0 % 2 == 0 ? .get : .head })
        #expect(heads.map { $0.value(of: "X-Mark") } == (1...20).map(String.init))
        #expect(Set(heads.map(\.requestID)).count == 20)
    }

    @Test("a body that comes with a request which is answered at once is left behind, and the next request found")
    func unreadBody() async throws {
        try await TestServer.run(answer: Self.answer) { server in
            let answer = try await server.exchange(
                "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
                    + "GET /y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(answer.contains("\r\n\r\n/x") && answer.hasSuffix("\r\n\r\n/y"))
        }
    }

    @Test("HTTP/2: what is in memory, a file and what must be waited for")
    func http2() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/film"
        try Data(Self.many).write(to: URL(filePath: path))
        let file = try OpenFile(path: path)
        let answer: HTTPServer.Answer = { request, response in
            guard request.target == "/file" else { return Self.answer(request, &response) }
            response = .file(file, type: "video/mp4")
            return nil
        }
        try await TestServer.run(answer: answer) { server in
            try await server.speakHTTP2 { peer in
                for (id, target) in [(1, "/1"), (3, "/later"), (5, "/many"), (7, "/made"), (9, "/file")] {
                    try await peer.send(HTTP2Frame.headers(id, HTTP2Frame.request(target)))
                    // The windows that a peer begins with hold less.
                    if target == "/many" || target == "/file" {
                        try await peer.send(
                            HTTP2Frame.windowUpdate(0, 300_000), HTTP2Frame.windowUpdate(id, 300_000))
                    }
                    let (status, body) = try await peer.answer(id)
                    #expect(status == "200", "\(target)")
                    switch target {
                    case "/many", "/file": #expect(body == Self.many, "\(target)")
                    case "/made": #expect(body == Array("ab".utf8))
                    default: #expect(body == Array(target.utf8))
                    }
                }
                try await peer.send(HTTP2Frame.headers(11, HTTP2Frame.request("/x", method: "HEAD")))
                let head = try await peer.answer(11)
                #expect(head.0 == "200" && head.1.isEmpty)
            }
        }
    }

    @Test("HTTP/2: what was answered at once and not taken is told as cut, once")
    func cut() async throws {
        let completions = Mutex<[(byteCount: Int, isWhole: Bool)]>([])
        let answer: HTTPServer.Answer = { _, response in
            response = .bytes(Self.many, type: "application/octet-stream")
            response?.completion = { end in
                let (byteCount, isWhole) = (end.byteCount, end.isWhole)
                completions.withLock { $0.append((byteCount, isWhole)) }
            }
            return nil
        }
        try await TestServer.run(answer: answer) { server in
            try await server.speakHTTP2 { peer in
                try await peer.send(HTTP2Frame.headers(1, HTTP2Frame.request("/")))
                try await peer.send(HTTP2Frame.reset(1, 8))
                try await peer.send(HTTP2Frame.headers(3, HTTP2Frame.request("/")))
            }
            try await eventually("both are told of") { completions.withLock { $0.count } == 2 }
        }
        #expect(completions.withLock { $0 }.allSatisfy { !$0.isWhole && $0.byteCount < Self.many.count })
    }
}
