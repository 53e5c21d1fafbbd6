import Reactor
import Testing

@testable import HTTP
@testable import HTTPClient

@Suite("Redirects")
struct RedirectTests {
    private func hop(_ method: Request.Method, _ url: String = "https://a.example/x") throws -> Hop {
        var request = ClientRequest(
            method: method, url: url,
            headers: [.authorization: "Bearer 1", .cookie: "a=b", .accept: "*/*", .contentType: "text/plain"])
        if method == .post || method == .put { request.body = .bytes([1]) }
        return try Hop(request)
    }

    private func head(_ status: Int, _ location: String?) -> ResponseHeadReader.Head {
        var head = ResponseHeadReader.Head(status: .init(code: status), headers: [:])
        if let location { head.headers.append(.location, location) }
        return head
    }

    @Test(
        "What becomes of the method and the body (RFC 9110 15.4)",
        arguments: [
            (301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (307, "POST", "POST"),
            (308, "POST", "POST"), (301, "PUT", "PUT"), (302, "PUT", "PUT"), (303, "PUT", "GET"), (307, "PUT", "PUT"),
            (301, "HEAD", "HEAD"), (303, "HEAD", "HEAD"), (301, "GET", "GET"), (303, "DELETE", "GET"),
            (302, "DELETE", "DELETE"),
        ])
    func methods(status: Int, method: String, next: String) throws {
        let following = try #require(try hop(.init(rawValue: method)).following(head(status, "/y")))
        #expect(following.method.rawValue == next)
        #expect(following.url.text == "https://a.example/y")
        #expect(following.headers.contains(.contentType) == (method == next))
        let keepsBody = if case .bytes = following.body { true } else { false }
        #expect(keepsBody == ((method == "POST" || method == "PUT") && method == next))
        #expect(following.headers[.authorization] == "Bearer 1")
    }

    @Test(
        "Credentials stay with the origin they were meant for",
        arguments: [
            ("/y", true), ("//a.example/y", true), ("https://a.example:443/y", true), ("https://A.EXAMPLE/y", true),
            ("?q", true), ("https://a.example:8443/y", false), ("https://b.example/y", false),
            ("https://x.a.example/y", false), ("https://a.example./y", false),
        ])
    func credentials(location: String, isSame: Bool) throws {
        let following = try #require(try hop(.get).following(head(302, location)))
        #expect(following.headers.contains(.authorization) == isSame)
        #expect(following.headers.contains(.cookie) == isSame)
        #expect(following.headers[.accept] == "*/*")
    }

    @Test("What is no redirect is an answer", arguments: [200, 201, 300, 304, 305, 400, 404])
    func answers(status: Int) throws {
        #expect(try hop(.get).following(head(status, "/y")) == nil)
        #expect(try hop(.get).following(head(302, nil)) == nil)
    }

    @Test(
        "Where no redirect may lead",
        arguments: [
            ("http://a.example/y", HTTPClientError.Code.forbiddenRedirect), ("ftp://a.example/y", .invalidURL),
            ("file:///etc/passwd", .invalidURL), ("https://user:word@a.example/", .invalidURL),
            ("https://", .invalidURL), ("javascript:alert(1)", .invalidURL),
        ])
    func forbidden(location: String, code: HTTPClientError.Code) throws {
        do {
            let following = try hop(.get).following(head(302, location))
            Issue.record("led to \(following?.url.text ?? "nowhere")")
        } catch { #expect((error as? HTTPClientError)?.code == code) }
    }

    @Test("Redirects are followed to the end, so many and no more")
    func followed() async throws {
        try await ClientHouse.run { (house) async throws in
            let base = try house.serve { request in
                guard let left = Int(request.path.dropFirst()), left > 0 else { return .text("there") }
                return .redirect(to: "\(left - 1)", status: .found)
            }
            var request = ClientRequest(url: base + "/5")
            let (text, url) = try await house.client.withResponse(to: request) { response in
                (String(decoding: try await response.body.collect(), as: UTF8.self), response.url)
            }
            #expect(text == "there" && url == base + "/0")
            request.url = base + "/6"
            #expect(try await house.failure(of: request) == .tooManyRedirects)
            request.maxRedirects = 0
            #expect(try await house.fetch(request).status == 302)
        }
    }

    @Test("A body in memory is sent again, a streamed one cannot be")
    func bodies() async throws {
        try await ClientHouse.run { (house) async throws in
            let base = try house.serve { request in
                let body = try? await request.body.collect()
                if request.path == "/a" { return .redirect(to: "/b", status: .temporaryRedirect) }
                return .text("\(request.method) \(String(decoding: body ?? [], as: UTF8.self))")
            }
            var request = ClientRequest(method: .post, url: base + "/a", body: .bytes(Array("again".utf8)))
            #expect(try await house.fetch(request).text == "POST again")
            request.body = .stream(byteCount: nil, Pieces(["once"]).next)
            #expect(try await house.failure(of: request) == .forbiddenRedirect)
        }
    }

    @Test("A redirect into the house is not followed: by number, by name, and by what DNS says")
    func guarded() async throws {
        let inside = Counter()
        try await ClientHouse.run { (house) async throws in
            // The same server under an address that is not allowed.
            let listener = try Listener.bind(host: "0.0.0.0", port: 0)
            let port = listener.port
            HTTPServer(listener: listener, connections: house.connections) { request in
                if request.headers[.host]?.hasPrefix("127.0.0.1:") != true { inside.add() }
                return .redirect(to: String(request.query["to"] ?? ""), status: .found)
            }.start()
            let names = [
                "inside.example:\(port):127.0.0.2", "mapped.example:\(port):[::ffff:127.0.0.2]",
                "both.example:\(port):127.0.0.2,127.0.0.1",
            ]
            try await ClientHouse.run(resolving: names) { (house) async throws in
                let targets = [
                    "127.0.0.2", "127.2", "0x7f000002", "[::ffff:127.0.0.2]", "[::1]", "0.0.0.0", "169.254.169.254",
                    "[64:ff9b::7f00:2]", "[2002:7f00:2::1]", "inside.example", "mapped.example",
                ]
                for target in targets {
                    let there = "http://\(target):\(port)/"
                    #expect(try await house.failure(of: ClientRequest(url: there)) == .forbiddenAddress, "\(target)")
                    let redirect = ClientRequest(url: "http://127.0.0.1:\(port)/?to=\(there)")
                    #expect(try await house.failure(of: redirect) == .forbiddenAddress, "\(target)")
                }
                // Of several addresses the permitted one is taken.
                var both = ClientRequest(url: "http://both.example:\(port)/?to=x")
                both.maxRedirects = 0
                #expect(try await house.fetch(both).status == 302)
            }
        }
        #expect(inside.value == 1)
    }

    @Test("The system's own names are guarded, too")
    func localhost() async throws {
        try await ClientHouse.run(allowing: []) { (house) async throws in
            let base = try house.serve { _ in .text("inside") }
            for url in [base, base.replacing("127.0.0.1", with: "localhost")] {
                #expect(try await house.failure(of: ClientRequest(url: url)) == .forbiddenAddress)
            }
        }
    }
}
