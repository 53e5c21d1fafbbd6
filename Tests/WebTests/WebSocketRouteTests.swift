import HTTP
import Telemetry
import Testing

@testable import Web

@Suite("WebSocket routes")
struct WebSocketRouteTests {
    static let handshake: HeaderFields = [
        .host: "video.example.org", .upgrade: "websocket", .connection: "Upgrade", .secWebSocketVersion: "13",
        .secWebSocketKey: "dGhlIHNhbXBsZSBub25jZQ==",
    ]

    static func application(_ options: RouterBuilder.Options = .init()) throws -> Application {
        let router = RouterBuilder(
            options: options,
            accessCheck: AccessCheck { request, _, _ in
                guard request.headers.contains(.authorization) else { throw Problem.unauthorized() }
            })
        var sockets = WebSocketOptions()
        sockets.subprotocols = ["chat"]
        router.webSocket("/open", access: .public, options: sockets) { _, _ in }
        router.group("/rooms").webSocket("/{id}", access: .signedIn) { _, context in _ = context.parameters["id"] }
        return try router.build()
    }

    static func answer(
        to target: String = "/open", _ extra: HeaderFields = [:], without name: FieldName? = nil,
        options: RouterBuilder.Options = .init()
    ) async throws -> InProcessClient.Answer {
        var headers = Self.handshake
        if let name { headers.remove(name) }
        headers.append(contentsOf: extra)
        return try await InProcessClient(application(options)).get(target, headers: headers)
    }

    @Test("a handshake is accepted, with a subprotocol that both speak")
    func accepted() async throws {
        let answer = try await Self.answer([.secWebSocketProtocol: "other, chat"])
        #expect(answer.status == .switchingProtocols)
        #expect(answer.headers[.secWebSocketAccept] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(answer.headers[.secWebSocketProtocol] == "chat")
        #expect(answer.headers[.upgrade] == "websocket")
        #expect(answer.body.isEmpty)
    }

    @Test("a route without an access rule does not start")
    func accessIsCompulsory() {
        let router = RouterBuilder()
        router.webSocket("/open") { _, _ in }
        #expect(throws: RouterError.self) { try router.build() }
    }

    @Test("the access rule is checked before anything else of the request")
    func access() async throws {
        #expect(try await Self.answer(to: "/rooms/7").status == .unauthorized)
        #expect(try await Self.answer(to: "/rooms/7", without: .upgrade).status == .unauthorized)
        #expect(try await Self.answer(to: "/rooms/7", [.authorization: "Bearer a"]).status == .switchingProtocols)
    }

    @Test("what asks for no WebSocket of version 13 is told what to ask for")
    func upgradeRequired() async throws {
        for name in [FieldName.upgrade, .connection, .secWebSocketVersion] {
            let answer = try await Self.answer(without: name)
            #expect(answer.status == .upgradeRequired)
            #expect(answer.headers[.upgrade] == "websocket" && answer.headers[.secWebSocketVersion] == "13")
            #expect(answer.text.contains(#""code":"upgrade_required""#))
        }
        let broken = try await Self.answer(without: .secWebSocketKey)
        #expect(broken.status == .badRequest)
        #expect(broken.text.contains(#""code":"bad_handshake""#))
    }

    @Test(
        "pages of this server may connect, and programs that are no browsers",
        arguments: [
            "http://video.example.org", "https://video.example.org", "HTTPS://Video.Example.Org",
            "https://video.example.org:443", "http://video.example.org:80",
        ])
    func ownOrigin(origin: String) async throws {
        #expect(try await Self.answer([.origin: origin]).status == .switchingProtocols)
        #expect(try await Self.answer().status == .switchingProtocols)
    }

    @Test(
        "pages of others may not",
        arguments: [
            "https://evil.example.org", "https://video.example.org.evil.org", "https://video.example.org:8443", "null",
            "", "video.example.org", "ftp://video.example.org", "https://video.example.org/x",
            "https://evil.example.org, https://video.example.org", "https://evil@video.example.org",
        ])
    func foreignOrigin(origin: String) async throws {
        let answer = try await Self.answer([.origin: origin])
        #expect(answer.status == .forbidden)
        #expect(answer.text.contains(#""code":"origin_not_allowed""#))
    }

    @Test("pages of an allowed origin may, and where only https is spoken pages of http may not")
    func otherOrigins() async throws {
        var options = RouterBuilder.Options()
        options.cors = CORSPolicy(allowedOrigins: ["https://partner.example.org"])
        let partner: HeaderFields = [.origin: "https://partner.example.org"]
        #expect(try await Self.answer(partner, options: options).status == .switchingProtocols)
        #expect(try await Self.answer([.origin: "http://partner.example.org"], options: options).status == .forbidden)
        options.isSecureOnly = true
        #expect(try await Self.answer([.origin: "http://video.example.org"], options: options).status == .forbidden)
        let own: HeaderFields = [.origin: "https://video.example.org"]
        #expect(try await Self.answer(own, options: options).status == .switchingProtocols)
    }
}
