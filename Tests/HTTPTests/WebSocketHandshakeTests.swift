import Testing

@testable import HTTP

@Suite("WebSocket handshake")
struct WebSocketHandshakeTests {
    static let fields: [(FieldName, String)] = [
        (.host, "example.org"), (.upgrade, "websocket"), (.connection, "Upgrade"), (.secWebSocketVersion, "13"),
        (.secWebSocketKey, "dGhlIHNhbXBsZSBub25jZQ=="),
    ]

    static func request(_ changes: (FieldName, String?)..., method: Request.Method = .get, body: String = "") -> Request
    {
        var request = Request(method: method, target: "/", headers: HeaderFields(fields))
        for (name, value) in changes { request.headers[name] = value }
        if !body.isEmpty { request.body = RequestBody(body) }
        return request
    }

    @Test("the example of RFC 6455 1.3 is answered as it says")
    func example() throws {
        let fields = try WebSocketHandshake(Self.request()).responseFields
        #expect(fields[.secWebSocketAccept] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(fields[.upgrade] == "websocket")
        #expect(!fields.contains(.secWebSocketProtocol) && !fields.contains(.secWebSocketExtensions))
    }

    @Test("names of fields and tokens come in any case and among others")
    func tolerance() throws {
        let request = Self.request((.upgrade, "h2c, WebSocket"), (.connection, "keep-alive,\tUPGRADE"))
        #expect(try WebSocketHandshake(request).responseFields.contains(.secWebSocketAccept))
    }

    struct Refused: Sendable {
        var name: FieldName
        var value: String?
        var refusal: WebSocketHandshake.Refusal

        init(_ name: FieldName, _ value: String?, _ refusal: WebSocketHandshake.Refusal) {
            self.name = name
            self.value = value
            self.refusal = refusal
        }
    }

    @Test(
        "what is no handshake is refused",
        arguments: [
            Refused(.upgrade, nil, .notAsked), Refused(.upgrade, "h2c", .notAsked),
            Refused(.connection, nil, .notAsked), Refused(.connection, "keep-alive", .notAsked),
            Refused(.secWebSocketVersion, nil, .unsupportedVersion),
            Refused(.secWebSocketVersion, "8", .unsupportedVersion),
            Refused(.secWebSocketVersion, "13, 8", .unsupportedVersion),
            Refused(.secWebSocketKey, nil, .malformed), Refused(.secWebSocketKey, "", .malformed),
            Refused(.secWebSocketKey, "dGhlIHNhbXBsZSBub25jZQ", .malformed),
            Refused(.secWebSocketKey, "dGhlIHNhbXBsZSBub25j", .malformed),
            Refused(.secWebSocketProtocol, "a b", .malformed), Refused(.secWebSocketProtocol, "a,,b", .malformed),
            Refused(.secWebSocketProtocol, "a, a", .malformed),
            Refused(.secWebSocketExtensions, "permessage-deflate; =1", .malformed),
            Refused(.secWebSocketExtensions, "a b", .malformed),
            Refused(.secWebSocketExtensions, "x; y=\"a b\"", .malformed),
        ])
    func refused(_ row: Refused) {
        #expect(throws: row.refusal) { try WebSocketHandshake(Self.request((row.name, row.value))) }
    }

    @Test("a handshake is a GET without a body")
    func method() {
        #expect(throws: WebSocketHandshake.Refusal.malformed) { try WebSocketHandshake(Self.request(method: .post)) }
        #expect(throws: WebSocketHandshake.Refusal.malformed) { try WebSocketHandshake(Self.request(body: "a")) }
    }

    @Test(
        "the client's order decides which subprotocol is spoken",
        arguments: [
            ("chat, superchat", "chat"), ("superchat, chat", "superchat"), ("other,chat", "chat"), ("other", nil),
            ("Chat", nil),
        ] as [(String, String?)])
    func subprotocols(wishes: String, chosen: String?) throws {
        let request = Self.request((.secWebSocketProtocol, wishes))
        let handshake = try WebSocketHandshake(request, subprotocols: ["chat", "superchat"])
        #expect(handshake.subprotocol == chosen)
        #expect(handshake.responseFields[.secWebSocketProtocol] == chosen)
    }

    static let deflate = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

    @Test(
        "13: offers of permessage-deflate, and what is agreed on",
        arguments: [
            ("permessage-deflate", deflate), ("Permessage-Deflate", deflate),
            ("permessage-deflate; client_no_context_takeover", deflate),
            ("permessage-deflate; server_no_context_takeover ; client_max_window_bits", deflate),
            ("permessage-deflate; client_max_window_bits=8", deflate),
            ("permessage-deflate; server_max_window_bits=9", deflate + "; server_max_window_bits=9"),
            ("permessage-deflate; server_max_window_bits=\"15\"", deflate + "; server_max_window_bits=15"),
            // A window that zlib has not: the next offer is taken.
            ("permessage-deflate; server_max_window_bits=8, permessage-deflate", deflate),
            ("permessage-deflate; server_max_window_bits=8", nil), ("x-webkit-deflate-frame", nil), ("", nil),
            ("permessage-deflate; unknown", nil), ("permessage-deflate; unknown, permessage-deflate", deflate),
            ("permessage-deflate; server_no_context_takeover=1", nil),
            ("permessage-deflate; client_no_context_takeover; client_no_context_takeover", nil),
            ("permessage-deflate; server_max_window_bits", nil), ("permessage-deflate; server_max_window_bits=16", nil),
            ("permessage-deflate; server_max_window_bits=010", nil),
            ("permessage-deflate; server_max_window_bits=+9", nil),
            ("permessage-deflate; client_max_window_bits=7", nil),
            ("permessage-deflate; client_max_window_bits=x", nil),
        ] as [(String, String?)])
    func extensions(offer: String, answer: String?) throws {
        let request = Self.request((.secWebSocketExtensions, offer))
        #expect(try WebSocketHandshake(request).responseFields[.secWebSocketExtensions] == answer)
        #expect(!(try WebSocketHandshake(request, compresses: false).responseFields.contains(.secWebSocketExtensions)))
    }
}
