import HTTP
import Reactor
import Telemetry
import Testing

@testable import Web

@Suite("Where a request comes from")
struct RequestOriginTests {
    static func client(_ log: CapturedLog, secureOnly: Bool = false) throws -> InProcessClient {
        var options = RouterBuilder.Options()
        options.trustedProxies = TrustedProxies(["127.0.0.1"].compactMap(IPNetwork.init))
        options.isSecureOnly = secureOnly
        let router = RouterBuilder(log: Log(sink: log), options: options)
        router.get("/who", access: .public) { request, context in
            .text("\(request.remoteAddress.host) \(context.remoteAddress.host) \(request.isSecure)")
        }
        return InProcessClient(try router.build())
    }

    @Test("Handler, context and access log see the client that a trusted proxy names")
    func trusted() async throws {
        let log = CapturedLog()
        let fields: HeaderFields = ["X-Forwarded-For": "198.51.100.9, 203.0.113.1", "X-Forwarded-Proto": "https"]
        let answer = try await Self.client(log).get("/who", headers: fields)
        #expect(answer.text == "203.0.113.1 203.0.113.1 true")
        #expect(log.lines.count == 1)
        #expect(log.lines.first?.contains(#""address":"203.0.113.1""#) == true)
    }

    @Test("Others' fields are ignored, and the log says so once")
    func untrusted() async throws {
        let log = CapturedLog()
        let client = try Self.client(log)
        client.remoteAddress = SocketAddress(host: "203.0.113.5", port: 1)
        for _ in 0..<3 {
            let answer = try await client.get("/who", headers: ["Forwarded": "for=198.51.100.9;proto=https"])
            #expect(answer.text == "203.0.113.5 203.0.113.5 false")
        }
        let warnings = log.lines.filter { $0.contains("PALCO_TRUSTED_PROXIES") }
        #expect(warnings.count == 1)
        #expect(warnings.first?.contains("203.0.113.5") == true)
    }

    @Test("Where people come by https only, no proxy has to say so")
    func secureOnly() async throws {
        #expect(try await Self.client(CapturedLog(), secureOnly: true).get("/who").text == "127.0.0.1 127.0.0.1 true")
        #expect(try await Self.client(CapturedLog()).get("/who").text == "127.0.0.1 127.0.0.1 false")
    }
}

@Suite("What caches may keep")
struct CacheRuleTests {
    static func client() throws -> InProcessClient {
        let router = RouterBuilder(accessCheck: AccessCheck { _, _, _ in })
        for (name, access) in [("public", AccessRule.public), ("own", .signedIn), ("rule", .rule("x"))] {
            router.get("/\(name)/silent", access: access) { _, _ in .text("x") }
            router.get("/\(name)/kept", access: access) { _, _ in
                var response = Response.text("x")
                response.headers[.cacheControl] = "max-age=60"
                return response
            }
            router.get("/\(name)/refused", access: access) { _, _ in throw Problem.forbidden() }
            router.get("/\(name)/kept-error", access: access) { _, _ in
                Response(status: .notFound, headers: [.cacheControl: "max-age=60"])
            }
            router.get("/\(name)/broken", access: access) { _, _ in throw CancellationError() }
        }
        return InProcessClient(try router.build())
    }

    @Test(
        "Nothing is kept unless the route says so, and never the error of a route that knows who asks",
        arguments: [
            ("/public/silent", "private, no-store"), ("/public/kept", "max-age=60"),
            ("/public/refused", "private, no-store"), ("/public/kept-error", "max-age=60"),
            ("/public/broken", "private, no-store"), ("/own/silent", "private, no-store"), ("/own/kept", "max-age=60"),
            ("/own/refused", "private, no-store"), ("/own/kept-error", "private, no-store"),
            ("/own/broken", "private, no-store"), ("/rule/silent", "private, no-store"), ("/rule/kept", "max-age=60"),
            ("/rule/refused", "private, no-store"), ("/rule/kept-error", "private, no-store"),
            ("/nowhere", "private, no-store"),
        ])
    func rules(path: String, rule: String) async throws {
        #expect(try await Self.client().get(path).headers.values(of: .cacheControl) == [rule])
    }
}
