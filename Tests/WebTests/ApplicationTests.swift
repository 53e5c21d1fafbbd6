import HTTP
import Reactor
import Synchronization
import Telemetry
import Testing

@testable import Web

@Suite("Application")
struct ApplicationTests {
    @Test("a problem is problem+json with its fields")
    func problem() async throws {
        let router = RouterBuilder()
        router.get("/a", access: .public) { _, _ in
            var problem = Problem.invalid([FieldProblem(field: "title", code: "too_long", detail: "At \"most\" 100\n")])
            problem.retryAfter = .milliseconds(1500)
            throw problem
        }
        let answer = try await InProcessClient(router.build()).get("/a")
        #expect(answer.status == .unprocessableContent)
        #expect(answer.headers[.contentType] == "application/problem+json")
        #expect(answer.headers[.retryAfter] == "2")
        #expect(
            answer.text
                == #"{"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"At \"most\" 100\u000a","#
                + #""code":"validation_failed","errors":[{"field":"title","code":"too_long","detail":"At \"most\" 100\u000a"}],"#
                + #""retry_after":2}"#)
    }

    @Test("work that finds no room in a queue is refused for now, and is no fault")
    func busy() async throws {
        let captured = CapturedLog()
        let router = RouterBuilder(log: Log(sink: captured))
        router.get("/a", access: .public, logged: false) { _, _ in throw BlockingPoolError.full }
        let answer = try await InProcessClient(router.build()).get("/a")
        #expect(answer.status == .serviceUnavailable && answer.headers[.retryAfter] == "2")
        #expect(answer.text.contains(#""code":"busy""#))
        #expect(captured.lines.isEmpty)
    }

    @Test("an unexpected error tells only an id that is in the log")
    func unexpectedError() async throws {
        struct Secret: Error { let password = "hunter2" }
        let captured = CapturedLog()
        let router = RouterBuilder(log: Log(sink: captured))
        router.get("/a", access: .public) { _, _ in throw Secret() }
        let answer = try await InProcessClient(router.build()).get("/a?token=t0ps3cret")
        #expect(answer.status == .internalServerError)
        #expect(!answer.text.contains("hunter2"))
        let id = try #require(answer.headers[.xRequestID])
        #expect(answer.text.contains(#""error_id":"\#(id)""#))
        #expect(captured.lines.contains { $0.contains("request failed") && $0.contains(id) && $0.contains("Secret") })
        #expect(!captured.lines.contains { $0.contains("t0ps3cret") })
    }

    @Test("each request has one line with route, status, bytes and time")
    func accessLog() async throws {
        let captured = CapturedLog()
        let router = RouterBuilder(log: Log(sink: captured))
        router.get("/videos/{id}", access: .public) { _, _ in .text("hello") }
        router.get("/healthz", access: .public, logged: false) { _, _ in .text("ok") }
        let client = InProcessClient(try router.build())
        _ = try await client.get("/videos/7?token=t0ps3cret")
        _ = try await client.get("/healthz")
        _ = try await client.get("/none")
        #expect(captured.lines.count == 2)
        let line = captured.lines[0]
        for part in [
            #""route":"/videos/{id}""#, #""path":"/videos/7""#, #""status":200"#, #""bytes":5"#, #""duration_us":"#,
        ] {
            #expect(line.contains(part), "\(part) in \(line)")
        }
        #expect(!line.contains("t0ps3cret"))
        #expect(captured.lines[1].contains(#""status":404"#))
    }

    @Test("pages may load nothing from elsewhere and nothing inline; data may do nothing at all")
    func securityHeaders() async throws {
        let router = RouterBuilder()
        router.get("/page", access: .public) { _, _ in .text("<p>", type: "text/html; charset=utf-8") }
        router.get("/data", access: .public) { _, _ in .text("{}", type: "application/json") }
        let client = InProcessClient(try router.build())
        let page = try await client.get("/page").headers
        let policy = try #require(page[.contentSecurityPolicy])
        #expect(policy.contains("default-src 'self'"))
        #expect(policy.contains("frame-ancestors 'none'"))
        #expect(!policy.contains("unsafe"))
        #expect(page["X-Content-Type-Options"] == "nosniff")
        #expect(page["X-Frame-Options"] == "DENY")
        let data = try await client.get("/data").headers
        #expect(data[.contentSecurityPolicy] == "default-src 'none'; frame-ancestors 'none'")
        #expect(data["X-Content-Type-Options"] == "nosniff")
    }

    @Test("an answer that shares its fields with others has the same as one that does not")
    func constantFields() async throws {
        let named: HeaderFields = [.contentType: "text/plain", "Content-Language": "en"]
        let shared = SecurityHeaders.constant(named)
        let router = RouterBuilder()
        router.get("/shared", access: .public) { _, _ in Response(sharing: shared, body: .string("a")) }
        router.get("/own", access: .public) { _, _ in Response(headers: named, body: .string("a")) }
        let client = InProcessClient(try router.build())
        func fields(_ path: String) async throws -> [String] {
            let answer = try await client.get(path)
            #expect(answer.text == "a")
            return answer.headers.filter { $0.name != "X-Request-Id" }.map { "\($0.name): \($0.value)" }.sorted()
        }
        let own = try await fields("/own")
        #expect(own.count == 6)
        #expect(try await fields("/shared") == own)
    }

    @Test("other origins are answered when they are listed")
    func cors() async throws {
        var options = RouterBuilder.Options()
        options.cors = CORSPolicy(allowedOrigins: ["https://a.example"])
        let router = RouterBuilder(options: options)
        router.openToOtherOrigins(sent: ["Box-Size"], read: ["Box-Id", "Box-Place"])
        router.post("/a", access: .public) { _, _ in .noContent }
        let client = InProcessClient(try router.build())
        let preflight: HeaderFields = [.origin: "https://a.example", .accessControlRequestMethod: "POST"]
        let allowed = try await client.send(.options, "/a", headers: preflight)
        #expect(allowed.status == .noContent)
        #expect(allowed.headers[.accessControlAllowOrigin] == "https://a.example")
        #expect(allowed.headers[.accessControlAllowMethods]?.contains("PATCH") == true)
        #expect(
            allowed.headers[.accessControlAllowHeaders]
                == "Authorization, Content-Type, Range, If-None-Match, Box-Size")
        #expect(allowed.headers[.vary] == "Origin")
        let other = try await client.send(.post, "/a", headers: [.origin: "https://b.example"])
        #expect(other.headers[.accessControlAllowOrigin] == nil)
        #expect(other.headers[.vary] == "Origin")
        let same = try await client.send(.post, "/a", headers: [.origin: "https://a.example"])
        #expect(same.headers[.accessControlAllowOrigin] == "https://a.example")
        #expect(same.headers[.accessControlExposeHeaders]?.hasSuffix(", RateLimit-Reset, Box-Id, Box-Place") == true)
    }

    @Test("a body over the route's limit is 413 before the handler runs, or when the handler reads that far")
    func bodyLimits() async throws {
        let runs = Mutex(0)
        let router = RouterBuilder()
        router.post("/a", access: .public, bodyLimit: 10) { request, _ in
            runs.withLock { $0 += 1 }
            return .text("\(try await request.body.collect().count)")
        }
        let client = InProcessClient(try router.build())
        #expect(try await client.send(.post, "/a", body: RequestBody("0123456789")).text == "10")
        let announced = try await client.send(.post, "/a", body: RequestBody("0123456789a"))
        #expect(announced.status == .contentTooLarge)
        #expect(runs.withLock { $0 } == 1)
        let chunked = RequestBody(pieces: [Array("0123456".utf8), Array("789a".utf8)], announcesLength: false)
        let late = try await client.send(.post, "/a", body: chunked)
        #expect(late.status == .contentTooLarge)
        #expect(late.text.contains(#""code":"body_too_large""#))
        #expect(runs.withLock { $0 } == 2)
    }

    @Test("a page can be shown for errors")
    func errorPage() async throws {
        var options = RouterBuilder.Options()
        options.errorPage = { problem, request in
            request.headers[.accept]?.contains("text/html") == true
                ? .text("<h1>\(problem.status.code)</h1>", type: "text/html", status: problem.status) : nil
        }
        let client = InProcessClient(try RouterBuilder(options: options).build())
        #expect(try await client.get("/x", headers: [.accept: "text/html"]).text == "<h1>404</h1>")
        #expect(try await client.get("/x").headers[.contentType] == "application/problem+json")
    }

    @Test("request ids are short and differ")
    func requestIDs() {
        let ids = (0..<1000).map { _ in RequestID().description }
        #expect(Set(ids).count == 1000)
        #expect(ids.allSatisfy { $0.utf8.count == 12 })
    }
}
